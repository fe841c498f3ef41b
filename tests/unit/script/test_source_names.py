"""Lists of names, and layers that the scene shows as well."""

from __future__ import annotations

from tests.unit.fake_obspython import World
from tests.unit.script.filters import camera_filter
from vb_link import layout, texts
from vb_link.settings import SCENE_FILTER_ID
from vb_script import shown_twice, source_names

ENGLISH = texts.load("en-US")


def test_names_are_written_when_they_change_only(world: World) -> None:
    segment = layout.Segment()
    source_names.refresh(segment)
    assert segment.scene_names == b"Beach\nStage"
    assert segment.source_names == b"Beach\nCamera\nGroup\nSecond\nStage"
    assert segment.audio_names == b"Microphone"
    assert segment.names_sequence == 2
    source_names.refresh(segment)
    assert segment.names_sequence == 2
    world.program = world.scenes[0]
    source_names.refresh(segment)
    assert segment.scene_names == b"Stage\nBeach", "the scene on program comes first"
    world.program = None
    source_names.refresh(segment)
    segment.names_sequence = 2
    world.scenes[1].name = "海"
    source_names.refresh(segment)
    assert segment.names_sequence == 4 and "海" in segment.scene_names.decode()


def test_names_that_do_not_fit_are_left_out_whole() -> None:
    assert source_names.lines(["b", "a", "", "c\nd"]) == b"a\nb"
    assert source_names.lines(["ccc", "aaa", "bbb"], 8) == b"aaa\nbbb"
    assert source_names.lines(["ccc", "aaa", "bbb"], 7) == b"aaa"


def test_a_layer_that_is_in_the_scene_as_well_is_told(world: World) -> None:
    stage, beach = world.scenes
    camera = world.inputs[0].filters[0].settings
    assert shown_twice.sentence(ENGLISH) == ""
    world.program, stage.items = stage, {"Camera": True, "Sign": True}
    assert shown_twice.sentence(ENGLISH) == ""
    camera["behind_source"] = "Sign"
    assert "Sign is a layer" in shown_twice.sentence(ENGLISH)
    stage.items["Sign"] = False
    assert shown_twice.sentence(ENGLISH) == "", "hidden in the scene it is seen once"
    stage.items["Sign"], stage.items["Camera"] = True, False
    assert shown_twice.sentence(ENGLISH) == "", "the camera is not in this scene"
    stage.items["Camera"], camera["active"] = True, False
    assert shown_twice.sentence(ENGLISH) == "", "the filter is off"
    # A scene's own layers take the place of the camera's.
    camera["active"], world.program = True, beach
    beach.items = {"Camera": True, "Sign": True, "Plant": True}
    beach.filters = [camera_filter(SCENE_FILTER_ID, own_layers=True, front_source="Plant")]
    assert "Plant is a layer" in shown_twice.sentence(ENGLISH)
    world.program = None
