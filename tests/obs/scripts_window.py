"""OBS's own window Tools > Scripts, used with mouse and keys.

Needs Debian's xdotool. OBS's display must be one without a window manager, as
:class:`vb_demo.virtual_display.VirtualDisplay` is.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.by_hand.xdotool import Xdotool
from tests.obs.stage import wait_for

TITLE, FILES = "^Scripts$", "^Add Scripts$"
TRIES = 4
ENTRIES = 14  # more than the menu Tools has
LIST = ("120", "64")  # a place on the list's first row
# The buttons below the list, by the number of Tabs from it
ADD, REMOVE, RELOAD = 1, 2, 3


class ScriptsWindow:
    """The window of the OBS on the display ``name``."""

    def __init__(self, name: str) -> None:
        self._x = Xdotool(name)
        self._main = self._x.windows("^OBS ")[-1]
        self._window = self._open()

    def add(self, script: Path) -> None:
        """Choose a file with the button that adds scripts."""
        self._press(ADD)
        wait_for(lambda: self._x.windows(FILES), 10, "the window to choose a file in")
        # It is visible before it takes keys; a key closes its message about half a name.
        for _ in range(TRIES):
            time.sleep(0.5)
            self._x.keys("ctrl+a")
            self._x.do("type", str(script))
            self._x.keys("Return")
            if not self._x.windows(FILES):
                return
        raise AssertionError("The file could not be chosen.")

    def remove(self) -> None:
        """Press the button that removes a script, with the first of them chosen."""
        self._press(REMOVE)

    def reload(self) -> None:
        """Press the button that reloads all scripts."""
        self._press(RELOAD)

    def close(self) -> None:
        self._choose()
        self._x.keys("Escape")

    def _press(self, tabs: int) -> None:
        self._choose()
        self._x.keys(*["Tab"] * tabs, "space")

    def _choose(self) -> None:
        # Without a window manager a click activates a window.
        self._x.do("mousemove", "--window", self._window, *LIST, "click", "1")
        time.sleep(0.3)

    def _open(self) -> str:
        """Try the entries of the menu Tools in turn: their number depends on OBS's version."""
        known = set(self._x.windows(".+"))
        for entry in range(1, ENTRIES):
            self._x.focus(self._main)
            self._x.keys("alt+t", *["Down"] * entry, "Return")
            found = self._x.windows(TITLE)
            if found:
                return found[-1]
            for other in set(self._x.windows(".+")) - known:
                self._x.focus(other)
                self._x.keys("Escape")
        raise AssertionError("The menu Tools has no entry that opens the window of the scripts.")
