"""The room stays hidden while OBS starts, switches its collection, closes."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.obs.conftest import running_obs, worker_pids
from tests.obs.secret_room import SIZE, SecretRoom
from tests.obs.stage import (
    Stage,
    frames_of,
    wait_for,
)
from vb_demo.obs_session import COLLECTION

OTHER = "Other"


def test_from_the_start_of_obs_with_the_filter_saved(tmp_path: Path, data_folder: Path) -> None:
    options: dict[str, Any] = {"width": SIZE[0], "height": SIZE[1]}
    with running_obs(tmp_path, **options) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        stage.wait_for_mask()
    with running_obs(tmp_path, arguments=("--startrecording",), **options) as stage:
        room = SecretRoom(stage, data_folder)
        wait_for(room.masked, 20, "the mask")
        stage.wait_frames(30)
        path = Path(stage.obs.request("StopRecord")["outputPath"])
        wait_for(
            lambda: not stage.obs.request("GetRecordStatus")["outputActive"], 20, "the recording"
        )
        room.check(frames_of(path))


def test_when_the_scene_collection_is_switched(tmp_path: Path, data_folder: Path) -> None:
    # OBS 29 without any script leaks one block more with each switch.
    with running_obs(
        tmp_path, width=SIZE[0], height=SIZE[1], collections=(COLLECTION, OTHER), baseline_leaks=3
    ) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        stage.wait_for_mask()
        with room.watched():
            for name in (OTHER, COLLECTION):
                stage.obs.request("SetCurrentSceneCollection", {"sceneCollectionName": name})
                wait_for(partial(_collection_is, stage, name), 10, "the collection")
                time.sleep(0.3)
            stage.wait_for_mask()


def _collection_is(stage: Stage, name: str) -> bool:
    found = stage.obs.request("GetSceneCollectionList")["currentSceneCollectionName"]
    return bool(found == name)


@pytest.mark.parametrize("moment", ["at once", "when the worker starts", "when it is ready"])
def test_when_obs_is_closed_while_it_loads(
    tmp_path: Path, data_folder: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(Path("/dev/shm").iterdir())
    with running_obs(tmp_path, width=SIZE[0], height=SIZE[1]) as stage:
        SecretRoom(stage, data_folder).set_up()
        stage.wait_for_mask()
    session = stage.obs
    monkeypatch.setattr(session, "_connect", lambda: None)
    session.start()
    pid = session.pid
    try:
        if moment == "at once":
            time.sleep(0.5)
        else:
            wait_for(lambda: worker_pids(pid), 30, "a worker")
        if moment == "when it is ready":
            wait_for(lambda: session.segment().worker_ready, 30, "its answer")
        os.kill(pid, signal.SIGINT)
        # OBS 29 closes inside the signal handler, in the middle of whatever it was loading, and
        # may deadlock there, without any script as well: then it is killed.
        deadline = time.monotonic() + 8
        while session.running and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        session.kill()
    wait_for(lambda: not worker_pids(pid), 5, "the end of the worker")
    assert set(Path("/dev/shm").iterdir()) <= before
