"""The rows of a panel of OBS's properties, in the filters' window and in that of the scripts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.by_hand.faults import Fault, HandError
from tests.by_hand.hand import Hand
from tests.by_hand.windows import Box, Widget, Windows

HINT_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"  # the hint's icon, in a row's text
FIELDS = ("combo box", "slider", "spin button", "text", "push button")
GROUP = "group"  # what OBS calls each group to a screen reader, whatever its title
QUESTION, YES = "alert", "alt+y"  # also where Yes is はい(&Y)
DIALOGS = ("dialog", "file chooser", "color chooser", "alert")
MOST_SCROLLS = 40
READS = 4
FILLING = 20.0  # seconds that a busy OBS may take to fill a panel
ACTIVATING = 10.0  # seconds that a window manager may take to give a new window the keys
TRIES = 4

Places = list[tuple[str, int]]  # each row's text, and how high it stands on the screen


@dataclass(frozen=True)
class Row:
    """``text`` is its label; ``fields`` are the widgets in it that can be used.

    ``number`` distinguishes rows with the same text, from the top.
    """

    text: str
    number: int
    top: int
    fields: tuple[Widget, ...]

    def has(self, role: str) -> bool:
        return any(field.role == role for field in self.fields)

    def field(self, role: str) -> Widget:
        for field in self.fields:
            if field.role == role:
                return field
        raise HandError(Fault.UNUSABLE, f"The row {self.text!r} has no {role}.")


def _plain(name: str) -> str:
    return name.replace(HINT_MARK, "").strip()


def _beside(label: Widget, field: Widget) -> bool:
    middle = label.middle[1]
    return field.box[1] <= middle < field.box[1] + field.box[3] and field.box[0] > label.box[0]


def _found(of: Widget, around: tuple[Widget, ...] = ()) -> Iterator[tuple[str, tuple[Widget, ...]]]:
    """Yield the rows in ``of``, a part of what holds ``around``.

    From OBS 32 on a label with a hint is in a box of its own, with the hint's icon.
    """
    alone = not any(widget.role in FIELDS for widget in of.holds)
    for widget in of.holds:
        if widget.role == "label" and _plain(widget.name):
            candidates = around if alone else of.holds
            fields = tuple(f for f in candidates if f.role in FIELDS and _beside(widget, f))
            if fields:
                yield _plain(widget.name), fields
        elif widget.role in ("check box", "push button") and widget.name:
            yield _plain(widget.name), (widget,)
        if widget.role != "combo box":
            yield from _found(widget, of.holds)


def rows_in(window: Widget) -> list[Row]:
    """Return the rows in a window, from top to bottom."""
    seen: Counter[str] = Counter()
    rows = []
    for text, fields in _found(window):
        rows.append(Row(text, seen[text], fields[0].box[1], fields))
        seen[text] += 1
    return rows


def row_in(window: Widget, text: str, number: int) -> Row | None:
    for row in rows_in(window):
        if (row.text, row.number) == (text, number):
            return row
    return None


def places_in(window: Widget) -> Places:
    return [(row.text, row.top) for row in rows_in(window)]


def words_in(window: Widget) -> list[str]:
    """Return the lines of a panel that are longer than a row's text."""
    return [label.name for label in window.find("label") if len(label.name) > 30]


