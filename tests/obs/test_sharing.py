"""Several cameras, each used several times: one worker, one capture and mask per camera frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.obs import painted
from tests.obs.conftest import worker_pids
from tests.obs.stage import CAMERA, SCENE, Stage, wait_for

USES = 10
pytestmark = pytest.mark.usefixtures("beside_plugins")


@pytest.fixture(scope="module", autouse=True)
def model(data_folder: Path) -> str:
    return painted.install_model(data_folder / "models", "red_is_person")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return painted.clip(tmp_path / "numbered.mp4")


def _camera(stage: Stage, name: str, video: Path, model: str) -> None:
    stage.obs.add_input(SCENE, name, "ffmpeg_source", {"local_file": str(video), "looping": True})
    stage.add_filter(name, model=model, quality="fast", background="transparent")


def _counts(channel: Any) -> tuple[int, int, int]:
    return int(channel.drawn_frames), int(channel.frame_count), int(channel.alpha_count)


class Passed:
    """What was counted in a period: OBS's frames, and each channel's own figures."""

    def __init__(self, stage: Stage, seconds: float) -> None:
        def frames() -> int:
            return int(stage.obs.request("GetStats")["renderTotalFrames"])

        before, first = [_counts(channel) for channel in stage.channels()], frames()
        time.sleep(seconds)
        after, last = [_counts(channel) for channel in stage.channels()], frames()
        self.frames = last - first
        self.channels = [
            tuple(b - a for a, b in zip(*both)) for both in zip(before, after)
        ]  # fmt: skip

    def assert_shared(self) -> None:
        """Each frame is captured once at most, handed over once, answered once."""
        assert self.frames > 15
        for drawn, sent, answered in self.channels:
            # OBS counts a frame a little before or after it draws it.
            assert drawn <= self.frames + 2
            assert 0 < sent <= drawn + 1
            assert 0 < answered <= sent + 1


def test_three_cameras_share_one_worker(stage: Stage, video: Path, model: str) -> None:
    for name in (CAMERA, "Second", "Third"):
        _camera(stage, name, video, model)
    stage.wait_for_mask(3)
    assert len(worker_pids(stage.obs.pid)) == 1
    passed = Passed(stage, 2.0)
    assert len(passed.channels) == 3
    passed.assert_shared()
    # No camera starves another.
    answered = [row[2] for row in passed.channels]
    assert min(answered) > 0.5 * max(answered)


@contextmanager
def _studio_mode(stage: Stage, preview: str) -> Iterator[None]:
    stage.obs.request("SetStudioModeEnabled", {"studioModeEnabled": True})
    try:
        stage.obs.request("SetCurrentPreviewScene", {"sceneName": preview})
        yield
    finally:
        stage.obs.request("SetStudioModeEnabled", {"studioModeEnabled": False})


def test_one_camera_in_ten_scenes_is_captured_once_a_frame(
    start_obs: Callable[..., Any], video: Path, model: str
) -> None:
    with start_obs() as stage:
        _camera(stage, CAMERA, video, model)
        stage.wait_for_mask()
        stage.obs.segment().measure = 1
        channel = stage.channels()[0]

        def costs() -> tuple[float, float]:
            """Return CPU of the graphics thread, ms per frame: for capturing, and for drawing."""
            before = channel.capture_ns, channel.draw_ns, channel.drawn_frames
            passed = Passed(stage, 2.0)
            passed.assert_shared()
            frames = channel.drawn_frames - before[2]
            return (
                (channel.capture_ns - before[0]) / frames / 1e6,
                (channel.draw_ns - before[1]) / frames / 1e6,
            )

        once = costs()
        for number in range(USES - 1):
            scene = f"Use {time.monotonic_ns()} {number}"
            stage.obs.request("CreateScene", {"sceneName": scene})
            for inside, name in ((scene, CAMERA), (SCENE, scene)):
                stage.obs.request("CreateSceneItem", {"sceneName": inside, "sourceName": name})
        with _studio_mode(stage, scene):
            often = costs()
            assert len(stage.channels()) == 1 and len(worker_pids(stage.obs.pid)) == 1
        stage.obs.segment().measure = 0
        print(f"graphics thread, ms a frame, capturing and drawing: {once} once, {often} often")
        # The capture is not repeated; each further use costs one draw.
        assert often[0] < 1.6 * once[0] + 0.1


def test_a_source_that_is_not_shown_sleeps(stage: Stage, video: Path, model: str) -> None:
    _camera(stage, CAMERA, video, model)
    stage.wait_for_mask()
    item = stage.obs.request("GetSceneItemId", {"sceneName": SCENE, "sourceName": CAMERA})
    shown = {"sceneName": SCENE, "sceneItemId": item["sceneItemId"]}
    stage.obs.request("SetSceneItemEnabled", {**shown, "sceneItemEnabled": False})
    time.sleep(0.5)
    (row,) = Passed(stage, 1.0).channels
    assert row == (0, 0, 0), "frames of a source that nobody sees"
    stage.obs.request("SetSceneItemEnabled", {**shown, "sceneItemEnabled": True})
    time.sleep(0.3)
    stage.wait_for_mask()
    Passed(stage, 1.0).assert_shared()


def test_a_picture_that_does_not_change_is_handed_over_once(stage: Stage, model: str) -> None:
    stage.picture(CAMERA, painted.numbered(170))
    stage.add_filter(model=model, quality="fast", background="transparent")
    stage.wait_for_mask()
    channel = stage.channels()[0]
    wait_for(lambda: channel.alpha_count > 0, 5, "a mask")
    time.sleep(0.3)
    ((drawn, sent, answered),) = Passed(stage, 1.0).channels
    assert drawn > 5
    assert (sent, answered) == (0, 0)
