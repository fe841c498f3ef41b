"""Whole scenes and groups carry the filter as cameras do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.obs.stage import CAMERA, FILTER, SCENE, iou, item_of, person, write_collection
from vb_link.settings import FILTER_ID


@pytest.mark.versions
@pytest.mark.parametrize("kind", ["scene", "group"])
def test_a_scene_and_a_group_carry_the_filter(
    start_obs: Callable[..., Any], tmp_path: Path, kind: str
) -> None:
    picture, truth = person()
    file = tmp_path / "camera.png"
    cv2.imwrite(str(file), picture)
    camera = {
        "id": "image_source",
        "name": CAMERA,
        "settings": {"file": str(file)},
    }
    inner = {
        "id": kind,
        "name": "Inner",
        "settings": {
            "custom_size": kind == "group",
            "cx": 1280,
            "cy": 720,
            "id_counter": 1,
            "items": [item_of(CAMERA)],
        },
        "filters": [
            {"id": FILTER_ID, "name": FILTER, "settings": {"background": "transparent"}},
        ],
    }
    outer = {
        "id": "scene",
        "name": SCENE,
        "settings": {"id_counter": 1, "items": [item_of("Inner")]},
    }
    write_collection(
        tmp_path / "obs",
        [camera, outer, *([inner] if kind == "scene" else [])],
        [inner] if kind == "group" else [],
    )
    with start_obs() as stage:
        stage.wait_for_mask()
        shown = stage.shot("Inner")
        assert shown.shape[:2] == truth.shape
        assert iou(shown[..., 3] > 127, truth > 127) > 0.85
