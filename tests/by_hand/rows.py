"""What a person does to one row of a panel, by its kind, and how it must answer.

Each waits ``patience`` seconds in the middle of it, while the camera plays and figures change, and
raises HandError where a list has closed, a text cursor is lost or the row is elsewhere.
"""

from __future__ import annotations

import time

from tests.by_hand.panel import HandError, Panel
from tests.by_hand.windows import Widget

TRIES = 4


class Rows:
    def __init__(self, panel: Panel, patience: float) -> None:
        self.panel, self.patience = panel, patience
        self._hand = panel.hand

    def choose(self, text: str, item: str, number: int = 0) -> None:
        """Choose ``item`` of a list."""
        field = self.panel.reach(text, "combo box", number)
        self._hand.click(_open_point(field))
        self._wait_for_list(text, number, item)
        time.sleep(self.patience)
        found = self._open_items(text, number)
        if not found:
            raise HandError(f"The list {text!r} has closed by itself.")
        for one in found:
            if one.name == item:
                self._hand.click((one.box[0] + 20, one.middle[1]))
                break
        else:
            raise HandError(f"The list {text!r} has no {item!r}: {[one.name for one in found]}")
        self._same_place(text, number, "combo box", field)

    def items(self, text: str, number: int = 0) -> list[str]:
        """Return what a list offers."""
        field = self.panel.row(text, number).field("combo box")
        return [one.name for one in field.find("list item")]

    def leave_list(self, text: str, number: int = 0) -> None:
        """Open a list and leave it by the Escape key."""
        field = self.panel.reach(text, "combo box", number)
        self._hand.click(_open_point(field))
        self._wait_for_list(text, number, "")
        time.sleep(self.patience)
        if not self._open_items(text, number):
            raise HandError(f"The list {text!r} has closed by itself.")
        self._hand.keys("Escape")
        self._same_place(text, number, "combo box", field)

    def type_name(self, text: str, name: str, number: int = 0) -> None:
        """Type into a list that takes any text, half before the wait and half after it."""
        field = self.panel.reach(text, "combo box", number)
        entry = field.find("text")[0]
        self._type_in(entry, name)
        self._same_place(text, number, "combo box", field)

    def type_number(self, text: str, typed: str, number: int = 0) -> float:
        """Type into a number field, whatever that may be; return what it then holds."""
        field = self.panel.reach(text, "spin button", number)
        self._type_in(field, typed)
        self._same_place(text, number, "spin button", field)
        return self.panel.row(text, number).field("spin button").value

    def drag(self, text: str, share: float, number: int = 0) -> float:
        """Drag a slider's handle to a share of its way; return its row's number."""
        field = self.panel.reach(text, "slider", number)
        row = self.panel.row(text, number)
        x, y, width, height = field.box
        handle = height
        shown = _share(field)
        start = x + handle // 2 + int(shown * (width - handle))
        end = x + handle // 2 + int(share * (width - handle))
        self._hand.drag((start, y + height // 2), (end, y + height // 2), max(self.patience, 0.5))
        self._same_place(text, number, "slider", row.field("slider"))
        return self.panel.row(text, number).field("spin button").value

    def press(self, text: str, times: int = 1) -> None:
        """Press a button, or a box that is ticked, so many times."""
        role = self.panel.row(text).fields[0].role
        field = self.panel.reach(text, role)
        for _ in range(times):
            self._hand.click((field.box[0] + 10, field.middle[1]))
        time.sleep(self.patience)

    def ticked(self, text: str) -> bool:
        return "CHECKED" in self.panel.row(text).field("check box").states

    def pick_file(self, text: str, path: str, *, cancel: bool = False, number: int = 0) -> None:
        """Choose a file by its Browse button, typing its path."""
        field = self.panel.reach(text, "push button", number)
        self._hand.click(field.middle)
        self.panel.dialog()
        time.sleep(self.patience)
        self._hand.type(path)
        self._answer("Escape" if cancel else "Return")
        self._same_place(text, number, "push button", field)

    def pick_color(self, text: str, color: str, *, cancel: bool = False, number: int = 0) -> None:
        """Choose a colour by its button, typing it as #rrggbb."""
        field = self.panel.reach(text, "push button", number)
        self._hand.click(field.middle)
        dialog = self.panel.dialog()
        time.sleep(self.patience)
        entry = [one for one in dialog.find("text") if one.text.startswith("#")]
        if not entry:
            raise HandError("The window for a colour has no field for its name.")
        self._hand.click(entry[0].middle, times=3)
        self._hand.type(color)
        self._answer("Escape" if cancel else "Return")
        self._same_place(text, number, "push button", field)

    # The small things

    def _type_in(self, field: Widget, typed: str) -> None:
        self._hand.click((field.box[0] + 12, field.middle[1]))
        self._hand.keys("ctrl+a")
        half = (len(typed) + 1) // 2
        self._hand.type(typed[:half])
        time.sleep(self.patience)
        self._hand.type(typed[half:])
        self._hand.keys("Tab")

    def _answer(self, key: str) -> None:
        """Answer a dialog by a key: it is seen before it takes keys."""
        for _ in range(TRIES):
            self._hand.keys(key)
            deadline = time.monotonic() + 4.0  # a second Escape would close the panel's window
            while time.monotonic() < deadline:
                if not self._dialogs():
                    return
                time.sleep(0.2)
        raise HandError("A dialog does not close.")

    def _dialogs(self) -> bool:
        try:
            self.panel.dialog(seconds=0.0)
        except HandError:
            return False
        return True

    def _open_items(self, text: str, number: int) -> list[Widget]:
        field = self.panel.row(text, number).field("combo box")
        return [
            item for one in field.find("list") if one.box[2] > 0 for item in one.find("list item")
        ]

    def _wait_for_list(self, text: str, number: int, item: str) -> None:
        deadline = time.monotonic() + 5.0
        while not self._open_items(text, number):
            if time.monotonic() > deadline:
                raise HandError(f"The list {text!r} does not stay open (for {item!r}).")

    def _same_place(self, text: str, number: int, role: str, before: Widget) -> None:
        if not self.panel.has(text, number):
            return  # what was chosen in it may be what hides it
        now = self.panel.row(text, number).field(role)
        if now.box[:2] != before.box[:2]:
            raise HandError(
                f"The row {text!r} jumped under the pointer from {before.box} to {now.box}; "
                f"the panel says: {self.panel.words()}"
            )


def _open_point(field: Widget) -> tuple[int, int]:
    """Return a place on a list that opens it: its arrow, also where its text can be changed."""
    x, y, width, height = field.box
    return x + width - 10, y + height // 2


def _share(slider: Widget) -> float:
    low, high = slider.range
    return (slider.value - low) / (high - low) if high > low else 0.0
