"""OBS's window Tools > Scripts by mouse."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.by_hand.faults import Fault, HandError
from tests.by_hand.hand import Hand
from tests.by_hand.panel import DIALOGS, Panel
from tests.by_hand.windows import Widget, Windows
from tests.obs.stage import wait_for

MENU = {"en-US": ("Tools", "Scripts"), "ja-JP": ("ツール", "スクリプト")}
TRIES = 4
SECONDS = 15.0  # that a busy OBS may take to show what was pressed


def open_window(hand: Hand, windows: Windows, locale: str, *, anywhere: bool = False) -> Panel:
    """Open the window by the menu."""
    tools, scripts = MENU[locale]
    (main,) = (window_ for window_ in windows.read("") if window_.name.startswith("OBS "))
    (bar,) = main.find("menu bar")
    (menu,) = (widget for widget in bar.holds if widget.name.startswith(tools))
    hand.click(menu.middle)
    (main,) = (window_ for window_ in windows.read("") if window_.name.startswith("OBS "))
    (menu,) = (widget for widget in main.find("menu bar")[0].holds if widget.name.startswith(tools))
    (entry,) = (item for item in menu.find("menu item")[1:] if item.name == scripts)
    hand.click(entry.middle)
    panel = Panel(hand, windows, scripts, anywhere=anywhere)
    wait_for(panel.is_open, 20, "the window of the scripts")
    return panel


def add(panel: Panel, script: Path) -> None:
    """Add a script: by the button +, and by its path and Return in the window for files."""
    plus = _plus(panel.settle())
    for _ in range(TRIES):
        panel.hand.click(plus.middle)
        if not _comes(lambda: _files(panel)):
            continue
        panel.hand.type(str(script))
        if _comes(partial(_typed, panel, str(script))):
            for _ in range(2):  # the first may only close the list that completes a name
                panel.hand.keys("Return")
                if _comes(lambda: not _files(panel)):
                    return
        # It may have entered a folder on the way, as in rows.py: it is opened again.
        for _ in range(TRIES):
            panel.hand.keys("Escape")
            if _comes(lambda: not _files(panel)):
                break
    raise HandError(Fault.UNUSABLE, f"{script} could not be chosen.")


def _files(panel: Panel) -> list[Widget]:
    """Return the window to choose a file in, whose title holds the title of the panel's window."""
    windows = panel.windows.read()
    return [window for window in windows if window.role in DIALOGS and window.name != panel.title]


def _typed(panel: Panel, text: str) -> bool:
    return any(field.text == text for window in _files(panel) for field in window.find("text"))


def _comes(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _plus(window: Widget) -> Widget:
    """Return the leftmost button below the list of scripts."""
    listed = window.find("list")[0]
    below = [
        button
        for button in window.find("push button")
        if button.box[1] >= listed.box[1] + listed.box[3] - 2
        and button.box[0] < listed.box[0] + listed.box[2]
    ]
    return min(below, key=lambda button: button.box[0])
