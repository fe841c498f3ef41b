"""Whatever goes wrong, no viewer sees the room: one OBS, one situation after the other.

How the room is recognised, and what is ignored, is described in ``secret_room.py``. Every frame
that OBS records during a situation is checked.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.obs.conftest import running_obs, worker_pids
from tests.obs.secret_room import ENDED, SETTINGS, SIZE, SecretRoom, in_the_room
from tests.obs.stage import (
    BACKDROP_BGR,
    CAMERA,
    FILTER,
    SCENE,
    frames_of,
    wait_for,
    write_collection,
)
from vb_demo.obs_session import SCRIPT
from vb_link import layout, slots
from vb_link.settings import SCENE_FILTER_ID

TRANSITIONS = {
    "Swipe": "swipe_transition",
    "Slide": "slide_transition",
    "Wipe": "wipe_transition",
    "Through colour": "fade_to_color_transition",
}
EDGE = 40  # pixels; a room that is seen has thousands
OWN, OTHER = "Own background", "Other"
MODEL = "selfie_landscape"
SCRIPTS = Path(__file__).resolve().parent / "scripts"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretRoom]:
    folder, data = tmp_path_factory.mktemp("room"), tmp_path_factory.mktemp("data")
    (data / "venv").symlink_to(sys.prefix)
    environment = {"RELOAD_FOLDER": str(folder), "OBS_VIRTUAL_BACKGROUND_DATA": str(data)}
    scripts: tuple[tuple[Path, dict[str, Any]], ...] = ((SCRIPT, {}), (SCRIPTS / "reload.py", {}))
    _write_transitions(folder, scripts)
    with running_obs(
        folder, width=SIZE[0], height=SIZE[1], scripts=scripts, environment=environment
    ) as stage:
        room = SecretRoom(stage, data)
        room.set_up()
        stage.obs.request("CreateScene", {"sceneName": OTHER})
        stage.obs.request("CreateSceneItem", {"sceneName": OTHER, "sourceName": CAMERA})
        stage.obs.add_filter(
            OTHER, OWN, SCENE_FILTER_ID, {"background": "color", "background_color": 0xFF2020E0}
        )
        yield room


def _write_transitions(folder: Path, scripts: tuple[tuple[Path, dict[str, Any]], ...]) -> None:
    """Write a scene collection with more transitions than OBS has by itself."""
    scene = {"id": "scene", "name": SCENE, "settings": {"items": [], "id_counter": 0}}
    write_collection(folder, [scene], [])
    (path,) = folder.rglob("scenes/*.json")
    collection = json.loads(path.read_text())
    collection["transitions"] = [
        {"id": kind, "name": name, "settings": {}} for name, kind in TRANSITIONS.items()
    ]
    collection["modules"]["scripts-tool"] = [
        {"path": str(script), "settings": {}} for script, _ in scripts
    ]
    path.write_text(json.dumps(collection))


@pytest.fixture
def room(built: SecretRoom) -> SecretRoom:
    """The room as it was set up, with a mask."""
    built.show(in_the_room())
    built.stage.set_filter(**SETTINGS, model=MODEL, compute="auto", quality="balanced")
    built.stage.wait_for_mask(seconds=40)
    wait_for(built.masked, 40, "the person over the background")
    return built


# The oracle itself can fail


def _is_bare(room: SecretRoom) -> bool:
    """Return whether the program shows the room."""
    return room.room_in(room.stage.shot(SCENE, SIZE)[..., :3]) > 0


def test_the_oracle_sees_the_room_even_in_a_fade(room: SecretRoom) -> None:
    bare = in_the_room()
    mixed = (0.25 * bare + 0.75 * np.array(BACKDROP_BGR)).astype(np.uint8)
    assert room.room_in(bare) > 50_000
    assert room.room_in(mixed) > 50_000
    assert room.room_in(np.full_like(bare, BACKDROP_BGR)) == 0


def test_the_oracle_sees_the_room_when_the_filter_is_off(room: SecretRoom) -> None:
    eye = {"sourceName": CAMERA, "filterName": FILTER}
    with room.stage.obs.recording() as files:
        time.sleep(0.3)
        room.stage.obs.request("SetSourceFilterEnabled", {**eye, "filterEnabled": False})
        wait_for(lambda: _is_bare(room), 20, "the room")
        time.sleep(0.4)
        room.stage.obs.request("SetSourceFilterEnabled", {**eye, "filterEnabled": True})
        time.sleep(0.3)
    with pytest.raises(AssertionError, match="the room is seen"):
        room.check(frames_of(files[0]))


def test_the_oracle_sees_the_room_when_the_user_wants_no_cover(room: SecretRoom) -> None:
    room.stage.set_filter(cover="camera")
    with room.stopped(), room.stage.obs.recording() as files:
        room.kill()
        wait_for(lambda: _is_bare(room), 20, "the room")
        time.sleep(0.4)
    with pytest.raises(AssertionError, match="the room is seen"):
        room.check(frames_of(files[0]))


# What the user does


def test_settings_dragged_and_models_units_and_presets_switched(
    room: SecretRoom, tmp_path: Path
) -> None:
    room.stage.expected += ["is not installed", "preset", "There is no"]
    preset = tmp_path / "one.json"
    room.stage.obs.ask("save_preset", CAMERA, FILTER, str(preset))
    wait_for(preset.exists, 10, "the preset")
    chance = random.Random(7)
    sliders = ("softness", "shadow", "light_wrap", "match", "decontaminate", "threshold")
    choices = (
        ("model", ("selfie_square", MODEL, "gone")),
        ("compute", ("cpu", "auto", "nowhere")),
        # Blur shows the room's colours, as its user wants it to.
        ("background", ("transparent", "color", "image", "source")),
        ("cover", ("hidden", "color", "image")),
        ("person", ("all", "largest", "follow")),
        ("timing", ("latest", "locked")),
        ("quality", ("fast", "balanced", "best")),
        ("output", ("cutout", "alpha")),
    )
    with room.watched():
        for step in range(64):
            key, values = choices[step % len(choices)]
            dragged: dict[str, Any] = {slider: 0.2 + 0.8 * chance.random() for slider in sliders}
            moved: dict[str, Any] = {edge: chance.uniform(-10, 0) for edge in ("grow", "feather")}
            room.stage.set_filter(**dragged, **moved, **{key: chance.choice(values)})
            if step % 16 == 8:
                room.stage.obs.ask("load_preset", CAMERA, FILTER, str(preset))
            time.sleep(0.05)
    room.stage.obs.ask("load_preset", CAMERA, FILTER, str(preset))
    time.sleep(0.3)


@pytest.mark.parametrize("transition", ["Cut", "Fade", *TRANSITIONS])
def test_scenes_with_backgrounds_of_their_own(room: SecretRoom, transition: str) -> None:
    request = room.stage.obs.request
    request("SetCurrentSceneTransition", {"transitionName": transition})
    if transition != "Cut":
        request("SetCurrentSceneTransitionDuration", {"transitionDuration": 300})
    # Where the picture moves, the person leaves the place whose edge is ignored.
    with room.watched(most=EDGE if transition in ("Swipe", "Slide") else 0):
        for scene in (OTHER, SCENE, OTHER, SCENE):
            request("SetCurrentProgramScene", {"sceneName": scene})
            time.sleep(0.45)
        room.stage.obs.set_filter(OTHER, OWN, {"background": "default"})
        request("SetCurrentProgramScene", {"sceneName": OTHER})
        time.sleep(0.4)
        for enabled in (False, True):
            request(
                "SetSourceFilterEnabled",
                {"sourceName": OTHER, "filterName": OWN, "filterEnabled": enabled},
            )
            time.sleep(0.1)
        room.stage.obs.set_filter(OTHER, OWN, {"background": "color"})
        request("SetCurrentProgramScene", {"sceneName": SCENE})
        time.sleep(0.4)


def test_in_studio_mode(room: SecretRoom) -> None:
    request = room.stage.obs.request
    with room.watched():
        request("SetStudioModeEnabled", {"studioModeEnabled": True})
        for scene in (OTHER, SCENE):
            request("SetCurrentPreviewScene", {"sceneName": scene})
            time.sleep(0.2)
            assert room.room_in(room.stage.shot(scene, SIZE)[..., :3]) == 0
            request("TriggerStudioModeTransition")
            time.sleep(0.4)
        request("SetStudioModeEnabled", {"studioModeEnabled": False})
        time.sleep(0.2)
    request("SetCurrentProgramScene", {"sceneName": SCENE})


def test_the_script_reloaded_removed_and_added_again(room: SecretRoom) -> None:
    with room.watched():
        room.script()
        wait_for(room.masked, 20, "the mask after Reload")
        room.script("unload")
        wait_for(room.covered, 3, "the cover without the script")
        room.stage.set_filter(softness=0.3)
        room.move(1.0)
        time.sleep(0.3)
        assert room.covered()
        room.script("load")
        wait_for(room.masked, 20, "the mask with the script again")


# What the camera does


@pytest.mark.parametrize("size", [(320, 240), (1281, 723), (16, 9)])
def test_a_camera_that_changes_its_size(room: SecretRoom, size: tuple[int, int]) -> None:
    with room.watched(least=20):
        room.show(in_the_room(size=size))
        time.sleep(1.0)


def test_a_camera_that_changes_its_format(room: SecretRoom, tmp_path: Path) -> None:
    picture = in_the_room()
    see_through = np.dstack([picture, np.full(SIZE[::-1], 200, np.uint8)])
    jpeg = tmp_path / "camera.jpg"
    cv2.imwrite(str(jpeg), picture)
    with room.watched():
        room.show(np.asarray(see_through, np.uint8))
        time.sleep(0.4)
        room.show(file=str(jpeg))
        time.sleep(0.4)
        room.show(file=str(tmp_path / "gone.png"))  # nothing at all: 0x0
        time.sleep(0.4)
        room.show(picture)
        wait_for(room.masked, 10, "the mask")


# What the worker does


def test_a_worker_that_is_killed_again_and_again(room: SecretRoom) -> None:
    with room.watched():
        for _ in range(3):
            room.kill()
            wait_for(room.covered, 2, "the cover")
        wait_for(room.masked, 20, "the mask")


def test_a_worker_that_stops_answering_while_the_camera_moves(room: SecretRoom) -> None:
    with room.watched():
        with room.stopped():
            room.move(2.0)
            wait_for(room.covered, 3, "the cover")
            # The person is elsewhere now, and what the worker was processing is out of date.
            for t in (4.0, 4.2, 4.4):
                room.move(t)
                time.sleep(0.3)
        wait_for(room.masked, 10, "the mask")


def test_a_worker_that_comes_back_with_an_old_alpha(room: SecretRoom) -> None:
    """An alpha of the last picture but one arrives, and the worker hangs again."""
    with room.stopped() as pid, room.watched():
        for t in (1.0, 2.0, 3.0):
            room.move(t)
            time.sleep(0.2)
        wait_for(room.covered, 3, "the cover")
        channel = room.stage.channels()[0]
        newest = channel.frames[channel.frame_newest].frame_id
        for age in (40, 20, 1):
            _forge(channel, frame_id=max(newest - age, 1))
            time.sleep(0.15)
            if age > 1:
                assert room.covered(), f"an alpha {age} pictures old was drawn"
        os.kill(pid, signal.SIGKILL)
        room.stage.expected.append(ENDED)


def test_a_worker_that_ends_as_soon_as_it_starts(room: SecretRoom, tmp_path: Path) -> None:
    room.stage.expected += ["cannot start today", ENDED]
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho cannot start today >&2\nexit 1\n")
    python.chmod(0o755)
    with room.worker_python(tmp_path), room.watched():
        room.kill()
        channel = room.stage.channels()[0]
        wait_for(lambda: b"cannot start today" in channel.status, 10, "its last words")
        assert room.covered()
    wait_for(room.masked, 30, "the mask")


def test_a_worker_that_runs_out_of_memory(room: SecretRoom) -> None:
    pid = room.worker()
    with room.stage.anything_said():
        with room.watched():
            resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
            room.stage.set_filter(model="selfie_square")
            time.sleep(0.5)
            room.move(1.0)
            time.sleep(0.5)
        if pid in worker_pids(room.stage.obs.pid):
            os.kill(pid, signal.SIGKILL)
        room.stage.set_filter(model=MODEL)
        wait_for(lambda: worker_pids(room.stage.obs.pid) not in ([], [pid]), 30, "a new worker")
        wait_for(room.masked, 30, "the mask")


def test_a_full_disk_changes_nothing(room: SecretRoom) -> None:
    # None of the worker's files may grow by a byte, as on a full disk.
    with room.watched(), room.stage.anything_said():
        limits = resource.prlimit(room.worker(), resource.RLIMIT_FSIZE)
        resource.prlimit(room.worker(), resource.RLIMIT_FSIZE, (0, limits[1]))
        room.move(1.5)
        channel = room.stage.channels()[0]
        before = channel.alpha_count
        room.stage.set_filter(model="selfie_square")
        wait_for(lambda: channel.alpha_count > before, 15, "a mask with no room on the disk")
        room.kill()
        wait_for(room.masked, 20, "the mask")


def _forge(channel: Any, **values: int) -> None:
    """Put an alpha that keeps everything into the link, valid except for ``values``."""
    index = (channel.alpha_newest + 1) % layout.SLOTS
    newest = channel.frames[channel.frame_newest].frame_id
    fields: dict[str, int] = {
        "frame_id": newest, "generation": channel.generation, "width": 256, "height": 144, **values
    }  # fmt: skip
    slots_fields: dict[str, Any] = {
        key: fields[key] for key in ("frame_id", "generation", "width", "height")
    }
    size = min(fields["width"] * fields["height"], layout.ALPHA_BYTES)
    slots.write(channel.alphas, channel.alpha_newest, pixels=bytes([255]) * size, **slots_fields)
    for key in ("sequence", "sum"):
        if key in values:
            setattr(channel.alphas[index], key, values[key])
    channel.alpha_newest, channel.alpha_used = index, values.get("used", channel.used)
    channel.alpha_count += 1


FORGERIES: dict[str, Callable[[Any], dict[str, int]]] = {
    "an older generation": lambda channel: {"generation": channel.generation - 1},
    "a frame that never was": lambda _: {"frame_id": 1 << 40},
    "an earlier generation's frame": lambda _: {"frame_id": 0},
    "no width": lambda _: {"width": 0},
    "a huge size": lambda _: {"width": 1 << 16, "height": 1 << 16},
    "a line as long as a picture": lambda _: {"width": layout.ALPHA_BYTES, "height": 1},
    "half written": lambda _: {"sequence": 7},
    "not what its sum says": lambda _: {"sum": 1},
    "another filter's": lambda channel: {"used": channel.used + 1},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_an_alpha_that_is_not_of_this_frame_is_not_drawn(room: SecretRoom, forgery: str) -> None:
    """Another process writes an alpha that keeps everything, with one field wrong."""
    with room.stopped(), room.watched(least=8):
        channel = room.stage.channels()[0]
        for _ in range(8):
            _forge(channel, **FORGERIES[forgery](channel))
            time.sleep(0.03)


def test_the_forgeries_would_be_seen_were_they_right(room: SecretRoom) -> None:
    with room.stopped(), room.stage.obs.recording() as files:
        time.sleep(0.2)
        _forge(room.stage.channels()[0])
        time.sleep(0.3)
    room.move(1.0)
    with pytest.raises(AssertionError, match="the room is seen"):
        room.check(frames_of(files[0]))
