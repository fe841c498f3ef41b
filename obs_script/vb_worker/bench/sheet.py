"""A contact sheet: pictures beside their truth, the result and where the two differ."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.shrink import shrunk

TILE = (320, 240)  # width and height in pixels
LINE = 20  # height of the text's dark ground in pixels
GREEN = (0, 160, 0)

Picture = NDArray[np.uint8]
Alpha = NDArray[np.float32]


def row_of(picture: Picture, truth: Alpha, matte: Alpha, text: str) -> Picture:
    """Return picture | truth | result | difference, ``text`` on the first: uint8 RGB.

    ``picture`` is H x W x 3 uint8 RGB, ``truth`` and ``matte`` H x W float32, 0..1. Truth and
    result show the person on green. The difference is grey where there is none, red where the room
    is shown and blue where the person is missing.
    """
    tiles = [picture, _on_green(picture, truth), _on_green(picture, matte), _off(matte - truth)]
    tiles = [shrunk(tile, *TILE) for tile in tiles]
    tiles[0][:LINE] //= 4
    cv2.putText(tiles[0], text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (255, 255, 255), 1)
    return np.hstack(tiles)


def sheet_of(rows: Sequence[Picture]) -> Picture:
    """Return the rows below each other."""
    return np.vstack(rows)


def _on_green(picture: Picture, alpha: Alpha) -> Picture:
    green = np.full_like(picture, GREEN)
    return np.asarray(cv2.blendLinear(picture, green, alpha, 1 - alpha), np.uint8)


def _off(difference: Alpha) -> Picture:
    much, missing = np.maximum(difference, 0.0), np.maximum(-difference, 0.0)
    grey = 0.5 * (1.0 - much - missing)
    colour = np.stack([grey + much, grey, grey + missing], -1)
    return np.asarray(np.rint(255.0 * np.clip(colour, 0.0, 1.0)), np.uint8)
