"""Clips of two people with their true masks: the sample person twice, in other colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.unit.worker_pictures import CUTOUT, ROOM

FRAMES_PER_SECOND = 30
# Factors on red, green, blue.
ORANGE, BLUE = (1.0, 1.0, 1.0), (0.35, 0.7, 1.3)


@dataclass(frozen=True)
class Stand:
    """Where someone is: the middle in picture widths, the height in picture heights."""

    x: float
    tall: float = 0.8
    tint: tuple[float, float, float] = ORANGE
    there: bool = True


@lru_cache(maxsize=1)
def _cutout() -> NDArray[np.float32]:
    rgba = cv2.imread(str(CUTOUT), cv2.IMREAD_UNCHANGED)
    assert rgba is not None, f"{CUTOUT} is missing"
    rgba = cv2.cvtColor(rgba, cv2.COLOR_BGRA2RGBA).astype(np.float32) / 255
    rgba[..., :3] *= rgba[..., 3:]
    return np.asarray(rgba, np.float32)


def draw(
    *stands: Stand, width: int = 256, height: int = 144
) -> tuple[NDArray[np.uint8], list[NDArray[np.float32]]]:
    """Return the picture (RGB) and what is seen of each person (H x W float32), back to front."""
    room = np.empty((height, width, 3), np.float32)
    room[:] = np.array(ROOM) / 255
    room += np.linspace(-0.12, 0.12, width, dtype=np.float32)[None, :, None]
    cutout = _cutout()
    seen: list[NDArray[np.float32]] = []
    for stand in stands:
        scale = stand.tall * height / cutout.shape[0]
        move = np.array(
            [
                [scale, 0, width * stand.x - scale * cutout.shape[1] * 0.45],
                [0, scale, height * (1 - stand.tall) + 1],
            ]
        )
        tinted = cutout * np.array([*stand.tint, 1.0], np.float32)
        layer = cv2.warpAffine(tinted, move, (width, height), flags=cv2.INTER_AREA)
        alpha = layer[..., 3] * stand.there
        room = layer[..., :3] * stand.there + room * (1 - alpha[..., None])
        seen = [mask * (1 - alpha) for mask in seen]
        seen.append(np.asarray(alpha, np.float32))
    return np.rint(room * 255).clip(0, 255).astype(np.uint8), seen


def as_probability(seen: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return what a network would answer: everyone at once, with a soft edge."""
    together = np.clip(np.sum(seen, axis=0), 0, 1).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(together, (0, 0), 1.0), np.float32)
