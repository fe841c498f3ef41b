"""An OBS that starts without the script shows no room where the filter's lock is on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.obs.secret_room import SETTINGS, SIZE, SecretRoom
from tests.obs.stage import CAMERA, FILTER, SCENE, Stage, frames_of, wait_for
from vb_link.settings import FILTER_ID, LOCK

StartObs = Callable[..., Any]


def _filters(stage: Stage) -> list[str]:
    found = stage.obs.request("GetSourceFilterList", {"sourceName": CAMERA})["filters"]
    return [filter_["filterName"] for filter_ in found]


def _recorded_without_the_script(
    start_obs: StartObs, data_folder: Path
) -> tuple[SecretRoom, list[Any]]:
    """Start OBS on the same scenes without the script, recording from its first frame on."""
    with start_obs(width=SIZE[0], height=SIZE[1], arguments=("--startrecording",)) as stage:
        room = SecretRoom(stage, data_folder)
        stage.wait_frames(40)
        path = Path(stage.obs.request("StopRecord")["outputPath"])
        wait_for(
            lambda: not stage.obs.request("GetRecordStatus")["outputActive"], 20, "the recording"
        )
        return room, frames_of(path)


def _without_scripts(folder: Path) -> None:
    """Take the script out of the saved scene collection, as a user's removal does."""
    for path in (folder / "config" / "obs-studio" / "basic" / "scenes").glob("*.json"):
        saved = json.loads(path.read_text())
        saved["modules"]["scripts-tool"] = []
        path.write_text(json.dumps(saved))


def test_the_room_is_seen_without_the_script_but_not_with_the_lock(
    start_obs: StartObs, tmp_path: Path, data_folder: Path
) -> None:
    options: dict[str, Any] = {"width": SIZE[0], "height": SIZE[1]}
    scenes = tmp_path / "obs"
    for lock in (False, True):
        with start_obs(**options) as stage:
            room = SecretRoom(stage, data_folder)
            if lock:
                stage.set_filter(lock=True)
                wait_for(lambda: LOCK in _filters(stage), 10, "the lock")
            else:
                room.set_up()
            wait_for(room.masked, 20, "the mask")
        saved = {path: path.read_text() for path in scenes.rglob("scenes/*.json")}
        _without_scripts(scenes)
        room, frames = _recorded_without_the_script(start_obs, data_folder)
        seen = [room.room_in(frame) for frame in frames]
        assert len(seen) > 30
        if lock:
            assert max(seen) == 0, "the room is seen in an OBS without the script"
            assert all(np.asarray(frame).max() < 30 for frame in frames), "something is seen"
        else:
            assert min(seen[5:]) > 50_000, "there is nothing to be safe from"
        for path, text in saved.items():
            path.write_text(text)
    with start_obs(**options) as stage:
        room = SecretRoom(stage, data_folder)
        wait_for(room.masked, 20, "the mask where the script is back")


def test_the_lock_follows_the_filter_and_goes_with_it(
    start_obs: StartObs, data_folder: Path
) -> None:
    with start_obs(width=SIZE[0], height=SIZE[1]) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        stage.obs.add_filter(CAMERA, "Sharp", "sharpness_filter_v2", {})
        with room.watched():
            stage.set_filter(lock=True)
            wait_for(lambda: LOCK in _filters(stage), 10, "the lock")
            wait_for(room.masked, 10, "the mask past the lock")
        order = _filters(stage)
        # If it is moved, it is put back.
        with room.watched():
            stage.obs.request(
                "SetSourceFilterIndex",
                {"sourceName": CAMERA, "filterName": LOCK, "filterIndex": 2 - order.index(LOCK)},
            )
            wait_for(lambda: _filters(stage) == order, 10, "the lock in its place")
            wait_for(room.masked, 10, "the mask")
        with room.watched():
            stage.set_filter(lock=False)
            wait_for(lambda: LOCK not in _filters(stage), 10, "the lock gone")
            stage.set_filter(lock=True)
            wait_for(lambda: LOCK in _filters(stage), 10, "the lock")
        # A second filter below; then none at all: the lock lets the camera go.
        stage.obs.add_filter(CAMERA, "Again", FILTER_ID, {**SETTINGS, "lock": True})
        stage.wait_for_mask(2)
        stage.obs.request("RemoveSourceFilter", {"sourceName": CAMERA, "filterName": "Again"})
        stage.obs.request("RemoveSourceFilter", {"sourceName": CAMERA, "filterName": FILTER})
        wait_for(lambda: LOCK not in _filters(stage), 10, "the lock gone with the last filter")
        assert room.room_in(stage.shot(SCENE, SIZE)[..., :3]) > 50_000
