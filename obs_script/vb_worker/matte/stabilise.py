"""Temporal smoothing of a mask where the picture is still.

A network's answer flickers from frame to frame even on a still picture. Each pixel keeps a share
of its last value (a recursive filter), less of it the longer the time step. The share depends on

* whether the picture moved there: if it did, nothing is kept, so that edges do not trail;
* the size and sign of the change: small steps are flicker and mostly suppressed; a large step up
  (newly covered by the person) is taken at once, so that no part of a person is cut off for a
  frame; a large step down without movement fades within a few frames.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

AFTER = 1 / 30  # seconds: the time step that the shares below are for
KEPT_STILL = 0.88  # of the last value, for flicker in a still picture
KEPT_FADING = 0.60  # of the last value, for a large step down in a still picture
TREMBLE = 0.06  # steps of probability up to this are flicker
STEP_UP = 0.20  # steps up from this are taken at once
STEP_DOWN = 0.30  # steps down from this fade with KEPT_FADING


def _kept_by_step() -> NDArray[np.float32]:
    """Return a lookup table: the share kept after ``AFTER`` for steps -1..1 (127.5: no step)."""
    step = (np.arange(256) - 127.5) / 127.5
    up = np.interp(step, [TREMBLE, STEP_UP], [KEPT_STILL, 0.0])
    down = np.interp(-step, [TREMBLE, STEP_DOWN], [KEPT_STILL, KEPT_FADING])
    return np.asarray(np.where(step > 0, up, down), np.float32)


_BY_STEP = _kept_by_step()


class Stabiliser:
    """The state of one stream. All masks given to it have the same size."""

    def __init__(self) -> None:
        self._value: NDArray[np.float32] | None = None

    def __call__(
        self,
        probability: NDArray[np.float32],
        still: NDArray[np.float32] | None,
        passed: float,
    ) -> NDArray[np.float32]:
        """Return the smoothed probability, height x width float32, 0..1; do not write to it.

        ``probability``: height x width float32, 0..1. ``still``: stillness of the picture since
        the last one, float32, 1 still to 0 moved, of the same size or smaller (``movement``); None
        for a first frame. ``passed``: seconds since then.
        """
        last = self._value
        if last is None or still is None or last.shape != probability.shape:
            self._value = probability
            return probability
        step = cv2.addWeighted(probability, 127.5, last, -127.5, 127.5, dtype=cv2.CV_8U)
        size = (probability.shape[1], probability.shape[0])
        stillness = cv2.resize(still, size, interpolation=cv2.INTER_LINEAR)
        by_step = np.where(_BY_STEP > 0, _BY_STEP ** np.float32(passed / AFTER), np.float32(0))
        kept = cv2.multiply(cv2.LUT(step, by_step), stillness, dst=stillness)
        change = cv2.multiply(cv2.subtract(last, probability), kept, dst=kept)
        self._value = np.asarray(cv2.add(probability, change, dst=change), np.float32)
        return self._value
