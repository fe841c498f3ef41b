"""What the panels' buttons ask for: scenes, copies, presets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fake_obspython import Source, World
from tests.unit.script.filters import camera_filter
from tests.unit.script.requests import refused, run
from vb_link import texts
from vb_link.settings import SCENE_FILTER_ID, defaults
from vb_script.panel import words

ENGLISH = texts.load("en-US")
pytestmark = pytest.mark.usefixtures("data")


def test_a_scene_gets_one_filter_of_its_own(world: World) -> None:
    beach = world.scenes[1]
    beach.filters.append(Source(ENGLISH["SceneFilterName"], "crop_filter"))
    assert "Beach" in run("own_scene", "Beach")
    run("own_scene", "Beach")
    assert [(filter_.name, filter_.kind) for filter_ in beach.filters[1:]] == [
        (f"{ENGLISH['SceneFilterName']} 2", SCENE_FILTER_ID)
    ]
    assert world.opened == ["Beach", "Beach"]  # type: ignore[attr-defined]
    beach.filters[1].enabled = False
    run("own_scene", "Beach")
    assert beach.filters[1].enabled
    run("default_scene", "Beach")
    assert [filter_.kind for filter_ in beach.filters] == ["crop_filter"]


@pytest.mark.parametrize("own", ["own_layers", "own_zones"])
def test_the_cameras_background_again_leaves_a_scene_its_layers_and_zones(
    world: World, own: str
) -> None:
    beach = world.scenes[1]
    beach.filters.append(
        camera_filter(SCENE_FILTER_ID, background="color", zone1="drop", **{own: True})
    )
    run("default_scene", "Beach")
    assert [filter_.settings for filter_ in beach.filters] == [
        {"background": "default", "zone1": "drop", own: True}
    ]


def test_a_group_can_have_its_own_background(world: World) -> None:
    run("own_scene", "Group")
    assert [filter_.kind for filter_ in world.inputs[3].filters] == [SCENE_FILTER_ID]


def test_copying_reaches_every_other_filter_with_everything(world: World) -> None:
    assert "2" in run("copy", "Camera", "Virtual Background")
    expected = {**defaults(), "background": "color", "threshold": 0.25}
    for filter_ in (world.inputs[1].filters[1], world.scenes[0].filters[0]):
        assert filter_.settings == expected
    assert world.inputs[0].filters[0].settings == {"background": "color", "threshold": 0.25}
    assert world.inputs[1].filters[0].settings == {}


def test_a_preset_replaces_all_settings(world: World, tmp_path: Path) -> None:
    path = tmp_path / "preset.json"
    run("save_preset", "Camera", "Virtual Background", path)
    run("load_preset", "Second", "Virtual Background", path)
    assert world.inputs[1].filters[1].settings == {
        **defaults(), "background": "color", "threshold": 0.25
    }  # fmt: skip
    path.write_text(json.dumps({"obs_virtual_background_preset": 1, "settings": {"x": 1}}))
    before = dict(world.inputs[1].filters[1].settings)
    assert (
        refused("load_preset", "Second", "Virtual Background", path) == "Preset.UnknownSetting"
    )  # fmt: skip
    assert world.inputs[1].filters[1].settings == before


@pytest.mark.usefixtures("world")
def test_requests_that_cannot_be_done_are_refused_in_words(tmp_path: Path) -> None:
    assert refused("own_scene", "Nowhere") == "Request.NoSource"
    assert refused("own_scene", "Camera") == "Request.NoScene"
    assert refused("copy", "Camera", "Crop") == "Request.NoFilter"
    assert refused("copy", "Second", "Crop") == "Request.NoFilter"
    assert refused("copy", "Camera") == "Request.Unknown"
    assert refused("dance") == "Request.Unknown"
    assert refused("save_preset", "Camera", "No", tmp_path / "p.json") == "Request.NoFilter"


def test_copying_to_nobody_is_said(world: World) -> None:
    world.inputs, world.scenes = world.inputs[:1], []
    assert refused("copy", "Camera", "Virtual Background") == "Request.NoOthers"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, "As the camera's filter says"),
        ({"background": "default"}, "As the camera's filter says"),
        ({"background": "blur"}, "Blur"),
        ({"background": "color", "background_color": 0xFF2010FF}, "Colour #ff1020"),
        ({"background": "image", "background_image": "/a/b.png"}, "Image: b.png"),
        ({"background": "video", "background_video": "C:\\a\\b.mp4"}, "Video: b.mp4"),
        ({"background": "source", "background_source": "A/B"}, "Any source or scene: A/B"),
    ],
)
def test_a_background_in_words(settings: dict[str, Any] | None, expected: str) -> None:
    full = None if settings is None else {**defaults(), **settings}
    assert words(full, ENGLISH) == expected
