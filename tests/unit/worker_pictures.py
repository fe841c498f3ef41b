"""A real person before a drawn room, with her true alpha, for the worker's tests."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import vb_demo

CUTOUT = Path(vb_demo.__file__).resolve().parent / "sample" / "astronaut_cutout.png"
ROOM = (60, 110, 150)


@lru_cache(maxsize=1)
def _cutout() -> NDArray[np.uint8]:
    rgba = cv2.imread(str(CUTOUT), cv2.IMREAD_UNCHANGED)
    assert rgba is not None, f"{CUTOUT} is missing"
    return np.asarray(cv2.cvtColor(rgba, cv2.COLOR_BGRA2RGBA), np.uint8)


@lru_cache(maxsize=64)
def person(
    width: int = 320, height: int = 180, shift: float = 0.0
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return (H x W x 3 uint8 RGB, her alpha H x W float32); ``shift`` is in widths."""
    cutout = _cutout().astype(np.float32)
    alpha = cutout[..., 3:] / 255
    tall, wide = cutout.shape[:2]
    scale = 0.95 * height / min(tall, 334)
    move = np.array(
        [[scale, 0, width * (0.5 + shift) - scale * wide * 0.45], [0, scale, height * 0.05]]
    )
    layers = np.concatenate([cutout[..., :3] * alpha, alpha], -1)
    placed = cv2.warpAffine(layers, move, (width, height), flags=cv2.INTER_AREA)
    truth = placed[..., 3]
    room = np.empty((height, width, 3), np.float32)
    room[:] = ROOM
    room += np.linspace(-30, 30, width, dtype=np.float32)[None, :, None]
    picture = placed[..., :3] + room * (1 - truth[..., None])
    return np.rint(picture).clip(0, 255).astype(np.uint8), np.asarray(truth, np.float32)


def iou(mask: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Return the intersection over union of two alphas at one half."""
    a, b = mask > 0.5, truth > 0.5
    return float((a & b).sum() / max((a | b).sum(), 1))
