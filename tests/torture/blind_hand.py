"""Opens the window of a camera's filters with mouse and keys, changes something and closes it.

It does not read the screen: OBS is too busy here to report what is in its windows. It keeps to the
rows that are in the panel when it opens. OBS's display has no window manager (see
tests/obs/scripts_window).
"""

from __future__ import annotations

import random
import time

from tests.by_hand.xdotool import Xdotool
from tests.obs.stage import wait_for
from vb_demo.obs_session import ObsSession

TITLE = "^Filters for "
# The part of the window with the rows, as shares of its width and height.
LEFT, RIGHT, TOP, BOTTOM = 0.46, 0.9, 0.5, 0.9
FILTER_AT = (0.15, 0.6)  # the first of the effect filters
KEYS = ("Up", "Down", "Left", "Right", "Tab", "space", "Return", "7", "Escape")
CLOSE_SECONDS = 60  # a busy OBS takes a key late


class BlindHand:
    def __init__(self, session: ObsSession, chance: random.Random) -> None:
        self._session = session
        self._chance = chance
        self._x = Xdotool(session.display_name)

    def use(self, camera: str) -> str:
        """Use the window of a camera's filters; return what was done."""
        # What is done must depend on the seed alone, also where there is no hand.
        acts = [self._act() for _ in range(self._chance.randint(2, 6))]
        if not self._x.installed():
            return "no xdotool"
        known = set(self._x.windows(".+"))
        self._session.request("OpenInputFiltersDialog", {"inputName": camera})
        wait_for(lambda: self._x.windows(TITLE), 20, "the window of the filters")
        self._x.do("mousemove", *self._at(FILTER_AT), "click", "1")
        time.sleep(0.5)
        for place, words in acts:
            self._x.do(*(("mousemove", *self._at(place)) if place else ()), *words)
        self._close(known)
        return f"{camera}: {acts}"

    def _act(self) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
        across = round(self._chance.uniform(LEFT, RIGHT), 3)
        down = round(self._chance.uniform(TOP, BOTTOM), 3)
        key = self._chance.choice(KEYS)
        way = self._chance.choice(("click", "drag", "wheel", "key"))
        if way == "key":
            return None, ("key", key)
        words = {
            "click": ("click", "1"),
            "drag": ("mousedown", "1", "mousemove_relative", "--", "60", "3", "mouseup", "1"),
            "wheel": ("click", "--repeat", "3", "5"),
        }
        return (across, down), words[way]

    def _at(self, place: tuple[float, float]) -> tuple[str, str]:
        """Return a position in the window on the screen; its corner if it is already closed."""
        told = "".join(
            self._x.do("getwindowgeometry", "--shell", window)
            for window in self._x.windows(TITLE)[-1:]
        )
        geometry = dict(line.split("=") for line in told.split())
        x, y, width, height = (int(geometry.get(key, 0)) for key in ("X", "Y", "WIDTH", "HEIGHT"))
        return str(round(x + place[0] * width)), str(round(y + place[1] * height))

    def _close(self, known: set[str]) -> None:
        """Close what was opened since then, the newest first."""
        deadline = time.monotonic() + CLOSE_SECONDS
        while opened := [window for window in self._x.windows(".+") if window not in known]:
            titles = [self._x.do("getwindowname", window).strip() for window in opened]
            assert time.monotonic() < deadline, f"Windows that do not close: {titles}"
            self._x.focus(opened[-1])
            self._x.keys("Escape")
