"""A camera on its side, upside down or mirrored: the mask is as good as for an upright one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.clips import write_clip
from tests.obs.stage import CAMERA, SCENE, Image, Stage, iou, person, wait_for
from vb_demo.errors import ObsError

SIZE = (640, 360)
LOW, WIDE = 0.01, 0.05  # score below upright: at most with the setting, at least without it


def _stands(picture: Image, quarters: int, mirrored: bool) -> Image:
    """Return an upright picture as a camera that is turned clockwise shows it."""
    flipped = picture[:, ::-1] if mirrored else picture
    return np.ascontiguousarray(np.rot90(flipped, -quarters))


def _clip(path: Path, picture: Image) -> Path:
    random = np.random.default_rng(3)
    frames = (
        np.clip(picture + random.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
        for _ in range(30)
    )
    return write_clip(path, frames, preset="ultrafast", crf="8")


def test_a_turned_camera_is_cut_out_as_well_as_an_upright_one(stage: Stage, tmp_path: Path) -> None:
    picture, truth = person(0.0, SIZE)
    clips = {
        (quarters, mirrored): _clip(
            tmp_path / f"{quarters}{mirrored}.mp4", _stands(picture, quarters, mirrored)
        )
        for quarters, mirrored in ((0, False), (1, False), (2, False), (3, False), (1, True))
    }
    stage.obs.add_input(
        SCENE, CAMERA, "ffmpeg_source", {"local_file": str(clips[0, False]), "looping": True}
    )
    stage.add_filter(background="transparent")
    stage.wait_for_mask()

    def score(quarters: int, mirrored: bool) -> float:
        expected = _stands(truth, quarters, mirrored) > 127
        try:
            shown = stage.shot(CAMERA)
        except ObsError:
            return 0.0  # the camera has no picture while another clip is opened
        if shown.shape[:2] != expected.shape:
            return 0.0  # the last clip, or none yet
        cv2.imwrite(str(tmp_path / f"turned-{quarters}-{mirrored}.png"), shown)
        # Only the mask's input is turned; any other picture is the last clip's, or a cover.
        own = _stands(picture, quarters, mirrored)
        inside = cv2.erode(shown[..., 3], np.ones((9, 9), np.uint8)) == 255
        apart = np.abs(shown[..., :3].astype(int) - own)[inside]
        if not inside.any() or apart.mean() > 8:
            return 0.0
        return iou(shown[..., 3] > 127, expected)

    wait_for(lambda: score(0, False) > 0.9, 10, "the upright person")
    upright = score(0, False)
    for (quarters, mirrored), file in clips.items():
        stage.set_filter(turned=str(90 * quarters), mirrored=mirrored)
        stage.obs.request(
            "SetInputSettings",
            {"inputName": CAMERA, "inputSettings": {"local_file": str(file), "looping": True}},
        )
        wait_for(
            lambda: score(quarters, mirrored) > upright - LOW,  # noqa: B023 - called at once
            30,
            f"someone turned by {90 * quarters} degrees, mirrored: {mirrored}",
        )
    # Upside down, but the setting says upright.
    stage.obs.request(
        "SetInputSettings",
        {"inputName": CAMERA, "inputSettings": {"local_file": str(clips[2, False])}},
    )
    stage.set_filter(turned="180", mirrored=False)
    wait_for(lambda: score(2, False) > upright - LOW, 10, "someone upside down")
    stage.set_filter(turned="0")
    wait_for(lambda: 0.0 < score(2, False) < upright - WIDE, 10, "the model without the turn")
