"""What a person does to one row of a panel, by its kind, and how the row must react.

Each waits ``patience`` seconds halfway, while the camera plays and figures change, and raises
HandError if a list has closed, a text cursor is lost, or a row or the window has moved.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tests.by_hand.faults import Fault, HandError
from tests.by_hand.panel import (
    GROUP,
    READS,
    Panel,
    Row,
    places_in,
    row_in,
    rows_in,
    scroll_of,
    scrolled_by_obs,
    words_in,
)
from tests.by_hand.windows import Box, Widget

Answer = TypeVar("Answer")

TRIES = 4
OPENING = 5.0  # seconds that a busy OBS may take to open a list
REACTING = 15.0  # seconds that it may take to show what was pressed
TITLE = (19, 17)  # a position on a group's checkbox, from the group's corner


class Rows:
    def __init__(self, panel: Panel, patience: float) -> None:
        self.panel, self.patience = panel, patience
        self._hand = panel.hand
        self._before = panel.settle()  # the window before a row was used, and after it
        self.after = self._before
        self.scrolled = 0  # the most pixels that OBS itself has moved the rows by
        self.clicks_missed = 0  # clicks that did nothing, and were made again

    # Lists

    def choose(self, text: str, item: str, number: int = 0) -> str:
        """Choose ``item`` of a list; return what it then shows."""
        return self.choose_one(text, lambda items: item, number)[1]

    def choose_one(
        self, text: str, pick: Callable[[list[str]], str], number: int = 0
    ) -> tuple[str, str]:
        """Choose what ``pick`` returns from all items offered.

        Returns that and what is then shown: nothing if it has hidden the row.
        """
        found = self._open_list(text, number)
        items = [entry.name for entry in found]
        item = pick(items)
        if item not in items:
            raise HandError(Fault.UNUSABLE, f"The list {text!r} has no {item!r}: {items}")
        chosen = found[items.index(item)]
        for _ in range(TRIES):
            # Qt ignores a release that it sees within .4 s after a list has opened, however long
            # ago the button was pressed: the list stays, and a person clicks again.
            before = self._hand.actions
            self._hand.click((chosen.box[0] + 20, chosen.middle[1]))
            if self._closes(text, number):
                break
            self._hand.was_in_vain(before)
        self._check(text, number)

        def shown() -> str:
            row = row_in(self.after, text, number)
            # What was chosen may have hidden the row.
            return row.field("combo box").name if row and row.has("combo box") else ""

        return item, self._until(text, number, shown, lambda name: name in ("", item))

    def _closes(self, text: str, number: int) -> bool:
        """Whether a list closes soon."""
        deadline = time.monotonic() + OPENING
        while self._items(self.panel.window(), text, number):
            if time.monotonic() > deadline:
                return False
        return True

    def leave_list(self, text: str, number: int = 0) -> None:
        """Open a list and leave it by the Escape key."""
        self._open_list(text, number)
        self._hand.keys("Escape")
        if not self._closes(text, number):
            raise HandError(Fault.UNUSABLE, f"The list {text!r} does not close.")
        self._check(text, number)

    def _open_list(self, text: str, number: int) -> list[Widget]:
        field = self._reach(text, "combo box", number)
        x, y, width, height = field.box
        for _ in range(TRIES):
            # Its arrow opens it, even where its text can be edited. A release of the button that
            # a busy OBS sees .4 s after the press closes it again: that is Qt's own doing.
            before = self._hand.actions
            self._hand.click((x + width - 10, y + height // 2))
            deadline = time.monotonic() + OPENING
            while not (opened := self._items(self.panel.window(), text, number)):
                if time.monotonic() > deadline:
                    break
            if opened:
                break
            self._hand.was_in_vain(before)
        else:
            raise HandError(Fault.LIST_CLOSED, f"The list {text!r} does not open.")
        found = self._items(self._wait(), text, number)
        if not found:
            raise HandError(Fault.LIST_CLOSED, f"The list {text!r} has closed by itself.")
        return found

    def _items(self, window: Widget, text: str, number: int) -> list[Widget]:
        row = row_in(window, text, number)
        return [] if row is None else row.field("combo box").find("list item")

    # Text and numbers

    def type_name(self, text: str, name: str, number: int = 0) -> str:
        """Type into a list that takes any text; return what it then holds."""
        field = self._reach(text, "combo box", number)
        self._type_in(field.find("text")[0], name)
        self._check(text, number)

        def shown() -> str:
            return self._now(text, number).field("combo box").find("text")[0].text

        return self._until(text, number, shown, lambda found: found == name)

    def type_number(self, text: str, typed: str, number: int = 0) -> float:
        """Type into a number field, whatever that may be; return what it then holds."""
        field = self._reach(text, "spin button", number)
        self._type_in(field, typed)
        self._hand.keys("shift+Tab")  # to its slider: Tab may scroll to the next row
        self._check(text, number)
        return self._now(text, number).field("spin button").value

    def _type_in(self, field: Widget, typed: str) -> None:
        """Type half of the text before the wait and half after it."""
        at = (field.box[0] + 12, field.middle[1])
        self._put_cursor(field, lambda: self._hand.click(at))
        self._hand.keys("ctrl+a")
        half = (len(typed) + 1) // 2
        self._hand.type(typed[:half])
        self._keeps_cursor(field.box, "The text cursor is no longer where it was.")
        self._hand.type(typed[half:])

    def _put_cursor(self, field: Widget, use: Callable[[], None]) -> None:
        """Click or drag until the field has the cursor: a person sees what was not taken."""

        def there() -> None:
            window = self.panel.window()
            if not _has_cursor(window, field.box):
                raise HandError(
                    Fault.UNUSABLE,
                    f"The {field.role} at {field.box} takes no click. "
                    f"The cursor is in {_focused(window)}.",
                )

        for _ in range(TRIES - 1):
            before = self._hand.actions
            use()
            try:
                return _lasting(there)
            except HandError:
                self.clicks_missed += 1
                self._hand.was_in_vain(before)
        use()
        _lasting(there)

    def _keeps_cursor(self, box: Box, else_: str) -> None:
        """Wait as in the middle of a use; a cursor that is lost does not come back."""
        self._wait()

        def kept() -> None:
            window = self.panel.window()
            if not _has_cursor(window, box):
                raise HandError(Fault.CURSOR_LOST, f"{else_} It is in {_focused(window)}.")

        _lasting(kept)

    # Sliders

    def drag(self, text: str, share: float, number: int = 0) -> float:
        """Drag a slider's handle to a share of its range; return its row's number."""
        field = self._reach(text, "slider", number)
        x, y, width, height = field.box
        start = (x + height // 2 + int(_share(field) * (width - height)), y + height // 2)
        end = (x + height // 2 + int(share * (width - height)), y + height // 2)
        self._put_cursor(field, lambda: self._hand.drag(start, end, max(self.patience, 0.5)))
        self._check(text, number)
        return self._now(text, number).field("spin button").value

    def step(self, text: str, key: str, times: int, number: int = 0) -> float:
        """Move a slider by an arrow key; return its row's number."""
        field = self._reach(text, "slider", number)
        x, y, width, height = field.box
        handle = x + height // 2 + int(_share(field) * (width - height))
        self._put_cursor(field, lambda: self._hand.click((handle, y + height // 2)))
        self._hand.keys(*[key] * times)
        self._keeps_cursor(field.box, f"The slider {text!r} no longer takes keys.")
        self._check(text, number)
        return self._now(text, number).field("spin button").value

    def number(self, text: str, number: int, good: Callable[[float], bool]) -> float:
        """Return what a number field shows, as soon as it is ``good``."""

        def shown() -> float:
            return self._now(text, number).field("spin button").value

        return self._until(text, number, shown, good)

    # Buttons and boxes

    def press(self, text: str, times: int = 1, number: int = 0, *, stays: bool = True) -> None:
        """Press a button or a checkbox ``times`` times; unless it ``stays``, the panel may go."""
        role = self.panel.row(text, number).fields[0].role
        for _ in range(times):
            field = self._reach(text, role, number)
            at = (field.box[0] + 10, field.middle[1])
            if text == GROUP:
                at = (field.box[0] + TITLE[0], field.box[1] + TITLE[1])
            self._hand.click(at)
        time.sleep(self.patience)
        if stays:
            self._check(text, number)

    def ticked(self, text: str, number: int, wanted: bool) -> bool:
        """Return whether a box is ticked, as soon as it is as ``wanted``."""

        def shown() -> bool:
            return "CHECKED" in self._now(text, number).field("check box").states

        return self._until(text, number, shown, lambda ticked: ticked == wanted)

    # Dialogs

    def pick_file(self, text: str, path: str, *, cancel: bool = False, number: int = 0) -> str:
        """Choose a file by the Browse button, typing its path; return what the row then shows."""
        self._choose_in_dialog(text, number, path, lambda: None, cancel)  # it has the cursor
        before = row_in(self._before, text, number)
        wanted = before.field("text").text if cancel and before else path

        def shown() -> str:
            return self._now(text, number).field("text").text

        return self._until(text, number, shown, lambda found: found == wanted)

    def pick_color(self, text: str, color: str, *, cancel: bool = False, number: int = 0) -> None:
        """Choose a colour by its button, typing it as #rrggbb."""

        def reach() -> None:
            fields = self.panel.dialog().find("text")
            entry = next((field for field in fields if field.text.startswith("#")), None)
            if entry is None:
                raise HandError(Fault.UNUSABLE, "The window for a colour has no field for a name.")
            self._hand.click(entry.middle, times=3)

        self._choose_in_dialog(text, number, color, reach, cancel)

    def _choose_in_dialog(
        self, text: str, number: int, typed: str, reach: Callable[[], None], cancel: bool
    ) -> None:
        """Type into the dialog of a row's button; ``reach`` selects what is in its field.

        It is opened again if it stays open: a window manager may move it from under a click, and
        Qt's, when it is slow to complete a path, takes a folder on the way for what was chosen.
        """
        for _ in range(TRIES):
            before = self._hand.actions
            self._hand.click(self._reach(text, "push button", number).middle)
            if self.panel.opened(REACTING) is None:
                self.clicks_missed += 1
            else:
                self._wait()
                reach()
                done = self._types(typed) and (cancel or self.panel.closes("Return"))
                if cancel or not done:
                    self.panel.answer("Escape")
                if done:
                    return self._check(text, number)
            self._hand.was_in_vain(before)
        raise HandError(Fault.UNUSABLE, f"In no window of {text!r} could {typed!r} be chosen.")

    def _types(self, text: str) -> bool:
        """Type in a dialog; return whether it then shows the whole text."""
        self._hand.type(text)
        deadline = time.monotonic() + REACTING
        while time.monotonic() < deadline:
            # A list of completions takes the keys while it is open, and hands them on.
            if any(
                field.text == text for other in self.panel.others() for field in other.find("text")
            ):
                return True
            time.sleep(0.3)
        return False

    # What must stay as it is

    def _reach(self, text: str, role: str, number: int) -> Widget:
        self._before, field = self.panel.reach(text, role, number)
        return field

    def _now(self, text: str, number: int) -> Row:
        row = row_in(self.after, text, number)
        if row is None:
            raise HandError(Fault.UNUSABLE, f"The row {text!r} ({number}) has gone.")
        return row

    def _until(
        self, text: str, number: int, read: Callable[[], Answer], good: Callable[[Answer], bool]
    ) -> Answer:
        """Return what a row shows, as soon as it is ``good``: a busy OBS is late."""
        deadline = time.monotonic() + REACTING
        while not good(answer := read()) and time.monotonic() < deadline:
            self._check(text, number)
        return answer

    def _wait(self) -> Widget:
        """Wait in the middle of a use, when nothing may change; return the window."""
        time.sleep(self.patience)

        def same() -> Widget:
            window = self.panel.window()
            self._compare(window, len(rows_in(self._before)), 0)
            return window

        return _lasting(same)

    def _check(self, text: str, number: int) -> None:
        """Check that only rows below the one that was used have come or gone."""
        _lasting(lambda: self._check_once(text, number))

    def _check_once(self, text: str, number: int) -> None:
        self.after = window = self.panel.window()
        if window.box[:2] != self._before.box[:2]:
            raise HandError(
                Fault.WINDOW_MOVED, f"The window went from {self._before.box} to {window.box}."
            )
        names = [name for name, _ in places_in(self._before)]
        index = [index for index, name in enumerate(names) if name == text][number]
        up = scrolled_by_obs(self._before, window, self.panel.anywhere)
        self._compare(window, index + 1, up)

    def _compare(self, window: Widget, rows: int, up: int) -> None:
        """Check that the first ``rows`` rows are where they were, or ``up`` pixels higher."""
        before, after = places_in(self._before)[:rows], places_in(window)[:rows]
        pairs = list(zip(before, after, strict=False))
        # The buttons beside the panel stand still.
        moved = max((min(abs(b[1] - a[1]), abs(b[1] - a[1] - up)) for b, a in pairs), default=0)
        self.scrolled = max(self.scrolled, abs(up))
        if moved or [name for name, _ in before] != [name for name, _ in after]:
            raise HandError(
                Fault.ROW_MOVED,
                f"Rows were at {before} and are at {after}; the panel says: {words_in(window)}; "
                f"{scroll_of(self._before)} became {scroll_of(window)}",
                moved,
            )


def _lasting(check: Callable[[], Answer]) -> Answer:
    """Return the check's answer; its fault must last, as OBS rebuilds a panel in steps."""
    for _ in range(READS - 1):
        try:
            return check()
        except HandError:
            time.sleep(0.5)
    return check()


def _has_cursor(window: Widget, box: Box) -> bool:
    return any(
        widget.box[:2] == box[:2] or _holds(box, widget.middle) for widget in _focused_in(window)
    )


def _focused_in(window: Widget) -> list[Widget]:
    return [widget for widget in window.all() if "FOCUSED" in widget.states]


def _focused(window: Widget) -> str:
    """Say which widgets have the focus, and whether the window takes keys at all."""
    there = [f"{widget.role} {widget.name!r} at {widget.box}" for widget in _focused_in(window)]
    active = "active" if "ACTIVE" in window.states else "inactive"
    return f"{' and '.join(there) or 'nothing'} of an {active} window"


def _holds(box: Box, at: tuple[int, int]) -> bool:
    return 0 <= at[0] - box[0] < box[2] and 0 <= at[1] - box[1] < box[3]


def _share(slider: Widget) -> float:
    low, high = slider.range
    return (slider.value - low) / (high - low) if high > low else 0.0
