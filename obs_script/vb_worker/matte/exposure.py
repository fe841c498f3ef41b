"""Brightening the model's input in low light; the picture that is drawn is not changed.

Networks are trained on well lit photographs. A picture whose highlights are dark is multiplied by
a gain that makes them moderately bright. The highlights decide, not the mean, so that a dark
person in front of a bright window is left alone: a gain would only clip the window.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.time_step import smoothing

HIGHLIGHT = 95  # percentile of the green channel that counts as highlight
BRIGHT = 0.6  # of white: target of the highlights
DARK, ENOUGH = 0.25, 0.40  # of white: full gain for highlights below, none above
LARGEST_GAIN = 8.0
EASE_SECONDS = 0.32  # time constant of the gain: lamps flicker, masks must not


class Exposure:
    """The gain of one stream."""

    def __init__(self) -> None:
        self._gain: float | None = None

    def __call__(self, picture: NDArray[np.uint8], passed: float) -> NDArray[np.uint8]:
        """Return ``picture`` (H x W x 3 uint8 RGB), brightened if it is dark.

        ``passed``: seconds since the last one.
        """
        wanted = _gain(picture)
        if self._gain is not None:
            wanted = self._gain + smoothing(passed, EASE_SECONDS) * (wanted - self._gain)
        self._gain = wanted
        if wanted < 1.02:
            return picture
        return np.asarray(cv2.convertScaleAbs(picture, alpha=wanted), np.uint8)


def _gain(picture: NDArray[np.uint8]) -> float:
    step = max(1, min(picture.shape[:2]) // 64)
    light = _percentile(picture[::step, ::step, 1], HIGHLIGHT) / 255.0
    share = float(np.interp(light, [DARK, ENOUGH], [1.0, 0.0]))
    return float(min(LARGEST_GAIN, max(1.0, BRIGHT / max(light, 1 / 255.0))) ** share)


def _percentile(values: NDArray[np.uint8], percent: float) -> float:
    """Return ``numpy.percentile`` by a histogram, which is ten times as fast for uint8."""
    upto = np.cumsum(np.bincount(values.ravel(), minlength=256))
    rank = percent / 100 * (values.size - 1)
    below, above = np.searchsorted(upto, [int(rank), min(int(rank) + 1, values.size - 1)], "right")
    return float(below + (rank - int(rank)) * (above - below))
