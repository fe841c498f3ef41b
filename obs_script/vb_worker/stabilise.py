"""Holding a mask still where the picture is still.

A network's answer trembles from frame to frame on a still picture. Each pixel here keeps a part
of its last value, and how large a part depends on two things:

* whether the picture moved there: where it did, nothing is kept, so edges do not trail;
* how far and which way the answer went: small steps are tremble and are mostly kept out, a large
  step up (newly covered by the person) is taken at once so that no part of a person is cut off
  for a frame, a large step down without movement fades within a few frames.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

KEPT_STILL = 0.88  # of the last value, for tremble in a still picture
KEPT_FADING = 0.60  # of the last value, for a large step down in a still picture
TREMBLE = 0.06  # steps of probability up to this are tremble
STEP_UP = 0.20  # steps up from this are taken at once
STEP_DOWN = 0.30  # steps down from this fade with KEPT_FADING
# Mean difference of brightness (0..255) around a pixel: still below, moved above. Sensor noise
# is about 1 to 2 once the picture is as small as a network's input.
STILL, MOVED = 3.0, 9.0
NEIGHBOURHOOD = (5, 5)


def _kept_by_step() -> NDArray[np.float32]:
    """Return the part kept for steps -1..1, as a table of 256 (127.5 is no step)."""
    step = (np.arange(256) - 127.5) / 127.5
    up = np.interp(step, [TREMBLE, STEP_UP], [KEPT_STILL, 0.0])
    down = np.interp(-step, [TREMBLE, STEP_DOWN], [KEPT_STILL, KEPT_FADING])
    return np.asarray(np.where(step > 0, up, down), np.float32)


def _kept_by_movement() -> NDArray[np.float32]:
    """Return the factor on the part kept for differences of brightness 0..255."""
    table = np.interp(np.arange(256), [STILL, MOVED], [1.0, 0.0])
    return np.asarray(table, np.float32)


_BY_STEP = _kept_by_step()
_BY_MOVEMENT = _kept_by_movement()


class Stabiliser:
    """The state of one stream. All pictures given to it have the same size."""

    def __init__(self) -> None:
        self._grey: NDArray[np.uint8] | None = None
        self._value: NDArray[np.float32] | None = None

    def __call__(
        self, probability: NDArray[np.float32], grey: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """Return the steadied probability, height x width float32, 0..1; do not write to it.

        ``probability``: height x width float32, 0..1. ``grey``: the picture it was made from at
        the same size, uint8 brightness.
        """
        last_grey, last = self._grey, self._value
        self._grey = grey
        if last_grey is None or last is None or last.shape != probability.shape:
            self._value = probability
            return probability
        moved = cv2.blur(cv2.absdiff(grey, last_grey), NEIGHBOURHOOD)
        step = cv2.addWeighted(probability, 127.5, last, -127.5, 127.5, dtype=cv2.CV_8U)
        kept = cv2.multiply(cv2.LUT(step, _BY_STEP), cv2.LUT(moved, _BY_MOVEMENT))
        change = cv2.multiply(cv2.subtract(last, probability), kept)
        self._value = np.asarray(cv2.add(probability, change), np.float32)
        return self._value
