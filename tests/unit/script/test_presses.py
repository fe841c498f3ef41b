"""A button of a filter's panel: what the script is asked, and what the panel shows then."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pytest

import tests.unit.fake_obspython  # noqa: F401  (the requests import it)
from vb_script import panel_requests, presses, reload_state
from vb_script.presses import Presses

PANEL, SETTINGS, PARENT, FILTER = 10, 20, 30, 40
NAMES = {PARENT: "カメラ".encode(), FILTER: b"Virtual Background"}
BUTTONS = ("own_scene", "default_scene", "save_preset", "load_preset", "copy", "set_sync 3",
           "undo_sync", "start meeting", "undo_start")  # fmt: skip


class Library:
    """libobs with one panel; a button is the place of its key in BUTTONS, plus one."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []
        self.held = 0

    def obs_property_name(self, button: int) -> bytes:
        return BUTTONS[button - 1].encode()

    def obs_source_get_settings(self, _filter: int) -> int:
        self.held += 1
        return SETTINGS

    def obs_data_release(self, _settings: int) -> None:
        self.held -= 1

    def obs_data_get_string(self, _settings: int, key: bytes) -> bytes:
        return b"" if key == b"sync_source" else b"my " + key

    def obs_filter_get_parent(self, _filter: int) -> int:
        return PARENT

    def obs_source_get_name(self, source: int) -> bytes:
        return NAMES[source]

    def obs_properties_get(self, _panel: int, key: bytes) -> bytes:
        return key

    def obs_property_set_description(self, row: bytes, text: bytes) -> None:
        self.done.append((row.decode(), text.decode()))

    def obs_property_modified(self, row: bytes, settings: int) -> bool:
        self.done.append((row.decode(), settings))
        return True


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setattr(reload_state, "_NAME", "_test_survivors_of_the_presses")
    made = Library()
    yield made
    assert made.held == 0


def _press(key: str) -> bool:
    """Call what OBS calls, as OBS does."""
    kind: Any = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    return bool(kind(Presses.address())(PANEL, BUTTONS.index(key) + 1, FILTER))


@pytest.mark.parametrize(
    ("key", "words", "group"),
    [
        ("own_scene", ["my scene"], "scenes"),
        ("load_preset", ["カメラ", "Virtual Background", "my preset"], "tools"),
        ("copy", ["カメラ", "Virtual Background"], "tools"),
        ("set_sync 3", ["カメラ", "Virtual Background", "", "36.000"], "time"),
    ],
)
def test_a_press_is_answered_in_its_own_part_of_the_panel(
    library: Library, key: str, words: list[str], group: str
) -> None:
    asked: list[list[str]] = []

    def do(request: list[str]) -> str:
        asked.append(request)
        return "できました"

    made = Presses(library, do, lambda number: number * 12.0, _fail)
    assert _press(key)
    assert asked == [[key.split(maxsplit=1)[0], *words]]
    # The answer is there before it is shown. No row above asks what fits: the button stays.
    row = f"answer_{group}"
    assert library.done == [(row, "できました"), (row, SETTINGS)]
    made.close()
    assert not _press(key)
    assert len(asked) == 1


def test_a_fault_does_not_reach_obs(library: Library) -> None:
    faults: list[Exception] = []

    def do(_request: list[str]) -> str:
        raise ValueError("no")

    made = Presses(library, do, lambda _: 0.0, faults.append)
    assert not _press("copy")
    assert [str(fault) for fault in faults] == ["no"]
    made.close()


def test_every_button_has_a_request_of_as_many_words(library: Library) -> None:
    made = Presses(
        library, lambda words: _known(panel_requests.REQUESTS, words), lambda _: 1.0, _fail
    )
    assert {key.split()[0] for key in BUTTONS} == set(presses._BUTTONS)
    for key in BUTTONS:
        assert _press(key), key
    made.close()


def _known(known: dict[str, Any], words: list[str]) -> str:
    assert known[words[0]][1] == len(words) - 1
    return ""


def _fail(error: Exception) -> None:
    raise error
