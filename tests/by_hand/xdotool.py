"""Mouse, keys and windows of a display without a window manager (Debian's xdotool)."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

from tests.by_hand.input_queue import InputQueue


class Xdotool:
    """Acts on the display ``name``; it may wait until the program has taken what was sent."""

    def __init__(self, name: str, *, waits: bool = False) -> None:
        self._environment = {**os.environ, "DISPLAY": name}
        self._queue = InputQueue(name) if waits else None

    @staticmethod
    def installed() -> bool:
        return shutil.which("xdotool") is not None

    def do(self, *words: str) -> str:
        """Run xdotool with ``words`` and return what it prints."""
        done = subprocess.run(
            ["xdotool", *words], check=False, env=self._environment, capture_output=True,
            text=True, timeout=60,
        )  # fmt: skip
        if self._queue is not None:
            self._queue.wait()
        return done.stdout

    def windows(self, title: str) -> list[str]:
        """Return the visible windows whose title matches a regular expression, newest last."""
        return self.do("search", "--onlyvisible", "--name", title).split()

    def focus(self, window: str) -> None:
        self.do("windowfocus", "--sync", window)

    def focused(self) -> str:
        """Return the window that takes the keys, or ""."""
        return self.do("getwindowfocus").strip()

    def keys(self, *names: str) -> None:
        for name in names:
            self.do("key", name)
            time.sleep(0.1)
        time.sleep(0.3)
