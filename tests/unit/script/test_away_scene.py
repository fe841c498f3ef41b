"""Which scene is on program while nobody is in a camera's picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit import fake_obspython as obs
from tests.unit.fake_obspython import World
from tests.unit.script.requests import ENGLISH, refused, run
from vb_script import away_scene, libobs
from vb_script.reload_state import survivors

NAME = "Virtual Background"


class Views:
    """libobs's views: what each draws, by its number."""

    def __init__(self) -> None:
        self.shown: dict[int, int] = {}
        self.added: set[int] = set()

    def obs_view_create(self) -> int:
        self.shown[len(self.shown) + 1] = 0
        return len(self.shown)

    def obs_view_set_source(self, view: int, channel: int, source: int) -> None:
        assert channel == 0
        self.shown[view] = source

    def obs_view_add(self, view: int) -> int:
        self.added.add(view)
        return 1

    def obs_view_remove(self, view: int) -> None:
        self.added.remove(view)

    def obs_view_destroy(self, view: int) -> None:
        assert view not in self.added
        self.shown[view] = 0


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> Iterator[Views]:
    made = Views()
    monkeypatch.setattr(libobs, "libobs", lambda: made)
    yield made
    away_scene.forget()
    assert not made.added


@pytest.fixture(autouse=True)
def stage(world: World, views: Views) -> World:
    """The camera is on program, in the scene *Stage*; *Beach* is for nobody there."""
    camera, stage, _ = world.inputs[0], *world.scenes
    camera.filters[0].settings |= {"nobody": "scene", "nobody_scene": "Beach"}
    stage.items["Camera"] = True
    world.program = stage
    world.events.append(lambda _: away_scene.refresh())
    return world


def _program(world: World) -> str:
    return world.program.name if world.program else ""


def _leave() -> str:
    return run("leave_scene", "Camera", NAME)


def _return() -> str:
    return run("return_to_scene", "Camera", NAME)


def test_to_the_scene_and_back_while_the_camera_is_watched(world: World, views: Views) -> None:
    assert "Beach" in _leave()
    assert _program(world) == "Beach"
    assert [views.shown[view] for view in views.added] == [int(world.inputs[0])]
    assert "Stage" in _return()
    assert _program(world) == "Stage" and not views.added


@pytest.mark.parametrize("visible", [False, None])
def test_a_scene_without_the_camera_is_not_left(world: World, visible: bool | None) -> None:
    world.scenes[0].items = {} if visible is None else {"Camera": visible}
    assert _leave() == "" and _program(world) == "Stage"


def test_a_camera_in_a_scene_in_a_scene_is_on_program(world: World) -> None:
    stage, beach = world.scenes
    outer = type(stage)("Outer", "scene", items={"Stage": True})
    world.scenes.append(outer)
    world.program = outer
    stage.items["Outer"] = True  # scenes in a circle, which OBS refuses, would not hang
    _leave()
    assert world.program is beach
    _return()
    assert world.program is outer


def test_a_scene_that_the_user_chooses_meanwhile_stays(world: World, views: Views) -> None:
    other = type(world.scenes[0])("Other", "scene")
    world.scenes.append(other)
    _leave()
    obs.obs_frontend_set_current_scene(other)
    assert not views.added
    assert _return() == "" and _program(world) == "Other"
    obs.obs_frontend_set_current_scene(world.scenes[1])  # the away scene, by hand
    assert _return() == "" and _program(world) == "Beach"


def test_two_cameras_do_not_switch_to_and_fro(world: World) -> None:
    second = world.inputs[1]
    second.filters[1].settings |= {"nobody": "scene", "nobody_scene": "Stage"}
    world.scenes[1].items["Second"] = True
    _leave()
    assert run("leave_scene", "Second", NAME) == "" and _program(world) == "Beach"
    assert run("return_to_scene", "Second", NAME) == "" and _program(world) == "Beach"
    _return()
    assert _program(world) == "Stage"


@pytest.mark.parametrize(
    ("scene", "key"),
    [
        ("Gone", "Request.NoAwayScene"),
        ("", "Request.NoSceneChosen"),
        ("Camera", "Request.NoAwayScene"),
    ],
)
def test_a_missing_scene_is_named_and_nothing_switched(
    world: World, views: Views, scene: str, key: str
) -> None:
    world.inputs[0].filters[0].settings["nobody_scene"] = scene
    assert refused("leave_scene", "Camera", NAME) == key
    assert _program(world) == "Stage" and not views.added
    assert scene in away_scene.warning(ENGLISH) != ""
    world.inputs[0].filters[0].settings["nobody_scene"] = "Beach"
    assert away_scene.warning(ENGLISH) == ""


def test_a_scene_to_return_to_that_is_gone_is_named(world: World) -> None:
    _leave()
    del world.scenes[0]
    assert refused("return_to_scene", "Camera", NAME) == "Request.NoAwayScene"
    assert _program(world) == "Beach"
    assert _return() == ""


def test_what_the_settings_do_not_say_is_not_done(world: World) -> None:
    """Other processes can write requests."""
    world.inputs[0].filters[0].settings["nobody"] = "cover"
    assert _leave() == "" and _program(world) == "Stage"


def test_after_a_reload_it_goes_on(world: World, views: Views) -> None:
    _leave()
    away_scene.pause()
    assert not views.added
    away_scene.refresh()
    assert len(views.added) == 1
    _return()
    assert _program(world) == "Stage"


@pytest.mark.parametrize("gone", ["filter", "source"])
def test_without_its_filter_the_switch_is_forgotten(world: World, views: Views, gone: Any) -> None:
    _leave()
    if gone == "filter":
        world.inputs[0].filters.clear()
    else:
        del world.inputs[0]
    away_scene.refresh()
    assert survivors().away is None and not views.added and _program(world) == "Beach"
