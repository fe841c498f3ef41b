"""A scene of two cameras that must look the same: ours, and its twin with one of OBS's own filters.

Both show one picture, ours on the left and the twin half the canvas's width to its right; the twin
has the Color Correction filter with all its values 0. Ours keeps the whole picture by a zone, so
alpha is 255 everywhere and nothing may differ, whatever the model answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.obs.stage import SCENE, Image, Mask, Stage, wait_for
from vb_link.settings import FILTER_ID

OURS, TWIN, BACKDROP = "Ours", "Twin", "Twins' backdrop"
STOCK, STOCK_NAME = "color_filter_v2", "Stock"
END_OF_PNG = b"IEND\xaeB`\x82"
KEEP_ALL: dict[str, Any] = {
    "zone1": "keep", "zone1_left": 0.0, "zone1_top": 0.0, "zone1_right": 1.0, "zone1_bottom": 1.0,
}  # fmt: skip


def card(size: tuple[int, int], seed: int = 0) -> Image:
    """Return a test card, BGR: noise, lines of one pixel, ramps and saturated fields."""
    width, height = size
    random = np.random.default_rng(seed)
    made = random.integers(0, 256, (height, width, 3), np.uint8)
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    made[: height // 4] = ramp[None, :, None]
    made[height // 4 : height // 2, ::2] = (255, 0, 0)
    made[height // 4 : height // 2, 1::2] = (0, 255, 255)
    for index, colour in enumerate(((0, 0, 255), (0, 255, 0), (255, 255, 255), (8, 4, 2))):
        left = index * width // 4
        made[height // 2 : 5 * height // 8, left : (index + 1) * width // 4] = colour
    return made


def faded(image: Image) -> Image:
    """Return the picture with an alpha that rises from left to right, BGRA."""
    height, width = image.shape[:2]
    alpha = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    return np.dstack((image, alpha))


def greatest(a: Image, b: Image, where: Mask | None = None) -> int:
    """Return the greatest difference of a colour channel, in levels."""
    difference = np.abs(a[..., :3].astype(int) - b[..., :3]).max(axis=2)
    return int(difference.max() if where is None else difference[where].max())


def psnr(a: Image, b: Image) -> float:
    """Return the peak signal-to-noise ratio in dB, infinite where nothing differs."""
    error = float(((a[..., :3].astype(float) - b[..., :3]) ** 2).mean())
    return 10 * math.log10(255**2 / error) if error else math.inf


def obs_colour(bgr: tuple[int, int, int]) -> int:
    """Return an opaque colour as OBS's settings hold it."""
    return 0xFF << 24 | bgr[0] << 16 | bgr[1] << 8 | bgr[2]


@dataclass(frozen=True)
class Seen:
    """The pictures of the two."""

    ours: Image
    twin: Image

    @property
    def greatest(self) -> int:
        return greatest(self.ours, self.twin)

    def __str__(self) -> str:
        return f"greatest difference {self.greatest}, PSNR {psnr(self.ours, self.twin):.1f} dB"


