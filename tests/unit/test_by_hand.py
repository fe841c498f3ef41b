"""The hand at OBS's windows finds what is wrong with them: here the windows are made up."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any, cast

import pytest

from vb_link import texts
from vb_link.settings import defaults

if sys.platform == "win32":
    pytest.skip("POSIX only: OBS is used through X11", allow_module_level=True)
pytest.importorskip("Xlib")

from tests.by_hand import rows
from tests.by_hand.faults import Fault, HandError
from tests.by_hand.kept import Kept
from tests.by_hand.panel import READS, Panel, rows_in, scrolled_by_obs
from tests.by_hand.rows import Rows
from tests.by_hand.windows import Box, Widget


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """These windows change with each look, not with time."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(rows, "OPENING", 0.1)


TITLE = "Filters for 'Camera'"


def _widget(role: str, name: str, box: Box, *holds: Widget, states: str = "") -> Widget:
    return Widget(role, name, frozenset(states.split()), box, "", 3.0, (0.0, 9.0), holds)


def _window(*, top: int = 100, left: int = 0, opened: bool = True, cursor: bool = True) -> Widget:
    items = (_widget("list item", "Blur", (120, 130, 80, 20)),) if opened else ()
    offered = _widget("list", "", (100, 120, 200, 60), *items)
    return _widget(
        "dialog", TITLE, (left, 0, 400, 300),
        _widget("label", "Background", (10, top, 80, 20)),
        _widget("combo box", "Blur", (100, top, 200, 20), offered),
        _widget("label", "Strength", (10, top + 30, 80, 20)),
        _widget("spin button", "", (100, top + 30, 60, 20), states="FOCUSED" if cursor else ""),
    )  # fmt: skip


class FakeWindows:
    """Gives one window after another, then the last one for good."""

    def __init__(self, *seen: Widget) -> None:
        self._seen = list(seen)

    def read(self) -> list[Widget]:
        return [self._seen.pop(0) if len(self._seen) > 1 else self._seen[0]]


class FakeHand:
    actions = 0

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def _rows(*later: Widget) -> Rows:
    """``later`` follow when the panel stands still and the row has been found."""
    still = _window()
    windows = FakeWindows(still, still, still, *later)
    return Rows(Panel(cast(Any, FakeHand()), cast(Any, windows), TITLE), 0.0)


def _fault(use: Any) -> Fault:
    with pytest.raises(HandError) as caught:
        use()
    return caught.value.fault


def test_a_row_is_what_stands_before_it_and_is_numbered() -> None:
    window = _window()
    twice = replace(window, holds=(*window.holds, *window.holds))
    found = [(row.text, row.number, row.top) for row in rows_in(twice)]
    assert ("Background", 0, 100) in found and ("Background", 1, 100) in found
    assert ("Strength", 1, 130) in found


def test_what_is_well_is_no_fault() -> None:
    used = _rows(_window(), _window(), _window(opened=False))
    assert used.choose("Background", "Blur") == "Blur"
    assert _rows().type_number("Strength", "3") == 3.0


def test_a_list_that_closed_is_told() -> None:
    used = _rows(_window(), _window(opened=False))
    assert _fault(lambda: used.leave_list("Background")) is Fault.LIST_CLOSED


def test_a_lost_cursor_is_told() -> None:
    used = _rows(_window(), _window(cursor=False))
    assert _fault(lambda: used.type_number("Strength", "12")) is Fault.CURSOR_LOST


def test_a_click_that_was_not_taken_is_made_again_and_counted() -> None:
    elsewhere = [_window(cursor=False)] * READS
    used = _rows(*elsewhere, _window())
    assert used.type_number("Strength", "3") == 3.0
    assert used.clicks_missed == 1
    used = _rows(_window(cursor=False))
    assert _fault(lambda: used.type_number("Strength", "3")) is Fault.UNUSABLE


def test_a_list_that_stays_open_is_told() -> None:
    assert _fault(lambda: _rows(_window()).leave_list("Background")) is Fault.UNUSABLE


def test_a_box_that_a_busy_obs_ticks_late_is_seen() -> None:
    def holding(states: str) -> Widget:
        box = _widget("check box", "On", (10, 200, 80, 20), states=states)
        return replace(_window(), holds=(*_window().holds, box))

    off, on = holding("ENABLED"), holding("ENABLED CHECKED")
    windows = FakeWindows(off, off, off, off, off, off, on)
    used = Rows(Panel(cast(Any, FakeHand()), cast(Any, windows), TITLE), 0.0)
    used.press("On")
    assert used.ticked("On", 0, True) is True