class Panel:
    """The panel in the window whose title holds ``title``.

    ``anywhere``: OBS may scroll the panel when it rebuilds it (OBS 30 on).
    """

    def __init__(self, hand: Hand, windows: Windows, title: str, *, anywhere: bool = False) -> None:
        self.hand, self.windows, self.title = hand, windows, title
        self.anywhere = anywhere

    # What is shown

    def window(self) -> Widget:
        for _ in range(READS):  # a window too busy to answer is missing
            for window in self.windows.read():
                if self.title in window.name:
                    return window
            time.sleep(0.4)
        raise HandError(Fault.WINDOW_CLOSED, f"The window {self.title!r} has closed by itself.")

    def is_open(self) -> bool:
        return any(self.title in window.name for window in self.windows.read())

    def settle(self) -> Widget:
        """Return the window once it stops moving: a window manager places a new one."""
        box: Box | None = None
        while True:
            window = self.window()
            if window.box == box:
                return window
            box = window.box
            time.sleep(0.3)

    def rows(self) -> list[Row]:
        return rows_in(self.window())

    def row(self, text: str, number: int = 0) -> Row:
        """Return the row of that text, the ``number``-th of them."""
        return self._find(text, number)[1]

    def _find(self, text: str, number: int) -> tuple[Widget, Row]:
        """Return the window and a row in it; a panel that is being filled is read again."""
        deadline = time.monotonic() + FILLING
        while True:
            window = self.window()
            row = row_in(window, text, number)
            if row is not None:
                return window, row
            if time.monotonic() > deadline:
                break
            time.sleep(0.4)
        raise HandError(
            Fault.UNUSABLE, f"The window {self.title!r} has no row {text!r} ({number})."
        )

    # Other windows

    def others(self) -> list[Widget]:
        """Return the windows that are open beside this panel's and OBS's own."""
        return [
            window
            for window in self.windows.read()
            if window.role in DIALOGS and self.title not in window.name
        ]

    def dialog(self, seconds: float = 60.0) -> Widget:
        """Return the window that one of this panel's rows has opened, once it takes keys."""
        opened = self.opened(seconds)
        if opened is None:
            seen = [(window.name, sorted(window.states)) for window in self.others()]
            raise HandError(Fault.UNUSABLE, f"No window opened that takes keys: {seen}")
        return opened

    def opened(self, seconds: float) -> Widget | None:
        """As ``dialog``, or None if there is no such window in that time."""
        began = time.monotonic()
        while (waited := time.monotonic() - began) < seconds:
            others = self.others()
            if others and "ACTIVE" in others[-1].states:
                return others[-1]
            if others and waited > ACTIVATING:
                self.hand.activate(others[-1].name)
            time.sleep(0.3)
        return None

    def closes(self, key: str) -> bool:
        """Press a key; return whether it closes the other windows.

        After Return also answer Yes where Qt asks whether to replace a file: its default is No.
        """
        self.hand.keys(key)
        deadline = time.monotonic() + 10.0  # a second Escape would close the panel's window
        while others := self.others():
            if time.monotonic() > deadline:
                return False
            if key == "Return" and others[-1].role == QUESTION:
                self.hand.keys(YES)
            time.sleep(0.2)
        return True

    def answer(self, key: str) -> None:
        """Close the other windows by a key."""
        if not any(self.closes(key) for _ in range(TRIES)):
            seen = [(other.name, [f.text for f in other.find("text")]) for other in self.others()]
            raise HandError(Fault.UNUSABLE, f"Windows do not close: {seen}.")

    # The wheel

    def reach(self, text: str, role: str, number: int = 0) -> tuple[Widget, Widget]:
        """Scroll until the field can be clicked; return the window and the field."""
        for _ in range(MOST_SCROLLS):
            window, row = self._find(text, number)
            field = row.field(role)
            view = _view(window, field)
            if view is None or _inside(field.box, view):
                if view is not None and _cut(field.box, view):
                    raise HandError(Fault.UNUSABLE, f"The row {text!r} is cut off at its side.")
                return window, field
            top = field.box[1] + min(field.box[3], view[3]) // 2  # a group is higher than the view
            middle = view[1] + view[3] // 2
            notches = 1 if top > middle else -1
            # There are no fields at its left edge: the wheel only scrolls the panel there.
            self.hand.wheel((view[0] + 3, middle), notches * max(1, abs(top - middle) // 90))
        raise HandError(Fault.UNUSABLE, f"The row {text!r} cannot be scrolled to.")


def _path(of: Widget, to: Widget) -> list[Widget] | None:
    if of is to:
        return []
    for child in of.holds:
        below = _path(child, to)
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
    height = min(box[3], view[3] // 2)  # for an open group its title is enough
    return view[1] <= box[1] and box[1] + height <= view[1] + view[3]


def _cut(box: Box, view: Box) -> bool:
    return box[0] < view[0] or box[0] + box[2] > view[0] + view[2]


@dataclass(frozen=True)
class Scroll:
    """How far a panel is scrolled down, its height and that of the part seen, in pixels."""

    at: int
    height: int
    page: int


def scrolled_by_obs(before: Widget, after: Widget, anywhere: bool) -> int:
    """Return by how many pixels OBS itself moves a panel's rows up when it rebuilds it.

    OBS 29 keeps the scroll position. Later ones (``anywhere``) compute it from a height that is not
    final yet: where it ends nobody can say, but all rows move with it.
    """
    old, new = scroll_of(before), scroll_of(after)
    if old is None:
        return 0
    if new is None:  # all of it fits
        return -old.at
    return (new.at if anywhere else min(old.at, new.height - new.page)) - old.at


def scroll_of(window: Widget) -> Scroll | None:
    """Return None for a window without a panel that can be scrolled."""
    bars = [bar for bar in window.find("scroll bar") if bar.box[3] > bar.box[2]]
    if not bars:
        return None
    bar = max(bars, key=lambda bar: bar.box[0])  # a list's is left of it
    page = bar.box[3]
    return Scroll(int(bar.value), int(bar.range[1]) + page, page)