class Twins:
    """Both cameras on the stage. ``kind`` and ``settings`` make the source, ``below`` are the
    filters that come before ours and the stock one, as (kind, settings). ``number`` tells them
    apart from others on the same stage."""

    def __init__(
        self,
        stage: Stage,
        kind: str,
        settings: dict[str, Any],
        *,
        scene: str = SCENE,
        below: Sequence[tuple[str, dict[str, Any]]] = (),
        number: str = "",
        **ours: Any,
    ) -> None:
        self.stage, self.scene = stage, scene
        self.items = {}
        self.ours, self.twin = OURS + number, TWIN + number
        self.half, self.exchanged = stage.obs.size[0] // 2, False
        for name in (self.ours, self.twin):
            self.items[name] = stage.obs.add_input(scene, name, kind, settings, fit=False)
            for index, (filter_kind, filter_settings) in enumerate(below):
                stage.obs.add_filter(name, f"Below {index}", filter_kind, filter_settings)
        stage.add_filter(self.ours, **{**KEEP_ALL, "background": "color", **ours})
        stage.obs.add_filter(self.twin, STOCK_NAME, STOCK, {})
        self.transform()
        stage.wait_for_mask(seconds=60)

    @classmethod
    def of_picture(cls, stage: Stage, image: Image, **more: Any) -> Twins:
        return cls(stage, "image_source", {"file": str(stage.save("twins", image))}, **more)

    def transform(self, **values: Any) -> None:
        """Set both items' transform, in obs-websocket's terms; the rest is as at first."""
        first = {
            "positionX": 0.0, "positionY": 0.0, "scaleX": 1.0, "scaleY": 1.0, "rotation": 0.0,
            "cropLeft": 0, "cropTop": 0, "cropRight": 0, "cropBottom": 0,
        }  # fmt: skip
        self._values = values = {**first, **values}
        for name, item in self.items.items():
            right = (name == self.twin) != self.exchanged
            moved = {**values, "positionX": values["positionX"] + right * self.half}
            self.stage.obs.request(
                "SetSceneItemTransform",
                {"sceneName": self.scene, "sceneItemId": item, "sceneItemTransform": moved},
            )

    def exchange(self) -> None:
        """Let the two change places: a sample between two pixels depends on where it is drawn."""
        self.exchanged = not self.exchanged
        self.transform(**self._values)

    def blend(self, mode: str) -> None:
        for item in self.items.values():
            self.stage.obs.request(
                "SetSceneItemBlendMode",
                {"sceneName": self.scene, "sceneItemId": item, "sceneItemBlendMode": mode},
            )

    def set(self, **settings: Any) -> None:
        self.stage.set_filter(self.ours, **settings)

    def seen(self, shot: Image | None = None) -> Seen:
        """Wait until what was changed is drawn, and look at OBS's canvas (or at ``shot``)."""
        if shot is None:
            self.stage.wait_frames(4)
            self.stage.wait_for_mask(seconds=60)
            shot = canvas(self.stage)
        half = shot.shape[1] // 2
        left, right = shot[:, :half], shot[:, half:]
        return Seen(right, left) if self.exchanged else Seen(left, right)

    def of_obs_itself(self) -> Seen:
        """Look at the two with our filter disabled: OBS may draw one picture in two ways."""
        self._enable(False)
        self.stage.wait_frames(8)
        seen = self.seen(canvas(self.stage))
        self._enable(True)
        return seen

    def _enable(self, enabled: bool) -> None:
        found = self.stage.obs.request("GetSourceFilterList", {"sourceName": self.ours})
        names = [each["filterName"] for each in found["filters"] if each["filterKind"] == FILTER_ID]
        self.stage.obs.request(
            "SetSourceFilterEnabled",
            {"sourceName": self.ours, "filterName": names[0], "filterEnabled": enabled},
        )


class Backdrop:
    """A flat colour over all the canvas, below what comes after it."""

    def __init__(self, stage: Stage, colour: tuple[int, int, int], scene: str = SCENE) -> None:
        self._stage = stage
        width, height = stage.obs.size
        stage.obs.add_input(
            scene, BACKDROP, "color_source_v3",
            {"color": obs_colour(colour), "width": width, "height": height}, fit=False,
        )  # fmt: skip

    def paint(self, colour: tuple[int, int, int]) -> None:
        self._stage.obs.request(
            "SetInputSettings",
            {"inputName": BACKDROP, "inputSettings": {"color": obs_colour(colour)}},
        )


def canvas(stage: Stage) -> Image:
    """Return OBS's canvas, BGR: a screenshot of a scene would draw the scene once more."""
    folder = stage.obs.recordings
    before = set(folder.glob("*.png"))
    stage.obs.request("TriggerHotkeyByName", {"hotkeyName": "OBSBasic.Screenshot"})

    def written() -> Path | None:
        for path in set(folder.glob("*.png")) - before:
            if path.read_bytes().endswith(END_OF_PNG):
                return path
        return None

    path = wait_for(written, 60, "a screenshot of the canvas")
    image = np.asarray(cv2.imread(str(path)), np.uint8)
    path.unlink()  # OBS names screenshots by the second
    return image
