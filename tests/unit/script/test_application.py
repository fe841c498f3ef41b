"""The script's life: loaded, unloaded at a switch of the scene collection, loaded again."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit import fake_obspython as fake
from tests.unit.fake_obspython import Source, World
from vb_link import folders, texts
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID
from vb_script import application, libobs, lock, lua_half, text_lines
from vb_script import reload_state as survivors_module
from vb_script.libobs import LibraryError
from vb_script.panel_closings import PanelClosings
from vb_script.reload_state import survivors

SURVIVORS = "_test_survivors_of_the_application"


class Library:
    """libobs, as far as a script without filters needs it; its UI tasks are run by hand."""

    def __init__(self) -> None:
        self.tasks: list[Any] = []

    def obs_queue_task(self, _kind: int, task: Any, _parameter: None, _wait: bool) -> None:
        self.tasks.append(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(task.value))

    def run(self) -> None:
        while self.tasks:
            self.tasks.pop(0)(None)


class Part:
    """A worker or an request thread that only says when it was ended."""

    problem = None
    pid = 1
    requests_done = 0

    def __init__(self, name: str, ended: list[str]) -> None:
        self._name, self._ended = name, ended

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self._ended.append(self._name)


@pytest.fixture
def ended() -> list[str]:
    """The parts in the order in which they were ended."""
    return []


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, ended: list[str]) -> Library:
    made = Library()
    monkeypatch.setattr(survivors_module, "_NAME", SURVIVORS)
    monkeypatch.delitem(sys.modules, SURVIVORS, raising=False)
    monkeypatch.setattr(libobs, "libobs", lambda: made)
    monkeypatch.setattr(libobs, "log", lambda *_arguments, **_options: None)
    monkeypatch.setattr(libobs, "check_version", lambda: True)
    monkeypatch.setattr(lua_half, "load", lambda _table: 7)
    monkeypatch.setattr(lua_half, "update", lambda _handle, _table: None)
    monkeypatch.setattr(application, "WorkerProcess", lambda *_, **__: Part("worker", ended))
    monkeypatch.setattr(application, "RequestThread", lambda *_, **__: Part("requests", ended))
    monkeypatch.setattr(application, "application", application.Application())
    return made


@pytest.fixture
def world() -> Iterator[World]:
    made = fake.fresh()
    camera = Source("Camera", filters=[Source("Virtual Background", FILTER_ID)])
    own = Source("Own", SCENE_FILTER_ID, {"background": "blur"})
    made.inputs, made.scenes = [camera], [Source("Stage", "scene", filters=[own])]
    yield made
    assert made.balanced()


def _load() -> application.Application:
    application.load(None)
    return application.application


@pytest.mark.usefixtures("world")
def test_names_asked_for_when_the_script_was_unloaded_are_asked_for_again(library: Library) -> None:
    app = _load()
    segment = survivors().memory.segment
    segment.channels[0].used = 1
    app.round()
    application.unload()
    library.run()
    assert segment.scene_names == b"", "the test would not notice"
    app = _load()
    app.round()
    library.run()
    application.unload()
    assert segment.scene_names == b"Stage"


@pytest.mark.usefixtures("world", "library")
def test_a_load_that_succeeds_forgets_why_the_last_one_did_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_table: Any) -> int:
        raise LibraryError("Error.LuaHalf", file="x.lua")

    with monkeypatch.context() as patch:
        patch.setattr(lua_half, "load", refuse)
        assert "x.lua" in _load().board.summary()
    application.unload()
    assert "x.lua" not in _load().board.summary()
    application.unload()


@pytest.mark.usefixtures("world", "library")
def test_nothing_is_asked_of_a_script_whose_worker_was_ended(ended: list[str]) -> None:
    _load()
    application.unload()
    assert ended == ["requests", "worker"]


# OBS gives hotkeys, events and buttons to the script that it noted last


@pytest.fixture
def gave_way(monkeypatch: pytest.MonkeyPatch, library: Library) -> list[str]:
    """What was done, in order: all that lets go of Python's lock, and what OBS notes."""
    done: list[str] = []

    def note(module: Any, name: str, word: str) -> None:
        before = getattr(module, name)

        def noted(*arguments: Any, **options: Any) -> Any:
            done.append(word)
            return before(*arguments, **options)

        monkeypatch.setattr(module, name, noted)

    note(time, "sleep", "gave way")
    note(texts, "read", "gave way")
    note(libobs, "libobs", "gave way")
    for name in (
        "obs_frontend_add_event_callback",
        "obs_hotkey_register_frontend",
        "obs_properties_add_button",
    ):
        note(sys.modules["obspython"], name, "noted")
    assert library
    return done


@pytest.mark.usefixtures("world")
def test_hotkeys_and_events_are_this_scripts_whatever_other_scripts_do(gave_way: list[str]) -> None:
    _load()
    assert "gave way" in gave_way and "noted" not in gave_way[gave_way.index("gave way") :]
    application.unload()


@pytest.mark.usefixtures("world", "library")
def test_what_comes_and_goes_stands_below_all_rows_and_moves_none() -> None:
    board = _load().board
    panel = application.properties()
    heights = {key: row.text.count("\n") for key, row in panel.inner.items()}
    board.note("The preset was saved as /a/long/path/to/the/folder/with/presets/mine.json.")
    refresh = panel.inner["refresh"].pressed
    assert refresh is not None and refresh(panel, panel.inner["refresh"])
    application.unload()
    assert list(panel.inner)[-3:] == ["summary", "backgrounds", "news"]
    assert panel.inner["news"].text.startswith("The preset was saved as")
    assert {key: row.text.count("\n") for key, row in panel.inner.items()} == heights
    assert max(len(line) for line in panel.inner["news"].text.split("\n")) <= 32


