"""No pixel of the room is recorded while the filter starts, changes or loses its worker.

The room has a secret colour; the cover and the background have others. Every recorded frame is
checked. Pixels nearer to the person than MARGIN are a matter of mask quality, not of privacy.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.obs.conftest import worker_pids
from tests.obs.secret_room import ENDED
from tests.obs.stage import (
    BACKDROP,
    BACKDROP_BGR,
    CAMERA,
    FILTER,
    SCENE,
    SECRET,
    Image,
    Stage,
    frames_of,
    person,
    room_pixels,
    wait_for,
)
from vb_link import layout
from vb_link.settings import SCENE_FILTER_ID

MARGIN = 24
SETTINGS: dict[str, Any] = {
    "background": "color",
    "background_color": BACKDROP,
    "cover": "color",
    "cover_color": 0xFFC86432,
}
COVER_BGR = (200, 100, 50)


def _hidden_camera(stage: Stage) -> tuple[Callable[[bool], None], Image]:
    picture, truth = person(room=SECRET)
    item = stage.picture(CAMERA, picture)

    def show(visible: bool) -> None:
        stage.obs.request(
            "SetSceneItemEnabled",
            {"sceneName": SCENE, "sceneItemId": item, "sceneItemEnabled": visible},
        )

    show(False)
    return show, truth


def _check(path: Path, truth: Image) -> list[Image]:
    frames = frames_of(path)
    assert len(frames) > 20
    bad = [index for index, frame in enumerate(frames) if room_pixels(frame, truth, MARGIN)]
    assert bad == [], f"the room is seen in frames {bad} of {len(frames)}"
    return frames


def _share(frame: Image, colour: tuple[int, int, int]) -> float:
    return float((np.abs(frame.astype(int) - colour).max(axis=2) < 24).mean())


def test_the_oracle_sees_the_room_when_there_is_no_filter(stage: Stage) -> None:
    show, truth = _hidden_camera(stage)
    show(True)
    with stage.obs.recording() as files:
        time.sleep(1.5)
    frames = frames_of(files[0])
    assert all(room_pixels(frame, truth, MARGIN) > 10_000 for frame in frames[3:])


@pytest.mark.versions
def test_from_the_filters_creation_to_the_first_mask(stage: Stage) -> None:
    show, truth = _hidden_camera(stage)
    with stage.obs.recording() as files:
        time.sleep(0.5)
        stage.add_filter(**SETTINGS)
        show(True)
        stage.wait_for_mask()
        time.sleep(0.5)
    frames = _check(files[0], truth)
    assert _share(frames[-1], BACKDROP_BGR) > 0.2


def test_while_the_worker_is_killed_and_settings_change(stage: Stage) -> None:
    show, truth = _hidden_camera(stage)
    stage.add_filter(**SETTINGS)
    show(True)
    stage.wait_for_mask()
    with stage.obs.recording() as files:
        for threshold, model in ((0.3, "selfie_square"), (0.7, "selfie_landscape")):
            stage.set_filter(threshold=threshold, model=model)
            time.sleep(0.4)
        stage.expected.append(ENDED)
        os.kill(worker_pids(stage.obs.pid)[0], signal.SIGKILL)
        channel = stage.channels()[0]
        wait_for(lambda: channel.state == layout.STATE_COVER, 5, "the cover")
        stage.wait_frames(2)
        stage.set_filter(background="transparent")
        stage.wait_for_mask()
        show(False)
        time.sleep(0.5)
        show(True)
        time.sleep(0.4)
        for enabled in (0.1, 0.9, 0.5):
            stage.set_filter(softness=enabled, background="color")
            time.sleep(0.1)
    frames = _check(files[0], truth)
    covered = [frame for frame in frames if _share(frame, COVER_BGR) > 0.9]
    assert covered, "the cover was never seen though the worker was killed"


@pytest.mark.versions
def test_from_the_start_of_obs_with_the_filter_saved(
    start_obs: Callable[..., Any],
) -> None:
    with start_obs() as stage:
        show, truth = _hidden_camera(stage)
        stage.add_filter(**SETTINGS)
        show(True)
        stage.wait_for_mask()
    with start_obs() as stage:
        seen = 0
        until = time.monotonic() + 2.5
        while time.monotonic() < until or seen <= 5:
            shown = stage.shot()
            assert room_pixels(shown[..., :3], truth, MARGIN) == 0
            seen += 1


@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_when_the_source_changes_its_size(stage: Stage, size: tuple[int, int]) -> None:
    show, truth = _hidden_camera(stage)
    stage.add_filter(**SETTINGS)
    show(True)
    stage.wait_for_mask()
    other = stage.save("other", person(size=size, room=SECRET)[0])
    with stage.obs.recording() as files:
        time.sleep(0.3)
        stage.obs.request(
            "SetInputSettings", {"inputName": CAMERA, "inputSettings": {"file": str(other)}}
        )
        time.sleep(1.2)
    _check(files[0], truth)


def test_when_the_filter_is_switched_by_its_eye_the_room_is_the_users_choice(
    stage: Stage,
) -> None:
    show, truth = _hidden_camera(stage)
    stage.add_filter(**SETTINGS)
    show(True)
    stage.wait_for_mask()
    stage.obs.request(
        "SetSourceFilterEnabled",
        {"sourceName": CAMERA, "filterName": FILTER, "filterEnabled": False},
    )
    stage.wait_frames(5)
    assert room_pixels(stage.shot()[..., :3], truth, MARGIN) > 10_000
    with stage.obs.recording() as files:
        time.sleep(0.2)
        stage.obs.request(
            "SetSourceFilterEnabled",
            {"sourceName": CAMERA, "filterName": FILTER, "filterEnabled": True},
        )
        time.sleep(1.0)
    frames = frames_of(files[0])
    shown = [index for index, frame in enumerate(frames) if room_pixels(frame, truth, MARGIN)]
    assert shown == list(range(len(shown))), "the room came back after the filter was on again"


def test_a_camera_with_the_scenes_filter_is_hidden(stage: Stage) -> None:
    picture, truth = person(room=SECRET)
    stage.picture(CAMERA, picture)
    stage.obs.add_filter(CAMERA, "Own", SCENE_FILTER_ID, {"background": "color"})
    stage.wait_frames(3)
    assert (stage.shot(CAMERA)[..., 3] == 0).all()
    stage.add_filter(**SETTINGS)  # has nothing to cut out
    stage.wait_frames(10)
    distance = np.abs(stage.shot(CAMERA)[..., :3].astype(int) - SECRET).max(axis=2)
    assert distance.min() > 80
    stage.obs.request("RemoveSourceFilter", {"sourceName": CAMERA, "filterName": "Own"})
    stage.wait_for_mask()
    assert room_pixels(stage.shot(CAMERA), truth, MARGIN) == 0


@pytest.mark.parametrize("timing", ["latest", "locked"])
def test_what_a_filter_above_hid_stays_hidden_when_they_change_places(
    stage: Stage, timing: str
) -> None:
    picture, truth = person(room=SECRET)
    stage.picture(CAMERA, picture)
    stage.add_filter(name="Shows", background="room", cover="color", timing=timing)
    stage.add_filter(name="Hides", **SETTINGS)
    stage.wait_for_mask(2)
    with stage.obs.recording() as files:
        for index in (1, 0) * 4:
            stage.obs.request(
                "SetSourceFilterIndex",
                {"sourceName": CAMERA, "filterName": "Shows", "filterIndex": index},
            )
            # A screenshot may be drawn before OBS's next frame.
            shown = stage.shot(CAMERA)[..., :3]
            assert room_pixels(shown, truth, MARGIN) == 0
            stage.wait_for_mask(2)
    _check(files[0], truth)
