"""Where in the picture people are, as boxes that the model looks at closely.

A box lies tightly around a person or a group: the closer the model looks, the better it sees.
Boxes are held while the people fit in them, so that the closer look does not change from frame
to frame by itself; they grow at once and shrink after a while.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom excluded

SURE = 0.5  # probability from which a pixel counts as person
SMALLEST = 0.004  # of the picture: smaller regions get no closer look
MARGIN = 0.05  # of the box's longer side, added all around
SPARE = 0.02  # more margin for a box that is newly laid around someone who moves
JOIN = 1.3  # boxes are joined if that makes at most so much more area than both have
NEARLY_ALL = 0.8  # of the picture: a box that large shows nothing closer
LOOSE = 0.6  # of the held boxes' area: people who fill less get tighter boxes ...
PATIENCE = 20  # ... after so many frames
SEARCH_AREA = 128 * 72  # pixels at which regions are looked for


def find_boxes(probability: NDArray[np.float32], most: int, spare: float = 0.0) -> list[Box]:
    """Return at most ``most`` boxes around what is surely person, the largest first.

    ``probability``: height x width float32, 0..1. Boxes are square as far as the picture has room
    for it, as networks for people want. With ``most`` 1 the box holds everyone.
    """
    height, width = probability.shape
    scale = min(1.0, (SEARCH_AREA / (height * width)) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(probability, size, interpolation=cv2.INTER_AREA)
    count, _, regions, _ = cv2.connectedComponentsWithStats((small > SURE).astype(np.uint8))
    across, down = width / size[0], height / size[1]
    found = [
        (x * across, y * down, (x + w) * across, (y + h) * down)
        for x, y, w, h, area in regions[1:count]
        if area >= SMALLEST * size[0] * size[1]
    ]
    if most == 1 and found:
        lefts, tops, rights, bottoms = zip(*found)
        found = [(min(lefts), min(tops), max(rights), max(bottoms))]
    boxes = [_squared(box, width, height, MARGIN + spare) for box in found]
    return sorted(_joined(boxes), key=_area, reverse=True)[:most]


class Tracker:
    """The boxes of one stream."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._loose = 0
        self.boxes: list[Box] = []

    def update(self, probability: NDArray[np.float32]) -> list[Box]:
        """Return the boxes for the next frame, from the newest answer for the whole picture."""
        wanted = find_boxes(probability, self._most)
        if self.boxes and wanted:
            held = sum(map(_area, self.boxes))
            self._loose = self._loose + 1 if sum(map(_area, wanted)) < LOOSE * held else 0
            if self._loose < PATIENCE and all(
                any(_inside(box, other) for other in self.boxes) for box in wanted
            ):
                return self.boxes
        self._loose = 0
        self.boxes = find_boxes(probability, self._most, SPARE) if wanted else []
        return self.boxes


def shows_all(box: Box, width: int, height: int) -> bool:
    """Say whether ``box`` is nearly the whole picture."""
    return _area(box) >= NEARLY_ALL * width * height


def _squared(box: tuple[float, ...], width: int, height: int, margin: float) -> Box:
    left, top, right, bottom = box
    side = max(right - left, bottom - top) * (1 + 2 * margin)
    wide, tall = min(side, width), min(side, height)
    x = min(max((left + right - wide) / 2, 0), width - wide)
    y = min(max((top + bottom - tall) / 2, 0), height - tall)
    return round(x), round(y), max(round(x + wide), round(x) + 1), max(round(y + tall), round(y) + 1)


def _joined(boxes: list[Box]) -> list[Box]:
    """Join boxes that lie close together, until none do."""
    boxes = list(boxes)
    for one in boxes:
        for other in boxes:
            both = (
                min(one[0], other[0]),
                min(one[1], other[1]),
                max(one[2], other[2]),
                max(one[3], other[3]),
            )
            if one is not other and _area(both) <= JOIN * (_area(one) + _area(other)):
                rest = [box for box in boxes if box is not one and box is not other]
                return _joined([*rest, both])
    return boxes


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _inside(box: Box, other: Box) -> bool:
    """Say whether ``other`` holds ``box``, but for less than half of its margin."""
    slack = 0.5 * MARGIN * max(box[2] - box[0], box[3] - box[1])
    return (
        box[0] >= other[0] - slack
        and box[1] >= other[1] - slack
        and box[2] <= other[2] + slack
        and box[3] <= other[3] + slack
    )
