"""What the torture does to OBS as a whole: its video, its window's menus, screenshots."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.obs import window_menu
from tests.obs.stage import Stage

VIDEO_SIZES = ((640, 360), (320, 180), (854, 480), (360, 640))
RATES = (15, 30, 60)
SHOT_SIZES = ((8, 8), (320, 180), (641, 361))
ITEM = "item"
# What can be undone besides: changes of a scene item.
CHANGES = (window_menu.ROTATE, window_menu.FIT, window_menu.RESET)
UNDO, REDO, PASTE = window_menu.UNDO, window_menu.REDO, window_menu.PASTE_FILTERS


class Window:
    """Needs tests/obs/scripts/window.py among OBS's scripts."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self._obs = stage.obs
        self._chance = chance

    def menu(self, source: str, target: str | None) -> str:
        """Undo, redo, or do what can be undone: to an item, or paste filters to ``target``."""
        what = self._chance.choice((UNDO, UNDO, UNDO, REDO, REDO, PASTE, PASTE, ITEM))
        change = self._chance.choice(CHANGES)
        chosen = window_menu.select(source)
        if what == ITEM:
            failed = window_menu.press(self._obs, chosen, change)
        elif what != PASTE:
            failed = window_menu.press(self._obs, what)
        elif target is None:
            return "enough filters"
        else:
            failed = window_menu.press(
                self._obs, chosen, window_menu.COPY_FILTERS, window_menu.select(target), PASTE
            )
        return f"{change if what == ITEM else what} {source} (failed: {failed or 'nothing'})"

    def video(self) -> str:
        """Change the size and rate of OBS's canvas."""
        (width, height), rate = self._chance.choice(VIDEO_SIZES), self._chance.choice(RATES)
        settings = {
            "baseWidth": width, "baseHeight": height, "outputWidth": width,
            "outputHeight": height, "fpsNumerator": rate, "fpsDenominator": 1,
        }  # fmt: skip
        self._obs.request("SetVideoSettings", settings)
        return f"{width}x{height} at {rate}"

    def look(self, sources: Sequence[str]) -> str:
        """Take a screenshot of something, seen or not."""
        source, size = self._chance.choice(sources), self._chance.choice(SHOT_SIZES)
        asked = {
            "sourceName": source, "imageFormat": "png",
            "imageWidth": size[0], "imageHeight": size[1],
        }  # fmt: skip
        self._obs.request("GetSourceScreenshot", asked)
        return f"{source} {size}"
