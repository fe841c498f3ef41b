"""Mouse and keys (xdotool)."""

from __future__ import annotations

import re
import time

from tests.by_hand.desk import Desk

Point = tuple[int, int]

# A person's pauses in seconds: between two keys, and before looking at the effect of a click.
KEY_PAUSE, CLICK_PAUSE = 0.03, 0.4


class Hand:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.actions = 0  # clicks, drags, turns of the wheel, words typed
        self.in_vain = 0  # those of them that a busy machine did not take, and that were made again

    def was_in_vain(self, since: int) -> None:
        """Note that what was done since ``since`` actions came to nothing."""
        self.in_vain += self.actions - since

    def click(self, at: Point, times: int = 1, button: int = 1) -> None:
        self.actions += 1
        self._do("mousemove", at[0], at[1])
        self._do("click", "--repeat", times, "--delay", 60, button)
        time.sleep(CLICK_PAUSE)

    def activate(self, title: str) -> None:
        """Give a window the keys, as a person does by a click on its title.

        A window manager may leave them with another one.
        """
        self._do("search", "--onlyvisible", "--name", f"^{re.escape(title)}$", "windowactivate")

    def wheel(self, at: Point, notches: int) -> None:
        """Turn the wheel: down for positive ``notches``."""
        self.actions += 1
        self._do("mousemove", at[0], at[1])
        self._do("click", "--repeat", abs(notches), "--delay", 20, 5 if notches > 0 else 4)
        time.sleep(CLICK_PAUSE)

    def drag(self, start: Point, end: Point, seconds: float = 1.0) -> None:
        """Drag with the button held from ``start`` to ``end``."""
        self.actions += 1
        self._do("mousemove", start[0], start[1], "mousedown", 1)
        steps = 10
        for step in range(1, steps + 1):
            time.sleep(seconds / steps)
            x, y = (a + (b - a) * step // steps for a, b in zip(start, end, strict=True))
            self._do("mousemove", x, y)
        self._do("mouseup", 1)
        time.sleep(CLICK_PAUSE)

    def keys(self, *names: str) -> None:
        self.actions += 1
        for name in names:
            self._do("key", name)
            time.sleep(KEY_PAUSE)
        time.sleep(CLICK_PAUSE)

    def type(self, text: str) -> None:
        self.actions += 1
        self._do("type", "--delay", int(1000 * KEY_PAUSE), text)
        time.sleep(CLICK_PAUSE)

    def _do(self, *words: object) -> None:
        """Run xdotool; a busy program takes mouse and keys later, so wait until it has."""
        self._desk.run("xdotool", *map(str, words))
        self._desk.input.wait()