@pytest.mark.usefixtures("world")
def test_a_lock_that_waits_is_put_in_when_the_panel_closes_or_obs_saves(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = [True]
    monkeypatch.setattr(lock, "put_missing", lambda: missing and missing.pop())
    app = _load()
    settings = fake.obs_data_create()
    closed = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(PanelClosings.address())
    # The panel is closed; then OBS saves, as it was asked to, and there is nothing left to do.
    for saved, event in ((1, lambda: closed(None)), (1, lambda: application.save(settings))):
        event()
        assert fake.world.saves == saved - bool(missing)
        library.run()
        assert fake.world.saves == saved
    missing.append(True)
    app.guard = None
    application.on_event(fake.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGING)
    assert not missing  # at once: OBS saves the former collection next
    assert app.board.news() == ""
    application.unload()
    closed(None)  # the panel outlives the script
    fake.obs_data_release(settings)


def _lines(panel: Any, key: str) -> list[str]:
    """Return a text's lines, each without the wide space at its end."""
    return [line.removesuffix("\u3000") for line in panel.inner[key].text.split("\n")]


@pytest.mark.usefixtures("world")
def test_the_panels_buttons_are_this_scripts_whatever_other_scripts_do(gave_way: list[str]) -> None:
    _load()
    gave_way.clear()
    panel = application.properties()
    assert "gave way" in gave_way and "noted" not in gave_way[gave_way.index("gave way") :]
    application.unload()
    assert _lines(panel, "summary")[:2] == ["Working. Cameras with the", "filter: 0"]
    scenes, tools = panel.inner["group_scenes"].inner, panel.inner["group_tools"].inner
    assert _lines(panel, "backgrounds") == ["Stage: Blur", " "]
    assert scenes["scene"].choices == [("Stage", "Stage")]
    assert tools["camera"].choices == [("Camera", "Camera\nVirtual Background")]


@pytest.mark.usefixtures("library")
def test_the_panels_lists_begin_with_the_program_and_are_no_wider_than_the_window(
    world: World,
) -> None:
    world.inputs = [
        Source(
            "Camera", filters=[Source(name, FILTER_ID) for name in ("Sharp edges", "Soft edges")]
        ),
        Source("Logitech webcam on the right", filters=[Source("Any", FILTER_ID)]),
    ]
    world.scenes = [Source(name, "scene") for name in ("Beach", "The longest name here", "Stage")]
    world.program = world.scenes[1]
    _load()
    panel = application.properties()
    application.unload()
    scene, cameras = (fake.obs_properties_get(panel, key) for key in ("scene", "camera"))
    assert scene is not None and cameras is not None
    assert [value for _, value in scene.choices] == ["The longest name here", "Beach", "Stage"]
    assert [text for text, _ in scene.choices][1:] == ["Beach", "Stage"]
    assert [value.split("\n")[1] for _, value in cameras.choices] == [
        "Sharp edges", "Soft edges", "Any",
    ]  # fmt: skip
    shown = [text for text, _ in (*scene.choices, *cameras.choices)]
    assert max(map(text_lines.width, shown)) <= text_lines.ENTRY_COLUMNS
    assert len(set(shown)) == len(shown)


@pytest.mark.usefixtures("library", "world")
def test_the_panel_offers_the_set_up_until_it_is_done_and_then_all_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = [False]
    monkeypatch.setattr(folders, "venv_is_whole", lambda: whole[0])
    app = _load()
    panel = application.properties()
    before = {key for key, row in panel.inner.items() if row.visible}
    assert before == {"set_up_line", "set_up", "cancel", "group_sources", "refresh", "news"}
    assert panel.inner["set_up"].enabled and not panel.inner["cancel"].enabled
    assert "Not set up yet" in panel.inner["set_up_line"].text
    started: list[str] = []
    monkeypatch.setattr(app.set_up, "start", lambda: started.append("started"))
    monkeypatch.setattr(app.set_up, "is_running", lambda: True)
    press = panel.inner["set_up"].pressed
    assert press is not None and press(panel, panel.inner["set_up"]) and started == ["started"]
    assert not panel.inner["set_up"].enabled and panel.inner["cancel"].enabled
    assert {key for key, row in panel.inner.items() if row.visible} == before, "rows moved"
    whole[0] = True
    monkeypatch.setattr(app.set_up, "is_running", lambda: False)
    refresh = panel.inner["refresh"].pressed
    assert refresh is not None and refresh(panel, panel.inner["refresh"])
    after = {key for key, row in panel.inner.items() if row.visible}
    assert {"group_scenes", "group_tools", "check", "summary"} <= after
    assert not after & {"set_up_line", "set_up", "cancel"}
    application.unload()


@pytest.mark.usefixtures("library")
def test_a_camera_that_was_added_is_marked_in_the_list(world: World) -> None:
    world.inputs.append(Source("New"))
    _load()
    panel = application.properties()
    sources = panel.inner["group_sources"].inner
    assert sources["source"].choices == [("✓ Camera", "Camera"), ("New", "New")]
    world.inputs[1].filters.append(Source("Virtual Background", FILTER_ID))
    refresh = panel.inner["refresh"].pressed
    assert refresh is not None and refresh(panel, panel.inner["refresh"])
    assert sources["source"].choices == [("✓ Camera", "Camera"), ("✓ New", "New")]
    application.unload()


def test_a_fault_of_ours_that_comes_each_second_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(libobs, "log", lambda text, **_: told.append(text))
    made = application.Application()
    for error in (KeyError("one"), KeyError("one"), ValueError("another"), KeyError("one")):
        made.failed(error)
    assert [line.rsplit(": ", 2)[1:] for line in told] == [
        ["KeyError", "'one'"], ["ValueError", "another"], ["KeyError", "'one'"],
    ]  # fmt: skip
