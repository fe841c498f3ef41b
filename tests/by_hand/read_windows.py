"""Tells what is in the windows of a program: run by Debian's own Python, which has GObject.

For each line on stdin, "process-id skipped-title", one line of JSON on stdout: the program's
windows, but those whose titles begin so, as a list of widgets, each with what it holds. Everything
comes from AT-SPI, the interface that screen readers use; nothing is changed through it.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

STATES = ("ENABLED", "FOCUSED", "CHECKED", "CHECKABLE", "SELECTED", "EDITABLE", "ACTIVE")
WITH_TEXT = {"text", "entry", "spin button"}
WITH_VALUE = {"slider", "spin button", "scroll bar"}
RENAMED = {"button": "push button"}  # AT-SPI 2.54 and later
DEEPEST, MOST = 30, 400


def widget(of: Any, states: Any, depth: int) -> dict[str, Any]:
    role = RENAMED.get(of.get_role_name(), of.get_role_name())
    place = of.get_extents(Atspi.CoordType.SCREEN)
    told: dict[str, Any] = {
        "role": role,
        "name": of.get_name() or "",
        "states": [name for name in STATES if states.contains(getattr(Atspi.StateType, name))],
        "box": [place.x, place.y, place.width, place.height],
    }
    if role in WITH_TEXT:
        told["text"] = Atspi.Text.get_text(of, 0, -1)
    if role in WITH_VALUE:
        told["value"] = Atspi.Value.get_current_value(of)
        told["range"] = [Atspi.Value.get_minimum_value(of), Atspi.Value.get_maximum_value(of)]
    if depth < DEEPEST:
        told["holds"] = list(_seen(of, depth + 1))
    return told


def _seen(of: Any, depth: int, skipped: str = "") -> Iterator[dict[str, Any]]:
    for index in range(min(of.get_child_count(), MOST)):
        try:
            child = of.get_child_at_index(index)
            if child is None:
                continue
            states = child.get_state_set()
            if not states.contains(Atspi.StateType.VISIBLE):  # what is scrolled away is
                continue
            if skipped and child.get_name().startswith(skipped):
                continue
            yield widget(child, states, depth)
        except GLib.Error:  # it has gone meanwhile
            continue


def windows(pid: int, skipped: str) -> list[dict[str, Any]] | None:
    """Return None where no such program has told the bus of itself."""
    desktop = Atspi.get_desktop(0)
    desktop.set_cache_mask(Atspi.Cache.NONE)  # no loop here hears of changes
    for index in range(desktop.get_child_count()):
        program = desktop.get_child_at_index(index)
        if program is not None and program.get_process_id() == pid:
            program.set_cache_mask(Atspi.Cache.NONE)
            return list(_seen(program, 0, skipped))
    return None


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    for line in sys.stdin:
        pid, _, skipped = line.rstrip("\n").partition(" ")
        try:
            answer: Any = windows(int(pid), skipped)
        except GLib.Error as error:
            print(error, file=sys.stderr)
            answer = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
