"""Requests, hotkeys, names and words, against an OBS that counts its references."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit import fake_obspython as fake
from tests.unit.fake_obspython import Source, World
from vb_link import layout, places
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID, defaults
from vb_script import control, obs_filters, panel_requests, shown_twice, source_names, texts
from vb_script.hotkeys import ACTIONS, Hotkeys
from vb_script.scene_words import words
from vb_script.texts import SaidError

ENGLISH = texts.load("en-US")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A camera, a second one and a scene with a camera's filter, another scene; all balanced."""
    made = fake.fresh()
    camera = Source("Camera", filters=[_filter(background="color", threshold=0.25)])
    second = Source("Second", filters=[Source("Crop", "crop_filter"), _filter(shadow=0.5)])
    made.inputs = [camera, second, Source("Microphone", flags=2), Source("Group", "group")]
    made.scenes = [Source("Stage", "scene", filters=[_filter()]), Source("Beach", "scene")]
    opened: list[str] = []
    monkeypatch.setattr(panel_requests, "open_filters", opened.append)
    made.opened = opened  # type: ignore[attr-defined]
    yield made
    assert made.balanced()


def _filter(kind: str = FILTER_ID, **settings: Any) -> Source:
    return Source("Virtual Background", kind, settings)


def _run(*request: object) -> str:
    return panel_requests.run("\n".join(map(str, request)), ENGLISH)


def _refused(*request: object) -> str:
    with pytest.raises(SaidError) as caught:
        _run(*request)
    return caught.value.key


@pytest.mark.parametrize("odd", [1, "true", None, {}, []], ids=repr)
def test_a_filter_with_settings_of_the_wrong_type_counts_as_its_defaults(
    world: World, odd: Any
) -> None:
    one = world.inputs[0].filters[0]
    one.settings = dict.fromkeys(defaults(), odd)
    one.settings["threshold"] = True
    read = obs_filters.values(one)
    assert (read["active"], read["lock"], read["threshold"]) == (True, False, 0.5)
    assert all(type(read[key]) is type(default) for key, default in defaults().items())


@pytest.mark.parametrize("odd", [0, "false", None, {}], ids=repr)
def test_the_hotkey_for_off_knows_that_a_switch_of_the_wrong_type_is_on(
    world: World, odd: Any
) -> None:
    world.inputs[1].filters.clear()
    world.inputs[0].filters[0].settings["active"] = odd
    world.scenes[0].filters[0].settings["active"] = False
    control.toggle()
    assert world.inputs[0].filters[0].settings["active"] is False


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.DATA_VARIABLE, str(tmp_path))


# Requests


def test_a_scene_gets_one_filter_of_its_own(world: World) -> None:
    beach = world.scenes[1]
    beach.filters.append(Source(ENGLISH["SceneFilterName"], "crop_filter"))
    assert "Beach" in _run("own_scene", "Beach")
    _run("own_scene", "Beach")
    assert [(one.name, one.kind) for one in beach.filters[1:]] == [
        (f"{ENGLISH['SceneFilterName']} 2", SCENE_FILTER_ID)
    ]
    assert world.opened == ["Beach", "Beach"]  # type: ignore[attr-defined]
    beach.filters[1].enabled = False
    _run("own_scene", "Beach")
    assert beach.filters[1].enabled
    _run("default_scene", "Beach")
    assert [one.kind for one in beach.filters] == ["crop_filter"]


@pytest.mark.parametrize("own", ["own_layers", "own_zones"])
def test_the_cameras_background_again_leaves_a_scene_its_layers_and_zones(
    world: World, own: str
) -> None:
    beach = world.scenes[1]
    beach.filters.append(_filter(SCENE_FILTER_ID, background="color", zone1="drop", **{own: True}))
    _run("default_scene", "Beach")
    assert [one.settings for one in beach.filters] == [
        {"background": "default", "zone1": "drop", own: True}
    ]


def test_a_group_can_have_its_own_background(world: World) -> None:
    _run("own_scene", "Group")
    assert [one.kind for one in world.inputs[3].filters] == [SCENE_FILTER_ID]


def test_copying_reaches_every_other_filter_with_everything(world: World) -> None:
    assert "2" in _run("copy", "Camera", "Virtual Background")
    expected = {**defaults(), "background": "color", "threshold": 0.25}
    for one in (world.inputs[1].filters[1], world.scenes[0].filters[0]):
        assert one.settings == expected
    assert world.inputs[0].filters[0].settings == {"background": "color", "threshold": 0.25}
    assert world.inputs[1].filters[0].settings == {}


