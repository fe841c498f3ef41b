"""The hotkeys: bound and saved, and what they do to the filters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit import fake_obspython as fake
from tests.unit.fake_obspython import World
from tests.unit.script.filters import camera_filter
from vb_link import folders, texts
from vb_link.ready_backgrounds import READY_BACKGROUNDS
from vb_link.settings import SCENE_FILTER_ID, defaults
from vb_script import hotkeys
from vb_script.hotkeys import ACTIONS, Hotkeys

ENGLISH = texts.load("en-US")
pytestmark = pytest.mark.usefixtures("data")


@pytest.mark.parametrize("odd", [0, "false", None, {}], ids=repr)
def test_the_hotkey_for_off_knows_that_a_switch_of_the_wrong_type_is_on(
    world: World, odd: Any
) -> None:
    world.inputs[1].filters.clear()
    world.inputs[0].filters[0].settings["active"] = odd
    world.scenes[0].filters[0].settings["active"] = False
    hotkeys.toggle()
    assert world.inputs[0].filters[0].settings["active"] is False


def test_the_toggle_switches_all_off_and_all_on(world: World) -> None:
    filters = [world.inputs[0].filters[0], world.inputs[1].filters[1], world.scenes[0].filters[0]]
    filters[0].settings["active"] = False
    for expected in (False, True, False):
        hotkeys.toggle()
        assert [filter_.settings["active"] for filter_ in filters] == [expected] * 3


def test_without_a_scene_of_its_own_the_cameras_step(world: World) -> None:
    world.program = world.scenes[1]
    hotkeys.step(1)
    assert world.inputs[0].filters[0].settings["background"] == "blur"
    assert world.scenes[0].filters[0].settings["background"] == READY_BACKGROUNDS[0]


@pytest.mark.parametrize(
    ("background", "enabled", "own"),
    [("color", True, True), ("default", True, False), ("color", False, False)],
)
def test_the_program_scenes_own_background_steps_alone(
    world: World, background: str, enabled: bool, own: bool
) -> None:
    world.program = world.scenes[1]
    filter_ = camera_filter(SCENE_FILTER_ID, background=background)
    filter_.enabled = enabled
    world.scenes[1].filters.append(filter_)
    hotkeys.step(-1)
    assert filter_.settings["background"] == ("transparent" if own else background)
    stepped = world.inputs[0].filters[0].settings["background"] == "transparent"
    assert stepped is not own


def _round(settings: dict[str, Any], by: int, count: int) -> list[str]:
    seen = []
    for _ in range(count):
        settings = {**settings, **hotkeys.neighbour(settings, by)}
        kind = str(settings["background"])
        name = Path(str(settings["background_image"])).name
        seen.append(name if kind == "image" else kind)
    return seen


def test_the_round_holds_every_picture_beside_the_chosen_one(tmp_path: Path) -> None:
    for name in ("c.png", "A.JPG", "b.webp", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    chosen = {**defaults(), "background": "blur", "background_image": str(tmp_path / "b.webp"),
              "background_source": "Browser"}  # fmt: skip
    pictures = [*READY_BACKGROUNDS, "A.JPG", "b.webp", "c.png"]
    there = [*pictures, "source", "transparent", "color", "blur"]
    assert _round(chosen, 1, len(there)) == there
    assert _round(chosen, -1, len(there)) == [*there[-2::-1], "blur"]


def test_the_round_without_files_and_from_outside_it() -> None:
    plain = {**defaults(), "background": "room"}
    whole = ["transparent", "color", "blur", *READY_BACKGROUNDS, "transparent"]
    assert _round(plain, 1, len(whole)) == whole
    assert _round(plain, -1, 2) == [*READY_BACKGROUNDS[-1:-3:-1]]
    gone = {**plain, "background_image": "/nowhere/x.png"}
    assert _round(gone, -1, 1) == ["x.png"]


def test_hotkeys_have_names_act_on_pressing_and_are_saved() -> None:
    world = fake.fresh()
    pressed: list[str] = []
    hotkeys = Hotkeys()
    hotkeys.register(texts.load("ja-JP"), pressed.append)
    hotkeys.load(fake.world.hold({"hotkey_panic": [{"key": "OBS_KEY_F9"}]}))
    assert [name for name, _, _ in world.hotkeys.values()] == [
        f"virtual_background.{action}" for action in ACTIONS
    ]
    assert all("バーチャル背景" in title for _, title, _ in world.hotkeys.values())
    for _, _, callback in world.hotkeys.values():
        callback(True)
        callback(False)
    assert pressed == list(ACTIONS)
    saved = world.hold({})
    hotkeys.save(saved)
    assert saved.content["hotkey_panic"] == [{"key": "OBS_KEY_F9"}]
    assert saved.content["hotkey_next"] == []


def _with_hotkeys(settings: dict[str, Any]) -> tuple[World, Hotkeys]:
    world = fake.fresh()
    hotkeys = Hotkeys()
    hotkeys.register(ENGLISH, lambda _action: None)
    held = fake.world.hold(settings)
    hotkeys.load(held)
    fake.obs_data_release(held)
    return world, hotkeys


def test_a_script_that_is_added_again_has_the_keys_that_were_used_last(tmp_path: Path) -> None:
    keys = [{"key": "OBS_KEY_F9", "shift": True}]
    _, hotkeys = _with_hotkeys({"hotkey_panic": keys})
    saved = fake.world.hold({})
    hotkeys.save(saved)
    fake.obs_data_release(saved)
    assert fake.world.balanced()
    world, _ = _with_hotkeys({})
    assert list(world.bindings.values()).count(keys) == 1
    assert world.balanced()
    # Keys that the user has taken away stay away where OBS remembers that.
    world, _ = _with_hotkeys({"hotkey_panic": [], "hotkey_next": []})
    assert keys not in world.bindings.values()
    assert [path.name for path in tmp_path.iterdir()] == [folders.HOTKEYS]


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff", b"[1]", None])
def test_a_damaged_file_of_keys_binds_none(tmp_path: Path, damaged: bytes | None) -> None:
    if damaged is None:
        (tmp_path / folders.HOTKEYS).mkdir()
    else:
        (tmp_path / folders.HOTKEYS).write_bytes(damaged)
    world, hotkeys = _with_hotkeys({})
    assert not any(world.bindings.values())
    saved = fake.world.hold({})
    hotkeys.save(saved)
