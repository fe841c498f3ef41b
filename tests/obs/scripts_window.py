"""OBS's own window Tools > Scripts, used with mouse and keys.

On a busy computer a key may come before the window takes it, so what a button does is waited for,
and the button is pressed again where that does not come.

Needs Debian's xdotool. OBS's display must be one without a window manager, as
:class:`vb_demo.virtual_display.VirtualDisplay` is.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from tests.by_hand.xdotool import Xdotool
from tests.obs.stage import wait_for

TITLE, FILES = "^Scripts$", "^Add Scripts$"
TRIES = 4
SECONDS = 5.0  # for what a press does
ENTRIES = 14  # more than the menu Tools has
LIST = ("120", "64")  # a place on the list's first row
# The buttons below the list, by the number of Tabs from it
ADD, REMOVE, RELOAD = 1, 2, 3


class ScriptsWindow:
    """The window of the OBS on the display ``name``."""

    def __init__(self, name: str) -> None:
        self._x = Xdotool(name, waits=True)
        self._main = self._x.windows("^OBS ")[-1]
        self._window = self._open()

    def add(self, script: Path) -> None:
        """Choose a file with the button that adds scripts."""
        # Qt's window for files takes a folder on the way for what was chosen if it is slow to
        # complete a path, so the window is opened anew, empty, until it has taken the whole path.
        for _ in range(TRIES):
            self._press(ADD, lambda: bool(self._x.windows(FILES)), "the window to choose a file in")
            for window in self._x.windows(FILES):
                self._x.focus(window)
            self._x.do("type", str(script))
            for _ in range(2):  # the first Return may only close the list that completes a name
                self._x.keys("Return")
                if self._no_file_is_asked_for():
                    return
            for _ in range(TRIES):
                self._x.keys("Escape")
                if self._no_file_is_asked_for():
                    break
        raise AssertionError("The file could not be chosen.")

    def _no_file_is_asked_for(self) -> bool:
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not self._x.windows(FILES), 2, "the file")
            return True
        return False

    def remove(self, done: Callable[[], bool]) -> None:
        """Remove the first script; return when ``done`` holds."""
        self._press(REMOVE, done, "the script's end")

    def reload(self, done: Callable[[], bool]) -> None:
        """Reload all scripts; return when ``done`` holds."""
        self._press(RELOAD, done, "the reload")

    def close(self) -> None:
        self._choose()
        self._x.keys("Escape")

    def _press(self, tabs: int, done: Callable[[], bool], what: str) -> None:
        for _ in range(TRIES):
            self._choose()
            self._x.keys(*["Tab"] * tabs, "space")
            with contextlib.suppress(AssertionError):
                wait_for(done, SECONDS, what)
                return
        raise AssertionError(f"{what}: not in {TRIES} presses")

    def _choose(self) -> None:
        # Without a window manager a click activates a window; on a busy machine some clicks do
        # nothing. Until it is active the keys go to OBS's main window, where one may stop the
        # recording.
        for _ in range(TRIES):
            self._x.do("mousemove", "--window", self._window, *LIST, "click", "1")
            with contextlib.suppress(AssertionError):
                wait_for(lambda: self._x.focused() == self._window, 1, "the window to take keys")
                time.sleep(0.3)
                return
            self._x.focus(self._window)
        raise AssertionError(f"The window of the scripts took no keys after {TRIES} clicks.")

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
