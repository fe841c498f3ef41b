"""The look that docs/recipes.md adds, drawn by a real OBS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.obs.stage import CAMERA, person
from tests.unit.test_contributing import copy, follow

__all__ = ["copy"]  # a fixture


def test_grey_takes_the_person_s_colour(copy: Path, start_obs: Callable[..., Any]) -> None:
    follow("Add a look", copy)
    with start_obs(scripts=[(copy / "obs_script" / "virtual_background.py", {})]) as stage:
        picture, truth = person()
        stage.picture(CAMERA, picture)
        stage.add_filter(background="color", background_color=0xFF3060F0)
        stage.wait_for_mask()
        before = stage.shot(CAMERA)[..., :3].astype(int)
        stage.set_filter(grey=1.0)
        stage.settle()
        after = stage.shot(CAMERA)[..., :3].astype(int)
        inside = cv2.erode(truth, np.ones((61, 61), np.uint8)) == 255
        luma = picture.astype(float) @ (0.0722, 0.7152, 0.2126)
        off = np.abs(after - luma[..., None]).max(axis=2)
        assert (off <= 2)[inside].mean() > 0.99
        outside = cv2.dilate(truth, np.ones((61, 61), np.uint8)) == 0
        assert (after == before)[outside].all()