def test_a_preset_replaces_all_settings(world: World, tmp_path: Path) -> None:
    path = tmp_path / "preset.json"
    _run("save_preset", "Camera", "Virtual Background", path)
    _run("load_preset", "Second", "Virtual Background", path)
    assert world.inputs[1].filters[1].settings == {
        **defaults(), "background": "color", "threshold": 0.25
    }  # fmt: skip
    path.write_text(json.dumps({"obs_virtual_background_preset": 1, "settings": {"x": 1}}))
    before = dict(world.inputs[1].filters[1].settings)
    assert (
        _refused("load_preset", "Second", "Virtual Background", path) == "Preset.UnknownSetting"
    )  # fmt: skip
    assert world.inputs[1].filters[1].settings == before


@pytest.mark.usefixtures("world")
def test_requests_that_cannot_be_done_are_refused_in_words(tmp_path: Path) -> None:
    assert _refused("own_scene", "Nowhere") == "Request.NoSource"
    assert _refused("own_scene", "Camera") == "Request.NoScene"
    assert _refused("copy", "Camera", "Crop") == "Request.NoFilter"
    assert _refused("copy", "Second", "Crop") == "Request.NoFilter"
    assert _refused("copy", "Camera") == "Request.Unknown"
    assert _refused("dance") == "Request.Unknown"
    assert _refused("save_preset", "Camera", "No", tmp_path / "p.json") == "Request.NoFilter"


def test_copying_to_nobody_is_said(world: World) -> None:
    world.inputs, world.scenes = world.inputs[:1], []
    assert _refused("copy", "Camera", "Virtual Background") == "Request.NoOthers"


# The sound's delay

MS = 1_000_000


def test_a_sound_is_delayed_as_the_picture_is_and_given_back(world: World) -> None:
    microphone = world.inputs[2]
    microphone.sync_offset = 40 * MS
    assert "107 ms" in _run("set_sync", "Camera", "Virtual Background", "Microphone", "66.667")
    assert microphone.sync_offset == 107 * MS
    # Again, with another delay: beyond what was there before the first time.
    _run("set_sync", "Camera", "Virtual Background", "Microphone", "100.000")
    assert microphone.sync_offset == 140 * MS
    # Neither a preset nor a copy of settings loses the way back.
    _run("copy", "Second", "Virtual Background")
    assert "40 ms" in _run("undo_sync", "Camera", "Virtual Background")
    assert microphone.sync_offset == 40 * MS
    assert _refused("undo_sync", "Camera", "Virtual Background") == "Sync.NothingToUndo"


def test_another_sound_chosen_gives_the_first_one_its_offset_back(world: World) -> None:
    first = world.inputs[2]
    other = Source("Desktop", flags=2, sync_offset=5 * MS)
    world.inputs.append(other)
    _run("set_sync", "Camera", "Virtual Background", "Microphone", "33")
    _run("set_sync", "Camera", "Virtual Background", "Desktop", "33")
    assert (first.sync_offset, other.sync_offset) == (0, 38 * MS)
    world.inputs.remove(other)
    assert _refused("undo_sync", "Camera", "Virtual Background") == "Request.NoSource"
    assert _refused("undo_sync", "Camera", "Virtual Background") == "Sync.NothingToUndo"


def test_two_filters_delay_one_sound_once_and_the_users_own_offset_comes_back(world: World) -> None:
    microphone = world.inputs[2]
    microphone.sync_offset = 40 * MS
    for first, then in ((("Camera", 66), ("Second", 100)), (("Second", 100), ("Camera", 66))):
        for source, delay in (first, then):
            _run("set_sync", source, "Virtual Background", "Microphone", delay)
        assert microphone.sync_offset == 140 * MS
        # The picture of the other is still late.
        assert f"{40 + then[1]} ms" in _run("undo_sync", first[0], "Virtual Background")
        assert microphone.sync_offset == (40 + then[1]) * MS
        assert "40 ms again" in _run("undo_sync", then[0], "Virtual Background")
        assert microphone.sync_offset == 40 * MS


def test_a_sound_that_another_filter_delays_stays_so_when_one_chooses_another(world: World) -> None:
    microphone, desktop = world.inputs[2], Source("Desktop", flags=2, sync_offset=5 * MS)
    world.inputs.append(desktop)
    for source in ("Camera", "Second"):
        _run("set_sync", source, "Virtual Background", "Microphone", "33")
    _run("set_sync", "Camera", "Virtual Background", "Desktop", "33")
    assert (microphone.sync_offset, desktop.sync_offset) == (33 * MS, 38 * MS)
    # What an earlier version kept has no delay.
    kept = json.dumps({"source": "Microphone", "offset": 0})
    world.inputs[1].filters[1].settings["sync_undo"] = kept
    _run("undo_sync", "Second", "Virtual Background")
    assert microphone.sync_offset == 0


