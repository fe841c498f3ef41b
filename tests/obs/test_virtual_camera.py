"""What OBS's virtual camera sends while things go wrong: no frame shows the room.

The frames are what OBS's own output wrote; its device is faked (``virtual_camera.c``), as the
real one needs a kernel module.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.obs.conftest import running_obs
from tests.obs.secret_room import SETTINGS, SIZE, SecretRoom, in_the_room
from tests.obs.stage import CAMERA, FILTER, SCENE, Image, wait_for
from vb_demo.obs_session import SCRIPT
from vb_link.settings import SCENE_FILTER_ID

HERE = Path(__file__).resolve().parent
OTHER = "Other"
LEAST = 15  # frames that a situation takes at least


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretRoom]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("the made-up device needs a C compiler (Debian's gcc and libc6-dev)")
    folder, data = tmp_path_factory.mktemp("room"), tmp_path_factory.mktemp("data")
    library = folder / "virtual_camera.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", library, HERE / "virtual_camera.c", "-ldl"], check=True
    )
    (data / "venv").symlink_to(sys.prefix)
    environment = {
        "RELOAD_FOLDER": str(folder),
        "OBS_VIRTUAL_BACKGROUND_DATA": str(data),
        "LD_PRELOAD": str(library),
        "VIRTUAL_CAMERA_FILE": str(folder / "frames.yuyv"),
    }
    with running_obs(
        folder, width=SIZE[0], height=SIZE[1], environment=environment,
        scripts=((SCRIPT, {}), (HERE / "scripts" / "reload.py", {})),
    ) as stage:  # fmt: skip
        room = SecretRoom(stage, data)
        room.set_up()
        stage.obs.request("CreateScene", {"sceneName": OTHER})
        stage.obs.request("CreateSceneItem", {"sceneName": OTHER, "sourceName": CAMERA})
        stage.obs.add_filter(
            OTHER, "Own", SCENE_FILTER_ID, {"background": "color", "background_color": 0xFF2020E0}
        )
        yield room


@pytest.fixture
def room(built: SecretRoom) -> SecretRoom:
    built.show(in_the_room())
    built.stage.set_filter(**SETTINGS, model="selfie_landscape")
    built.stage.wait_for_mask(seconds=40)
    wait_for(built.masked, 40, "the person over the background")
    return built


@contextmanager
def sent(room: SecretRoom) -> Iterator[list[Image]]:
    """Run the virtual camera; the list holds the frames (BGR) once the block has ended."""
    request, frames = room.stage.obs.request, list[Image]()
    file = Path(room.stage.obs.environment["VIRTUAL_CAMERA_FILE"])
    request("StartVirtualCam")
    try:
        wait_for(lambda: file.exists() and file.stat().st_size, 10, "the camera's first frame")
        yield frames
        time.sleep(0.3)
    finally:
        request("StopVirtualCam")
    wait_for(lambda: not request("GetVirtualCamStatus")["outputActive"], 10, "the camera's end")
    width, height = SIZE
    raw = np.fromfile(file, np.uint8)
    file.unlink()
    for raw_frame in raw[: raw.size // (2 * width * height) * 2 * width * height].reshape(
        -1, height, width, 2
    ):
        frames.append(np.asarray(cv2.cvtColor(raw_frame, cv2.COLOR_YUV2BGR_YUYV), np.uint8))


def test_it_sends_what_the_program_shows_and_the_room_would_be_seen(room: SecretRoom) -> None:
    with sent(room) as frames:
        time.sleep(0.8)
    room.check(frames, LEAST)
    shown = room.stage.shot(SCENE, SIZE)[..., :3]
    assert np.abs(frames[-1].astype(int) - shown).mean() < 12  # the colours go through YUV
    eye = {"sourceName": CAMERA, "filterName": FILTER}
    with sent(room) as frames:
        for enabled in (False, True):
            room.stage.obs.request("SetSourceFilterEnabled", {**eye, "filterEnabled": enabled})
            time.sleep(0.4)
    with pytest.raises(AssertionError, match="the room is seen"):
        room.check(frames)


def _killed(room: SecretRoom) -> None:
    room.kill()
    wait_for(room.covered, 2, "the cover")
    wait_for(room.masked, 20, "the mask")


def _late(room: SecretRoom) -> None:
    with room.stopped():
        room.move(2.0)
        wait_for(room.covered, 3, "the cover")
        room.move(4.0)
        time.sleep(0.3)
    wait_for(room.masked, 10, "the mask")


def _switched(room: SecretRoom) -> None:
    room.stage.expected.append("is not installed")
    for model in ("selfie_square", "gone", "selfie_landscape"):
        room.stage.set_filter(model=model)
        time.sleep(0.4)


def _without_script(room: SecretRoom) -> None:
    room.script()
    wait_for(room.masked, 20, "the mask after Reload")
    room.script("unload")
    wait_for(room.covered, 3, "the cover without the script")
    room.script("load")
    wait_for(room.masked, 20, "the mask with the script again")


def _scenes(room: SecretRoom) -> None:
    request = room.stage.obs.request
    request("SetCurrentSceneTransition", {"transitionName": "Fade"})
    request("SetStudioModeEnabled", {"studioModeEnabled": True})
    for scene in (OTHER, SCENE):
        request("SetCurrentPreviewScene", {"sceneName": scene})
        request("TriggerStudioModeTransition")
        time.sleep(0.7)
    request("SetStudioModeEnabled", {"studioModeEnabled": False})
    for scene in (OTHER, SCENE):
        request("SetCurrentProgramScene", {"sceneName": scene})
        time.sleep(0.5)


def _resized(room: SecretRoom) -> None:
    for size in ((320, 240), (1281, 723), SIZE):
        room.show(in_the_room(size=size))
        time.sleep(0.6)


SITUATIONS: dict[str, Callable[[SecretRoom], Any]] = {
    "a killed worker": _killed,
    "a worker that is late": _late,
    "other models": _switched,
    "the script reloaded and removed": _without_script,
    "scenes, transitions and Studio Mode": _scenes,
    "a camera of another size": _resized,
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_it_never_sends_the_room(room: SecretRoom, situation: str) -> None:
    with sent(room) as frames:
        SITUATIONS[situation](room)
    room.check(frames, LEAST)
