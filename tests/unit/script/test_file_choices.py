"""A file chosen in a filter's panel: when OBS is to rebuild it, and what it waits for."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pytest

from vb_script import file_choices, reload_state
from vb_script.file_choices import FileChoices

FILTER, PANEL, SETTINGS = 40, 10, 20
ROW, WRONG = 1, 2
PATH = "/home/me/été.png"


class Library:
    """libobs with one panel: the row of a file and the line below it."""

    def __init__(self) -> None:
        self.path = PATH
        self.visible = {ROW: True, WRONG: False}
        self.words = b""
        self.found: tuple[bool, bytes] = (False, b"")  # what renewing the rows brings
        self.applied = 0

    def obs_property_name(self, _row: int) -> bytes:
        return b"background_image"

    def obs_data_get_string(self, _settings: int, _key: bytes) -> bytes:
        return self.path.encode()

    def obs_property_visible(self, row: int) -> bool:
        return self.visible[row]

    def obs_property_description(self, _row: int) -> bytes:
        return self.words

    def obs_properties_get(self, _panel: int, key: bytes) -> int:
        assert key == b"background_image_line"
        return WRONG

    def obs_properties_apply_settings(self, panel: int, settings: int) -> None:
        assert (panel, settings) == (PANEL, SETTINGS)
        self.applied += 1
        assert not _choose()  # as OBS calls all rows then
        self.visible[WRONG], self.words = self.found


class Bench:
    def __init__(self) -> None:
        self.library = Library()
        self.clock, self.answer_at = 0.0, 0.0
        self.faults: list[Exception] = []
        self.made = FileChoices(
            self.library, self._answered, self.faults.append, now=lambda: self.clock,
            sleep=self._sleep,
        )  # fmt: skip

    def _answered(self, path: str) -> bool:
        assert path == PATH
        return self.clock >= self.answer_at

    def _sleep(self, seconds: float) -> None:
        self.clock += seconds


def _choose() -> bool:
    """Call what OBS calls, as OBS does."""
    kind: Any = ctypes.CFUNCTYPE(ctypes.c_bool, *[ctypes.c_void_p] * 4)
    return bool(kind(FileChoices.address())(FILTER, PANEL, ROW, SETTINGS))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(reload_state, "_NAME", "_test_survivors_of_the_file_choices")
    made = Bench()
    yield made
    made.made.close()
    assert not _choose()
    assert made.faults == []


def test_the_panel_is_rebuilt_where_the_line_comes_goes_or_says_something_else(
    bench: Bench,
) -> None:
    for found in ((True, b"no picture"), (True, b"no file"), (False, b"")):
        bench.library.found = found
        assert _choose()
        assert not _choose()  # nothing is new: the panel stays as it is


def test_it_waits_for_the_scripts_answer_and_until_the_filter_has_seen_it(bench: Bench) -> None:
    bench.answer_at = 0.5
    _choose()
    assert bench.clock >= 0.5 + file_choices.SEEN_SECONDS
    assert bench.library.applied == 1


def test_a_file_that_does_not_open_keeps_the_panel_still_for_a_moment_only(bench: Bench) -> None:
    bench.answer_at = 60.0
    _choose()
    assert bench.clock <= 2.0
    assert bench.library.applied == 1


@pytest.mark.parametrize("why", ["no file", "unseen"])
def test_nothing_is_waited_for_where_nothing_is_wished(bench: Bench, why: str) -> None:
    """As when a panel is opened: OBS calls the function of every row then."""
    bench.answer_at = 60.0
    if why == "no file":
        bench.library.path = ""
    else:
        bench.library.visible[ROW] = False
    assert not _choose()
    assert (bench.clock, bench.library.applied) == (0.0, 0)


def test_a_fault_does_not_reach_obs(bench: Bench) -> None:
    bench.library.visible.clear()
    assert not _choose()
    assert [type(fault) for fault in bench.faults] == [KeyError]
    bench.faults.clear()