def test_sounds_that_cannot_be_delayed_are_refused_in_words(world: World) -> None:
    request = ("set_sync", "Camera", "Virtual Background")
    assert _refused(*request, "Microphone", "0.000") == "Sync.NoDelay"
    assert _refused(*request, "Microphone", "nan") == "Sync.NoDelay"
    assert _refused(*request, "Microphone", "much") == "Request.Unknown"
    assert _refused(*request, "", "33") == "Sync.NoSource"
    assert _refused(*request, "Second", "33") == "Sync.NoSound"
    assert _refused(*request, "Nobody", "33") == "Request.NoSource"
    world.inputs[0].filters[0].settings["sync_undo"] = "{broken"
    assert _refused("undo_sync", "Camera", "Virtual Background") == "Sync.NothingToUndo"


# Layers that the scene shows as well


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
    beach.filters = [_filter(SCENE_FILTER_ID, own_layers=True, front_source="Plant")]
    assert "Plant is a layer" in shown_twice.sentence(ENGLISH)
    world.program = None


# Hotkeys


def test_the_toggle_switches_all_off_and_all_on(world: World) -> None:
    filters = [world.inputs[0].filters[0], world.inputs[1].filters[1], world.scenes[0].filters[0]]
    filters[0].settings["active"] = False
    for expected in (False, True, False):
        control.toggle()
        assert [one.settings["active"] for one in filters] == [expected] * 3


def test_without_a_scene_of_its_own_the_cameras_step(world: World) -> None:
    world.program = world.scenes[1]
    control.step(1)
    assert world.inputs[0].filters[0].settings["background"] == "blur"
    assert world.scenes[0].filters[0].settings["background"] == "transparent"


@pytest.mark.parametrize(
    ("background", "enabled", "own"),
    [("color", True, True), ("default", True, False), ("color", False, False)],
)
def test_the_program_scenes_own_background_steps_alone(
    world: World, background: str, enabled: bool, own: bool
) -> None:
    world.program = world.scenes[1]
    one = _filter(SCENE_FILTER_ID, background=background)
    one.enabled = enabled
    world.scenes[1].filters.append(one)
    control.step(-1)
    assert one.settings["background"] == ("transparent" if own else background)
    stepped = world.inputs[0].filters[0].settings["background"] == "transparent"
    assert stepped is not own


def _round(settings: dict[str, Any], by: int, count: int) -> list[str]:
    seen = []
    for _ in range(count):
        settings = {**settings, **control.neighbour(settings, by)}
        kind = str(settings["background"])
        name = Path(str(settings["background_image"])).name
        seen.append(name if kind == "image" else kind)
    return seen


def test_the_round_holds_every_picture_beside_the_chosen_one(tmp_path: Path) -> None:
    for name in ("c.png", "A.JPG", "b.webp", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    chosen = {**defaults(), "background": "blur", "background_image": str(tmp_path / "b.webp"),
              "background_source": "Browser"}  # fmt: skip
    there = ["A.JPG", "b.webp", "c.png", "source", "transparent", "color", "blur"]
    assert _round(chosen, 1, 7) == there
    assert _round(chosen, -1, 7) == [*there[-2::-1], "blur"]


def test_the_round_without_files_and_from_outside_it() -> None:
    plain = {**defaults(), "background": "room"}
    assert _round(plain, 1, 4) == ["transparent", "color", "blur", "transparent"]
    assert _round(plain, -1, 2) == ["blur", "color"]
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
    assert [path.name for path in tmp_path.iterdir()] == [places.HOTKEYS]


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff", b"[1]", None])
def test_a_damaged_file_of_keys_binds_none(tmp_path: Path, damaged: bytes | None) -> None:
    if damaged is None:
        (tmp_path / places.HOTKEYS).mkdir()
    else:
        (tmp_path / places.HOTKEYS).write_bytes(damaged)
    world, hotkeys = _with_hotkeys({})
    assert not any(world.bindings.values())
    saved = fake.world.hold({})
    hotkeys.save(saved)


# Names and words


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


def test_settings_are_read_with_their_defaults(world: World) -> None:
    with obs_filters.camera_filter("Second", "Virtual Background") as one:
        assert obs_filters.values(one) == {**defaults(), "shadow": 0.5}
    assert world.balanced()
