"""A real OBS with a playing camera, and a person before it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.by_hand.desk import Desk
from tests.by_hand.hand import Hand
from tests.by_hand.panel import Panel
from tests.by_hand.windows import Windows
from tests.obs.conftest import running_obs
from tests.obs.stage import CAMERA, SCENE, Stage, wait_for
from vb_demo import clip
from vb_link import texts
from vb_link.settings import (
    FILTER_ID,
    SCENE_FILTER_ID,
    SCENE_SETTINGS,
    SETTINGS,
    Setting,
    defaults,
    scene_defaults,
)

FILTER = "Virtual Background"
OWN = "Own background"
OTHER = "Other"
MENU = {"en-US": ("Tools", "Scripts"), "ja-JP": ("ツール", "スクリプト")}


class Sitting:
    """``texts`` are those of the locale; ``files`` are pictures and a video to choose."""

    def __init__(self, stage: Stage, desk: Desk, locale: str) -> None:
        self.stage, self.locale = stage, locale
        self.texts = texts.load(locale)
        self.hand = Hand(desk)
        time.sleep(3.0)  # OBS tells of its windows once it has drawn them
        self.windows = Windows(desk, stage.obs.pid)
        folder = stage.folder
        self.video = folder / "clip.mp4"
        clip.make_clip(self.video, seconds=6.0)
        self.pictures = [
            stage.save(f"picture{number}", np.full((90, 160, 3), color, np.uint8))
            for number, color in enumerate((40, 200))
        ]
        stage.obs.add_input(
            SCENE, CAMERA, "ffmpeg_source", {"local_file": str(self.video), "looping": True}
        )
        stage.obs.add_filter(CAMERA, FILTER, FILTER_ID, {})
        stage.obs.request("CreateScene", {"sceneName": OTHER})
        stage.obs.request("CreateSceneItem", {"sceneName": OTHER, "sourceName": CAMERA})
        stage.obs.add_filter(OTHER, OWN, SCENE_FILTER_ID, {})
        stage.wait_for_mask()

    # Panels

    def camera_panel(self) -> Panel:
        """Open the camera's filters and choose ours, as OBS shows nothing before."""
        self.stage.obs.request("OpenInputFiltersDialog", {"inputName": CAMERA})
        return self._filters(CAMERA)

    def scene_panel(self) -> Panel:
        # obs-websocket opens the filters of inputs alone.
        self.stage.obs.ask("own_scene", OTHER)
        return self._filters(OTHER)

    def _filters(self, name: str) -> Panel:
        panel = Panel(self.hand, self.windows, f"'{name}'")
        wait_for(panel.is_open, 20, "the window of the filters")
        self.hand.click(panel.window().find("list item")[-1].middle)
        self._filled(panel)
        return panel

    def scripts_panel(self) -> Panel:
        """Open Tools > Scripts by its menu and choose our script."""
        tools, scripts = MENU[self.locale]
        (main,) = (one for one in self.windows.read("") if one.name.startswith("OBS "))
        (bar,) = main.find("menu bar")
        (menu,) = (one for one in bar.holds if one.name.startswith(tools))
        self.hand.click(menu.middle)
        (main,) = (one for one in self.windows.read("") if one.name.startswith("OBS "))
        (menu,) = (one for one in main.find("menu bar")[0].holds if one.name.startswith(tools))
        (entry,) = (one for one in menu.find("menu item")[1:] if one.name == scripts)
        self.hand.click(entry.middle)
        panel = Panel(self.hand, self.windows, scripts)
        wait_for(panel.is_open, 20, "the window of the scripts")
        self.hand.click(panel.window().find("list item")[0].middle)
        self._filled(panel)
        return panel

    def _filled(self, panel: Panel) -> None:
        wait_for(lambda: len(panel.rows()) > 5, 20, "the panel's rows")
        time.sleep(0.5)

    # Values

    def values(self, scene: bool = False) -> dict[str, Any]:
        """Return the settings of the camera's filter, or of the scene's."""
        names = (OTHER, OWN) if scene else (CAMERA, FILTER)
        kept = self.stage.obs.request(
            "GetSourceFilter", {"sourceName": names[0], "filterName": names[1]}
        )["filterSettings"]  # fmt: skip
        return {**(scene_defaults() if scene else defaults()), **kept}

    def rows_of(self, scene: bool = False) -> tuple[Setting, ...]:
        return SCENE_SETTINGS if scene else SETTINGS

    def word(self, key: str) -> str:
        return self.texts[key]


@contextmanager
def sitting(folder: Path, locale: str = "en-US") -> Iterator[Sitting]:
    with (
        Desk() as desk,
        running_obs(folder, environment=desk.environment, locale=locale, preview=False) as stage,
    ):
        yield Sitting(stage, desk, locale)
