"""The blurred room has a colour everywhere, also where a mask has holes in the person."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from tests.obs.stage import CAMERA, SIZE, Stage, person
from vb_worker.offline.backgrounds import Blur

BLUR = 12.0  # of 1080 lines

# Left, top, right, bottom of what is dropped, as shares: the face, and the body at the rim.
HOLES = {"face": (0.4, 0.25, 0.6, 0.6), "rim": (0.35, 0.8, 0.65, 1.0)}


@pytest.mark.parametrize("hole", list(HOLES))
def test_a_hole_in_the_person_shows_a_blur_of_the_person(stage: Stage, hole: str) -> None:
    picture, truth = person()
    # No black in it, so that black is a fault.
    picture = (60 + picture.astype(float) * 195 / 255).astype(np.uint8)
    left, top, right, bottom = HOLES[hole]
    zone: dict[str, Any] = {
        "zone1_left": left, "zone1_top": top, "zone1_right": right, "zone1_bottom": bottom,
    }  # fmt: skip
    stage.picture(CAMERA, picture)
    stage.add_filter(background="blur", blur_strength=BLUR, zone1="drop", **zone)
    stage.wait_for_mask()
    stage.settle(8)
    shot = stage.shot(CAMERA)[..., :3]
    width, height = SIZE
    part = np.s_[
        round(top * height) + 2 : round(bottom * height) - 2,
        round(left * width) + 2 : round(right * width) - 2,
    ]
    assert shot[part].min() > 40, "black where there is no room near"
    reach = 6 * BLUR * height / 1080
    deep = cv2.erode(truth, np.ones((2 * round(reach) + 1,) * 2, np.uint8))[part] == 255
    assert deep.mean() > 0.1, "the hole shows nothing but the person's rim"
    alpha = np.asarray(truth / 255, np.float32)
    alike = Blur(BLUR * height / 1080).behind(picture, alpha, 0.0)[part]
    off = np.abs(shot[part].astype(int) - alike)[deep]
    assert np.percentile(off, 99) <= 12, "not as the same blur of a video is"