@pytest.mark.parametrize(("key", "answers"), [("Return", ["alt+y"]), ("Escape", [])])
def test_a_file_is_replaced_where_qt_asks(
    key: str, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed: list[str] = []

    class Windows:
        def read(self) -> list[Widget]:
            asks = _widget("alert", "Save as", (0, 0, 200, 90))
            open_ = [_widget("dialog", "Save as", (0, 0, 400, 300))]
            return [*open_, asks] if pressed == [key] else []

    class KeyHand(FakeHand):
        def keys(self, name: str) -> None:
            pressed.append(name)

    now = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    panel = Panel(cast(Any, KeyHand()), cast(Any, Windows()), TITLE)
    assert panel.closes(key) == bool(answers)
    assert pressed == [key, *answers]


@pytest.mark.parametrize("taken", [0, 1, 4])
def test_a_button_whose_press_opened_nothing_is_pressed_again(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``taken`` is the press that opens the dialog; the window manager gives it no keys."""
    pressed: list[str] = []

    class PressingHand(FakeHand):
        def click(self, *_: Any) -> None:
            pressed.append("click")

        def activate(self, title: str) -> None:
            pressed.append(title)

        def keys(self, *names: str) -> None:
            pressed.extend(names)

    class Windows:
        def read(self) -> list[Widget]:
            label = _widget("label", "Image", (10, 200, 80, 20))
            button = _widget("push button", "Browse", (100, 200, 60, 20))
            panel = replace(_window(), holds=(label, button))
            if pressed.count("click") < taken or "Escape" in pressed or not taken:
                return [panel]
            states = "ACTIVE" if "Image" in pressed else ""
            field = replace(_widget("text", "", (10, 10, 80, 20)), text="path")
            return [panel, _widget("dialog", "Image", (0, 0, 400, 300), field, states=states)]

    now = iter(range(10_000))
    monkeypatch.setattr(time, "monotonic", lambda: next(now) / 20)
    used = Rows(Panel(cast(Any, PressingHand()), cast(Any, Windows()), TITLE), 0.0)
    if not taken:
        assert _fault(lambda: used.pick_color("Image", "path", cancel=True)) is Fault.UNUSABLE
        assert used.clicks_missed == rows.TRIES
        return
    used._choose_in_dialog("Image", 0, "path", lambda: None, True)
    assert pressed == [*["click"] * taken, "Image", "Escape"]
    assert used.clicks_missed == taken - 1


def test_a_label_in_a_box_with_its_hint_has_the_field_beside_the_box() -> None:
    box = _widget(
        "filler", "", (10, 10, 80, 20),
        _widget("label", "Quality", (10, 10, 60, 20)), _widget("image", "", (70, 10, 20, 20)),
    )  # fmt: skip
    field = _widget("combo box", "Balanced", (100, 5, 200, 30))
    other = _widget("combo box", "Blur", (100, 50, 200, 30))
    found = rows_in(_widget("dialog", TITLE, (0, 0, 400, 300), box, field, other))
    assert [(row.text, row.fields) for row in found] == [("Quality", (field,))]


def test_a_row_that_moved_is_told_with_its_pixels() -> None:
    used = _rows(_window(), _window(top=104))
    with pytest.raises(HandError) as caught:
        used.leave_list("Background")
    assert (caught.value.fault, caught.value.pixels) == (Fault.ROW_MOVED, 4)


def _scrolled(at: float, most: float, *, left: int = 390) -> Widget:
    bar = Widget("scroll bar", "", frozenset(), (left, 100, 10, 200), "", at, (0.0, most), ())
    window = _window()
    return replace(window, holds=(*window.holds, bar))


def test_rows_move_only_as_obs_scrolls_them() -> None:
    before, longer, shorter = _scrolled(50, 300), _scrolled(60, 400), _scrolled(10, 10)
    assert scrolled_by_obs(before, longer, False) == 0  # OBS 29 keeps the position
    assert scrolled_by_obs(before, longer, True) == 10
    assert scrolled_by_obs(before, shorter, False) == scrolled_by_obs(before, shorter, True) == -40
    assert scrolled_by_obs(_window(), longer, True) == 0
    assert scrolled_by_obs(before, _window(), True) == -50  # there is nothing to scroll any more
    before = replace(before, holds=(*before.holds, *_scrolled(3, 9, left=5).holds))
    assert scrolled_by_obs(before, longer, True) == 10  # the bar of a list


def test_a_row_that_is_cut_off_is_told() -> None:
    window = _window()
    label = _widget("label", "Background", (10, 110, 80, 20))
    button = _widget("push button", "Browse", (350, 110, 100, 20))
    content = _widget("filler", "", (0, 100, 500, 800), label, button)
    view = replace(window, holds=(_widget("filler", "", (0, 100, 400, 200), content),))
    panel = Panel(cast(Any, FakeHand()), cast(Any, FakeWindows(view)), TITLE)
    assert _fault(lambda: panel.reach("Background", "push button")) is Fault.UNUSABLE


def test_a_window_that_moved_or_closed_is_told() -> None:
    used = _rows(_window(), _window(), _window(left=5, opened=False))
    assert _fault(lambda: used.leave_list("Background")) is Fault.WINDOW_MOVED
    other = replace(_window(), name="Another")
    assert _fault(lambda: _rows(other).press("Strength")) is Fault.WINDOW_CLOSED


def test_what_is_kept_is_told_from_what_is_not() -> None:
    words = texts.load("en-US")
    kept = Kept(words, False, lambda: {**defaults(), "softness": 0.3, "cover_color": 0xFF996633})
    assert kept.word("Background", "Blur") and not kept.word("Background", "Image")
    assert kept.number(words["Softness"], 30.0) and not kept.number(words["Softness"], 50.0)
    assert kept.same(words["Active"], True) and not kept.same(words["Active"], False)
    # One of the two rows named so has it.
    assert kept.color(words["CoverColor"], "#336699") and not kept.color("Colour", "#123456")


def test_the_panels_list_of_scenes_is_told_from_a_setting_of_that_name() -> None:
    words = texts.load("en-US")
    assert words["Scene"] == words["NobodyScene"]
    saved = {**defaults(), "scene": "Desk"}
    kept = Kept(words, False, lambda: saved)
    assert kept.word("Scene", "Desk") and not kept.word("Scene", "Beach")
    saved["nobody_scene"] = "Beach"
    assert kept.word("Scene", "Beach")
