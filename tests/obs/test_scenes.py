"""Whole scenes and groups carry the filter as cameras do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.obs.stage import CAMERA, FILTER, SCENE, iou, person
from vb_demo.obs_session import COLLECTION, SCRIPT
from vb_link.settings import FILTER_ID


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
            "items": [_item(CAMERA)],
        },
        "filters": [
            {"id": FILTER_ID, "name": FILTER, "settings": {"background": "transparent"}},
        ],
    }
    outer = {"id": "scene", "name": SCENE, "settings": {"id_counter": 1, "items": [_item("Inner")]}}
    collection = {
        "name": COLLECTION,
        "current_scene": SCENE,
        "current_program_scene": SCENE,
        "scene_order": [{"name": SCENE}],
        "sources": [camera, outer, *([inner] if kind == "scene" else [])],
        "groups": [inner] if kind == "group" else [],
        "modules": {"scripts-tool": [{"path": str(SCRIPT), "settings": {}}]},
    }
    scenes = tmp_path / "obs" / "config" / "obs-studio" / "basic" / "scenes"
    scenes.mkdir(parents=True)
    (scenes / f"{COLLECTION.replace(' ', '_')}.json").write_text(json.dumps(collection))
    with start_obs() as stage:
        stage.wait_for_mask()
        shown = stage.shot("Inner")
        assert shown.shape[:2] == truth.shape
        assert iou(shown[..., 3] > 127, truth > 127) > 0.85


def _item(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "id": 1,
        "visible": True,
        "pos": {"x": 0.0, "y": 0.0},
        "scale": {"x": 1.0, "y": 1.0},
        "align": 5,
    }
