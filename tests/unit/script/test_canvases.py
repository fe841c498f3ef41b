"""Scenes of further canvases have names of their own, and OBS without canvases is left alone."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.unit import fake_obspython as fake
from vb_script import canvases, obs_filters


class _Canvas:
    def __init__(self, name: str, flags: int) -> None:
        self.name, self.flags, self.references = name, flags, 0
        self.scenes: dict[str, fake.Source] = {}


@pytest.fixture
def upright(monkeypatch: pytest.MonkeyPatch) -> _Canvas:
    """An OBS with a second canvas that has a scene of the same name as the main one."""
    world = fake.fresh()
    world.scenes = [fake.Source("Scene", "scene")]
    main, made = _Canvas("Main", 1), _Canvas("Upright", 14)
    made.scenes["Scene"] = fake.Source("Scene", "scene")
    made.scenes["Tall"] = fake.Source("Tall", "scene")

    def take(canvas: _Canvas) -> _Canvas:
        canvas.references += 1
        return canvas

    def of(source: Any) -> _Canvas | None:
        if source in made.scenes.values():
            return take(made)
        return take(main) if source in world.scenes else None

    def let_go(canvas: _Canvas) -> None:
        canvas.references -= 1

    def scene(canvas: _Canvas, name: str) -> Any:
        found = canvas.scenes.get(name)
        if found is not None:
            found.references += 1
        return found

    functions = {
        "obs_source_get_canvas": of,
        "obs_canvas_get_flags": lambda canvas: canvas.flags,
        "obs_canvas_get_name": lambda canvas: canvas.name,
        "obs_canvas_release": let_go,
        "obs_get_canvas_by_name": lambda name: take(made) if name == made.name else None,
        "obs_canvas_get_source_by_name": scene,
    }
    for name, function in functions.items():
        monkeypatch.setattr(sys.modules["obspython"], name, function, raising=False)
    monkeypatch.setattr(
        canvases, "_names", lambda: [(made.name, name) for name in made.scenes]
    )  # fmt: skip
    return made


def test_scenes_of_another_canvas_come_last_and_by_its_name(upright: _Canvas) -> None:
    with obs_filters.scenes() as scenes:
        assert [canvases.name_of(scene) for scene in scenes] == [
            "Scene", "Upright: Scene", "Upright: Tall",
        ]  # fmt: skip
    assert fake.world.balanced()
    assert upright.references == 0
    assert not any(scene.references for scene in upright.scenes.values())


@pytest.mark.parametrize(
    ("name", "found"), [("Tall", "Tall"), ("Upright: Tall", "Tall"), ("Upright: Scene", "Scene")]
)
def test_a_scene_is_found_by_either_name(upright: _Canvas, name: str, found: str) -> None:
    with obs_filters.source(name) as source:
        assert source is upright.scenes[found]
    assert upright.scenes[found].references == 0
    assert upright.references == 0


def test_the_main_canvas_comes_first(upright: _Canvas) -> None:
    with obs_filters.source("Scene") as source:
        assert source is fake.world.scenes[0]


def test_an_obs_without_canvases_is_asked_for_none() -> None:
    world = fake.fresh()
    world.scenes = [fake.Source("Scene", "scene")]
    assert canvases.scenes() == []
    assert canvases.find("Scene") is None
    assert canvases.name_of(world.scenes[0]) == "Scene"
