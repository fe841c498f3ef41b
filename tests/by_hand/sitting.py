"""A real OBS with a playing camera, and a person using it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.by_hand import scripts_window
from tests.by_hand.desk import Desk, desk
from tests.by_hand.faults import Fault, HandError
from tests.by_hand.hand import Hand
from tests.by_hand.kept import Kept
from tests.by_hand.panel import DIALOGS, Panel
from tests.by_hand.windows import Windows
from tests.obs.conftest import running_obs
from tests.obs.stage import CAMERA, SCENE, Stage, wait_for
from vb_demo import clip
from vb_demo.obs_session import SCRIPT
from vb_link import texts
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID, defaults, scene_defaults

FILTER = "Virtual Background"
OWN = "Own background"
OTHER = "Other"
TRIES = 4  # for a click that a busy machine may not take
RECOVER_TRIES = 12
GRAYS = (40, 200)  # of the pictures to choose
CAMERA_PANEL, SCENE_PANEL, SCRIPTS_PANEL = "camera", "scene", "scripts"


class Sitting:
    """``texts`` are those of the locale; ``files`` are pictures and a video to choose."""

    def __init__(self, stage: Stage, desk: Desk, locale: str) -> None:
        self.stage, self.desk, self.locale = stage, desk, locale
        self.texts = texts.load(locale)
        self.hand = Hand(desk)
        time.sleep(3.0)  # OBS reports its windows once it has drawn them
        self.windows = Windows(desk, stage.obs.pid)
        version = stage.obs.request("GetVersion")["obsVersion"]
        self.anywhere = int(version.split(".")[0]) >= 30
        folder = stage.folder
        self.video = folder / "clip.mp4"
        clip.make_clip(self.video, seconds=6.0)
        self.pictures = [
            stage.save(f"picture{number}", np.full((90, 160, 3), color, np.uint8))
            for number, color in enumerate(GRAYS)
        ]
        self.given = folder / "given.json"
        self.given.write_text("{}", "utf-8")
        stage.obs.add_input(
            SCENE, CAMERA, "ffmpeg_source", {"local_file": str(self.video), "looping": True}
        )
        stage.obs.add_filter(CAMERA, FILTER, FILTER_ID, {})
        stage.obs.request("CreateScene", {"sceneName": OTHER})
        stage.obs.request("CreateSceneItem", {"sceneName": OTHER, "sourceName": CAMERA})
        stage.obs.add_filter(OTHER, OWN, SCENE_FILTER_ID, {})
        stage.wait_for_mask()

    # Panels

    def open(self, which: str) -> Panel:
        panels = {
            CAMERA_PANEL: self.camera_panel,
            SCENE_PANEL: self.scene_panel,
            SCRIPTS_PANEL: self.scripts_panel,
        }
        return panels[which]()

    def camera_panel(self) -> Panel:
        """Open the camera's filters and choose ours, as OBS shows no panel before."""
        self.stage.obs.request("OpenInputFiltersDialog", {"inputName": CAMERA})
        return self._filters(CAMERA)

    def scene_panel(self) -> Panel:
        # obs-websocket opens the filters only of inputs.
        self.stage.obs.ask("own_scene", OTHER)
        return self._filters(OTHER)

    def _filters(self, name: str) -> Panel:
        panel = Panel(self.hand, self.windows, f"'{name}'", anywhere=self.anywhere)
        wait_for(panel.is_open, 20, "the window of the filters")
        filters = len(panel.settle().find("list item", ""))
        for number in range(TRIES * filters):  # ours is the last one
            before = self.hand.actions
            items = panel.window().find("list item", "")
            self.hand.click(items[-1 - number % len(items)].middle)
            if self._filled(panel):
                return panel
            self.hand.was_in_vain(before)
        raise HandError(Fault.UNUSABLE, f"The filters of {name!r} show no panel of ours.")

    def scripts_panel(self) -> Panel:
        """Open Tools > Scripts by its menu and choose our script."""
        panel = scripts_window.open_window(
            self.hand, self.windows, self.locale, anywhere=self.anywhere
        )
        listed = panel.settle().find("list item")
        ours = [item for item in listed if item.name == SCRIPT.name] or listed
        self.hand.click(ours[0].middle)
        if not self._filled(panel):
            raise HandError(Fault.UNUSABLE, "The script's panel is empty.")
        return panel

    def close(self, panel: Panel) -> None:
        """Close a panel's window, and what is open beside it."""
        self.hand.keys("Escape")
        deadline = time.monotonic() + 20.0
        while panel.is_open() or panel.others():
            if time.monotonic() > deadline:
                raise HandError(Fault.UNUSABLE, "A window does not close.")
            self.hand.keys("Escape")

    def recover(self) -> None:
        """Close whatever is open beside OBS's own window. Raises WindowsError if OBS is gone."""
        self.desk.run("xdotool", "mouseup", "1")
        for attempt in range(RECOVER_TRIES):
            dialogs = [window for window in self.windows.read() if window.role in DIALOGS]
            if not dialogs:
                return
            if attempt < RECOVER_TRIES // 2:
                # OBS crashes where the window of the filters is closed below its dialog.
                self.hand.activate(dialogs[-1].name)
                self.hand.keys("Escape")
            else:
                name = re.escape(dialogs[-1].name)
                self.desk.run("xdotool", "search", "--onlyvisible", "--name", name, "windowquit")
                time.sleep(1.0)

    def _filled(self, panel: Panel) -> bool:
        """Whether one of our panels comes up within some seconds: all have this button."""
        deadline = time.monotonic() + 20.0
        while time.monotonic() < deadline:
            if any(row.text == self.word("Refresh") for row in panel.rows()):
                time.sleep(0.5)
                return True
            time.sleep(0.3)
        return False

    # Values

    def values(self, scene: bool = False) -> dict[str, Any]:
        """Return the settings of the camera's filter, or of the scene's."""
        names = (OTHER, OWN) if scene else (CAMERA, FILTER)
        kept = self.stage.obs.request(
            "GetSourceFilter", {"sourceName": names[0], "filterName": names[1]}
        )["filterSettings"]  # fmt: skip
        return {**(scene_defaults() if scene else defaults()), **kept}

    def kept(self, which: str) -> Kept | None:
        """Return what a panel's filter saves; the script's panel has no filter."""
        if which == SCRIPTS_PANEL:
            return None
        scene = which == SCENE_PANEL
        return Kept(self.texts, scene, lambda: self.values(scene))

    def files(self, text: str) -> list[Path]:
        """Return what can be chosen in the row of that text."""
        if text == self.word("Panel.PresetLoad"):
            return [self.given]  # OBS's window takes no file that is not there
        presets = [self.word(key) for key in ("Preset", "Panel.PresetSave")]
        if text in presets:
            return [self.stage.folder / "preset.json", self.stage.folder / "no preset.json"]
        return [self.video] if text == self.word("BackgroundVideo") else self.pictures

    def word(self, key: str) -> str:
        return self.texts[key]


@contextmanager
def sitting(
    folder: Path,
    locale: str = "en-US",
    scripts: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Sitting]:
    """Yield a person at a new OBS, with ``scripts`` beside ours and ``environment`` added."""
    all_scripts: list[tuple[Path, dict[str, Any]]]
    all_scripts = [(script, {}) for script in (SCRIPT, *scripts)]
    with (
        desk() as place,
        running_obs(
            folder, environment={**place.environment, **(environment or {})}, locale=locale,
            preview=False, scripts=all_scripts,
        ) as stage,
    ):  # fmt: skip
        stage.may_say_anything()
        yield Sitting(stage, place, locale)
