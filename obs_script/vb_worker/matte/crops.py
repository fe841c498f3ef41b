"""The bounding box of all people in the picture, which the model is shown as a crop.

The box is tight: the larger people are in the model's input, the better its mask. It stays the
same while they fit in it (hysteresis), so that the crop does not jitter; it grows at once and
shrinks after a while.

One box for everyone measured better than one for each region of the mask: a false positive that is
cropped alone is confirmed; next to the person it disappears.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.time_step import LONGEST_STEP

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom excluded

SURE = 0.5  # probability from which a pixel counts as person
SMALLEST = 0.004  # of the picture: smaller regions are ignored
MARGIN = 0.05  # of the box's longer side, added all around
SPARE = 0.02  # extra margin for a box that is set anew because someone moved
NEARLY_ALL = 0.8  # of the picture: a box this large shows no more detail
LOOSE = 0.6  # of the current box's area: people who fill less get a tighter box ...
PATIENCE_SECONDS = 0.65  # ... after this time
SEARCH_AREA = 128 * 72  # pixels of the mask that regions are found in


def find_box(probability: NDArray[np.float32], spare: float = 0.0) -> Box | None:
    """Return the bounding box of all people, or None if there are none.

    ``probability``: height x width float32, 0..1. The box is square, which suits the networks,
    unless the picture is too small for that; ``spare``: margin in addition to ``MARGIN``.
    """
    height, width = probability.shape
    scale = min(1.0, (SEARCH_AREA / (height * width)) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(probability, size, interpolation=cv2.INTER_AREA)
    count, _, regions, _ = cv2.connectedComponentsWithStats((small > SURE).astype(np.uint8))
    found = regions[1:count]
    found = found[found[:, cv2.CC_STAT_AREA] >= SMALLEST * size[0] * size[1]]
    if not len(found):
        return None
    left, top = found[:, :2].min(0) * (width / size[0], height / size[1])
    right, bottom = (found[:, :2] + found[:, 2:4]).max(0) * (width / size[0], height / size[1])
    side = max(right - left, bottom - top) * (1 + 2 * (MARGIN + spare))
    wide, tall = min(side, width), min(side, height)
    x = round(min(max((left + right - wide) / 2, 0), width - wide))
    y = round(min(max((top + bottom - tall) / 2, 0), height - tall))
    return x, y, min(max(round(x + wide), x + 1), width), min(max(round(y + tall), y + 1), height)


def shows_all(box: Box, width: int, height: int) -> bool:
    """Return whether ``box`` is nearly the whole picture."""
    return _area(box) >= NEARLY_ALL * width * height


class Tracker:
    """The box of one stream."""

    def __init__(self) -> None:
        self._loose = 0.0  # seconds for which the box has been too large
        self.box: Box | None = None

    def update(self, probability: NDArray[np.float32], passed: float) -> None:
        """Set the box for the next frame from the newest mask of the whole picture.

        ``probability``: height x width float32, 0..1. ``passed``: seconds since the last one.
        """
        wanted = find_box(probability)
        if self.box is not None and wanted is not None:
            loose = _area(wanted) < LOOSE * _area(self.box)
            self._loose = self._loose + min(passed, LONGEST_STEP) if loose else 0.0
            if self._loose < PATIENCE_SECONDS and _fits(wanted, self.box):
                return
        self._loose = 0.0
        self.box = find_box(probability, SPARE)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _fits(box: Box, outer: Box) -> bool:
    """Return whether ``box`` lies in ``outer``, give or take half of its margin."""
    slack = 0.5 * MARGIN * max(box[2] - box[0], box[3] - box[1])
    return (
        box[0] >= outer[0] - slack
        and box[1] >= outer[1] - slack
        and box[2] <= outer[2] + slack
        and box[3] <= outer[3] + slack
    )
