"""The rows of a panel of OBS's properties, in the filters' window and in that of the scripts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.by_hand.hand import Hand
from tests.by_hand.windows import Box, Widget, Windows

HINT_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"  # the picture of the hint, in a row's text
FIELDS = ("combo box", "slider", "spin button", "text", "push button")
MOST_SCROLLS = 40
READS = 4


class HandError(AssertionError):
    """What a person finds wrong with a window."""


@dataclass(frozen=True)
class Row:
    """``text`` is what stands before it, or on it; ``fields`` what can be used in it."""

    text: str
    top: int
    fields: tuple[Widget, ...]

    def field(self, role: str) -> Widget:
        found = [one for one in self.fields if one.role == role]
        if not found:
            raise HandError(f"The row {self.text!r} has no {role}.")
        return found[0]


def _plain(name: str) -> str:
    return name.replace(HINT_MARK, "").strip()


def _beside(label: Widget, field: Widget) -> bool:
    middle = label.middle[1]
    return field.box[1] <= middle < field.box[1] + field.box[3] and field.box[0] > label.box[0]


def _rows(of: Widget) -> Iterator[Row]:
    for one in of.holds:
        if one.role == "label" and _plain(one.name):
            fields = tuple(f for f in of.holds if f.role in FIELDS and _beside(one, f))
            if fields:
                yield Row(_plain(one.name), one.box[1], fields)
        elif one.role in ("check box", "push button") and one.name:
            yield Row(_plain(one.name), one.box[1], (one,))
        if one.role != "combo box":
            yield from _rows(one)


class Panel:
    """The panel in the window whose title holds ``title``."""

    def __init__(self, hand: Hand, windows: Windows, title: str) -> None:
        self.hand, self.windows, self.title = hand, windows, title

    # What is to be seen

    def window(self) -> Widget:
        found = [one for one in self.windows.read() if self.title in one.name]
        if not found:
            raise HandError(f"The window {self.title!r} has closed by itself.")
        return found[0]

    def is_open(self) -> bool:
        return any(self.title in one.name for one in self.windows.read())

    def rows(self) -> list[Row]:
        return list(_rows(self.window()))

    def row(self, text: str, number: int = 0) -> Row:
        """Return the row of that text, the ``number``-th of them."""
        return self._find(text, number)[1]

    def _find(self, text: str, number: int) -> tuple[Widget, Row]:
        """Return the window and a row in it; a panel that is just being filled is read again."""
        for _ in range(READS):
            window = self.window()
            found = [one for one in _rows(window) if one.text == text]
            if len(found) > number:
                return window, found[number]
            time.sleep(0.4)
        raise HandError(f"The window {self.title!r} has no row {text!r} ({number}).")

    def has(self, text: str, number: int = 0) -> bool:
        return len([one for one in self.rows() if one.text == text]) > number

    def places(self) -> list[tuple[str, int]]:
        """Return each row's text and how high it stands on the screen."""
        return [(one.text, one.top) for one in self.rows()]

    def words(self) -> list[str]:
        """Return the lines of the panel that are longer than a row's text."""
        return [one.name for one in self.window().find("label") if len(one.name) > 30]

    def dialog(self, seconds: float = 15.0) -> Widget:
        """Return the window that one of this panel's has opened."""
        deadline = time.monotonic() + seconds
        while True:
            others = [
                one
                for one in self.windows.read()
                if one.role in ("dialog", "file chooser", "color chooser", "alert")
                and self.title not in one.name
            ]
            if others:
                return others[-1]
            if time.monotonic() > deadline:
                raise HandError("No window opened.")
            time.sleep(0.3)

    # The wheel

    def reach(self, text: str, role: str, number: int = 0) -> Widget:
        """Scroll until the field can be clicked, and return it."""
        for _ in range(MOST_SCROLLS):
            window, row = self._find(text, number)
            field = row.field(role)
            view = _view(window, field)
            if view is None or _inside(field.box, view):
                return field
            notches = 1 if field.middle[1] > view[1] + view[3] // 2 else -1
            distance = abs(field.middle[1] - (view[1] + view[3] // 2))
            # Its left rim is bare: the wheel there turns nothing but the panel.
            self.hand.wheel((view[0] + 3, view[1] + view[3] // 2), notches * max(1, distance // 90))
        raise HandError(f"The row {text!r} cannot be scrolled to.")


def _path(of: Widget, to: Widget) -> list[Widget] | None:
    if of is to:
        return []
    for one in of.holds:
        below = _path(one, to)
        if below is not None:
            return [of, *below]
    return None


def _view(window: Widget, field: Widget) -> Box | None:
    """Return the part of the screen that shows what ``field`` is scrolled in."""
    around = _path(window, field) or []
    for outer, inner in zip(around, around[1:], strict=False):
        if inner.box[3] > outer.box[3]:
            return outer.box
    return None


def _inside(box: Box, view: Box) -> bool:
    return view[1] <= box[1] and box[1] + box[3] <= view[1] + view[3]
