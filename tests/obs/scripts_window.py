"""OBS's own window Tools > Scripts, worked with mouse and keys.

Needs Debian's xdotool. OBS's display must be one without a window manager, as
:class:`vb_demo.obs_session.VirtualDisplay` is.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.obs.stage import wait_for

TITLE, FILES = "^Scripts$", "^Add Scripts$"
TRIES = 4
ENTRIES = 14  # more than the menu Tools has
LIST = ("120", "64")  # a place on the list's first row
# The buttons below the list, so many Tabs from it
ADD, REMOVE, RELOAD = 1, 2, 3


class ScriptsWindow:
    """The window of the OBS on the display ``name``."""

    def __init__(self, name: str) -> None:
        self._environment = {**os.environ, "DISPLAY": name}
        self._main = self._windows("^OBS ")[-1]
        self._window = self._open()

    def add(self, script: Path) -> None:
        """Choose a file with the button that adds scripts."""
        self._press(ADD)
        wait_for(lambda: self._windows(FILES), 10, "the window to choose a file in")
        # It is seen before it takes keys; what it says of half a name is closed by a key.
        for _ in range(TRIES):
            time.sleep(0.5)
            self._keys("ctrl+a")
            self._do("type", str(script))
            self._keys("Return")
            if not self._windows(FILES):
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
        self._keys("Escape")

    def _press(self, tabs: int) -> None:
        self._choose()
        self._keys(*["Tab"] * tabs, "space")

    def _choose(self) -> None:
        # Without a window manager a click makes a window the active one.
        self._do("mousemove", "--window", self._window, *LIST, "click", "1")
        time.sleep(0.3)

    def _open(self) -> str:
        """Try the entries of the menu Tools in turn: their number differs from OBS to OBS."""
        known = set(self._windows(".+"))
        for entry in range(1, ENTRIES):
            self._focus(self._main)
            self._keys("alt+t", *["Down"] * entry, "Return")
            found = self._windows(TITLE)
            if found:
                return found[-1]
            for other in set(self._windows(".+")) - known:
                self._focus(other)
                self._keys("Escape")
        raise AssertionError("The menu Tools has no entry that opens the window of the scripts.")

    def _focus(self, window: str) -> None:
        self._do("windowfocus", "--sync", window)

    def _keys(self, *names: str) -> None:
        for name in names:
            self._do("key", name)
            time.sleep(0.1)
        time.sleep(0.3)

    def _windows(self, title: str) -> list[str]:
        return self._do("search", "--onlyvisible", "--name", title).split()

    def _do(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], check=False, env=self._environment, capture_output=True,
            text=True, timeout=30,
        )  # fmt: skip
        return done.stdout
