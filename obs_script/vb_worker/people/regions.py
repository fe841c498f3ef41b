"""Connected components of a mask: one per person, unless people touch or a hand is detached."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.people.colours import Floats

SURE = 0.5  # probability above which a pixel belongs to a region
SMALL = 0.35  # of the main region's area: a smaller one can be a hand or the like
LEAST_PIXELS = 4  # of a region, or of a person in one
MOST_REGIONS = 254
WORKING_SIDE = 128


class Regions:
    """Connected components of a mask, or a model's instances. ``map``: int32 labels, 0 is none."""

    def __init__(self, seen: Floats, instances: Floats | None, size: tuple[int, int]) -> None:
        sure = np.asarray(seen > SURE, np.uint8)
        self.separate = instances is not None and len(instances) > 0
        if instances is None or not self.separate:
            count, labels, stats, centres = cv2.connectedComponentsWithStats(sure, connectivity=8)
            self.map, self._stats, self._centres = labels, stats, centres
            self.count = count - 1
            areas = stats[:, cv2.CC_STAT_AREA]
            self.numbers = [n for n in range(1, count) if areas[n] >= LEAST_PIXELS]
            return
        found = np.zeros(seen.shape, np.int32)
        for number, instance in reversed(list(enumerate(instances[:MOST_REGIONS], 1))):
            found[shrink(instance, size) > SURE] = number
        found[sure == 0] = 0
        self.map, self.count = found, int(found.max())
        self._stats = np.zeros((self.count + 1, 5), np.int32)
        self._centres = np.zeros((self.count + 1, 2))
        self.numbers = []
        for number in range(1, self.count + 1):
            rows, columns = np.nonzero(found == number)
            if len(rows) < LEAST_PIXELS:
                continue
            left, top = int(columns.min()), int(rows.min())
            self._stats[number] = (
                left, top, columns.max() + 1 - left, rows.max() + 1 - top, len(rows)
            )  # fmt: skip
            self._centres[number] = columns.mean(), rows.mean()
            self.numbers.append(number)

    def area(self, region: int) -> int:
        """Return a region's area in working pixels."""
        return int(self._stats[region, cv2.CC_STAT_AREA])

    def centre(self, region: int) -> tuple[float, float]:
        """Return a region's centre (x, y) in working pixels."""
        x, y = self._centres[region]
        return float(x), float(y)

    def paint(self, owner: NDArray[np.uint8], region: int, label: int) -> None:
        """Set a region's pixels in ``owner`` to ``label``."""
        where, inside = self.box(region)
        owner[where][inside] = label

    def owned_counts(self, owner: NDArray[np.uint8]) -> NDArray[np.intp]:
        """Return the number of pixels of each region (row) and label (column; 0 is not counted)."""
        owned = owner > 0
        pairs = (np.asarray(self.map, np.intp)[owned] << 8) | owner[owned]
        counts = np.bincount(pairs, minlength=(self.count + 1) << 8)
        return np.asarray(counts.reshape(-1, 256), np.intp)

    def box(self, region: int) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
        """Return the region's bounding box as slices, and its mask within that."""
        x, y, width, height = self._stats[region, :4]
        where = (slice(y, y + height), slice(x, x + width))
        return where, self.map[where] == region

    def gap(self, region: int, other: int) -> float:
        """Return the distance between two regions' bounding boxes, in working pixels."""
        ax, ay, aw, ah = (int(v) for v in self._stats[region, :4])
        bx, by, bw, bh = (int(v) for v in self._stats[other, :4])
        return float(
            np.hypot(
                max(0, bx - ax - aw, ax - bx - bw),
                max(0, by - ay - ah, ay - by - bh),
            )
        )

    def part_of(self, region: int, other: int) -> bool:
        """Return whether ``region`` is probably a part of the person in the larger ``other``.

        That is, near it, and small (a hand) or above or below it (a head over a microphone).
        """
        if self.gap(region, other) > 0.5 * self.area(other) ** 0.5:
            return False
        ax, aw = (int(v) for v in self._stats[region, [0, 2]])
        bx, bw = (int(v) for v in self._stats[other, [0, 2]])
        shared = min(ax + aw, bx + bw) - max(ax, bx)
        stacked = shared >= 0.5 * min(aw, bw)
        return stacked or self.area(region) < SMALL * self.area(other)


def working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the working size (width, height) for a mask of ``shape`` (height, width)."""
    height, width = shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrink(values: Floats, size: tuple[int, int]) -> Floats:
    """Return a plane (height x width float32) averaged down to ``size`` (width, height)."""
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
