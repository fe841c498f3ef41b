"""Leaving out what a network takes for a person and is joined to none.

A lamp or a poster now and then passes for a person for some frames. A region of the mask stays if
it is large, near a larger one (a hand, a thing that is held), where something stayed in the last
frame, or has been there for a while; what is left is emptied, its soft surroundings included.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Labels = NDArray[np.int32]
Counts = NDArray[np.intp]

SIDE = 96  # pixels: regions are looked for in every so many-th pixel, no more than these a side
SURE, FAINT = 0.5, 0.1  # probability of a region's inside, and of its soft surroundings
LEAST = 0.004  # of the picture: a smaller region is nobody
LARGE = 0.02  # of the picture, and
OTHER = 0.25  # of the largest region: a person, at once
NEAR = 0.03  # of the width: joined to a larger region for all one sees
PROVEN_SECONDS = 0.5  # how long a smaller region has to be there, less the time it is not


class Blobs:
    """The regions of one stream. Masks of another size begin anew."""

    def __init__(self) -> None:
        self._kept: NDArray[np.bool_] | None = None
        self._there: Plane | None = None  # seconds, as PROVEN_SECONDS counts them
        self._now = 0.0
        # New memory of a picture's size would cost more than all the rest of the work.
        self._result = np.zeros((0, 0), np.float32)

    def __call__(self, probability: Plane, now: float | None) -> Plane:
        """Return the probability without stray regions: height x width float32, 0..1.

        The same array where there are none; else one that the next call writes to. ``now`` in
        seconds, None for a still.
        """
        height, width = probability.shape
        step = -(-max(height, width) // SIDE)
        small = np.ascontiguousarray(probability[step // 2 :: step, step // 2 :: step])
        sure = np.asarray(small > SURE, np.uint8)
        count, found = cv2.connectedComponents(sure, connectivity=8)
        labels = np.asarray(found, np.int32)
        if self._kept is not None and self._kept.shape != labels.shape:
            self._kept = self._there = None
        # Counting is quicker than OpenCV's statistics, of which only the areas are wanted.
        areas = np.bincount(labels.ravel(), minlength=count)[1:]
        if areas.size == 1 and areas[0] >= LARGE * labels.size:  # as nearly always
            self._kept, self._there = labels > 0, None
            return probability
        stays = self._chosen(labels, areas, now)
        kept = np.concatenate([[False], stays])[labels]
        if now is not None:
            self._kept, self._now = kept, now
        faint = np.asarray(small > FAINT, np.uint8)
        if stays.all() and (stays.size or not faint.any()):
            return probability
        count, around = cv2.connectedComponents(faint, connectivity=8)
        stray = np.bincount(around[kept], minlength=count) == 0
        stray[0] = False
        # A pixel more, as what is faint there is less than a pixel here.
        emptied = np.asarray(cv2.dilate(stray[around].astype(np.uint8), np.ones((3, 3))), np.uint8)
        emptied[kept] = 0
        return self._without(probability, emptied)

    def _without(self, probability: Plane, emptied: NDArray[np.uint8]) -> Plane:
        """Return the probability but for where ``emptied``, which is smaller, is 1."""
        if self._result.shape != probability.shape:
            self._result = np.empty_like(probability)
        np.copyto(self._result, probability)
        left, top, wide, tall = cv2.boundingRect(emptied)
        # With a pixel around it, so that nothing ends hard.
        rows, row = _scaled(top - 1, top + tall + 1, emptied.shape[0], probability.shape[0])
        columns, column = _scaled(left - 1, left + wide + 1, emptied.shape[1], probability.shape[1])
        part = self._result[row, column]
        share = cv2.resize(np.float32(1.0) - emptied[rows, columns], part.shape[::-1])
        part *= share
        return self._result

    def _chosen(self, labels: Labels, areas: Counts, now: float | None) -> NDArray[np.bool_]:
        """Return for each region whether it stays."""
        person = areas >= LEAST * labels.size
        if now is None:
            stays = person
        else:
            stays = (areas >= LARGE * labels.size) & (areas >= OTHER * areas.max(initial=0))
            if self._kept is not None and not stays.all():
                stays |= 2 * _counts(labels, self._kept, areas.size) > areas
            self._pass(labels, now)
            if (person & ~stays).any():
                stays |= person & self._proven(labels, areas)
        if stays.any() and not stays.all():
            around = np.concatenate([[False], stays])[labels].astype(np.uint8)
            side = 2 * max(1, round(NEAR * labels.shape[1])) + 1
            reached = cv2.dilate(around, np.ones((side, side), np.uint8)) > 0
            stays |= _counts(labels, reached, areas.size) > 0
        return np.asarray(stays, np.bool_)

    def _pass(self, labels: Labels, now: float) -> None:
        """Count for how long each place has been in a region."""
        if self._there is None:
            self._there, self._now = np.zeros(labels.shape, np.float32), now
        passed = min(max(now - self._now, 0.0), PROVEN_SECONDS)
        self._there += np.where(labels > 0, np.float32(passed), np.float32(-passed))
        np.maximum(self._there, np.float32(0.0), out=self._there)
        np.minimum(self._there, np.float32(1.5 * PROVEN_SECONDS), out=self._there)

    def _proven(self, labels: Labels, areas: Counts) -> NDArray[np.bool_]:
        """Return for each region whether it has been there for long enough."""
        assert self._there is not None
        inside = labels > 0
        sums = np.bincount(labels[inside], self._there[inside], minlength=areas.size + 1)[1:]
        return np.asarray(sums >= (PROVEN_SECONDS - 1e-3) * areas, np.bool_)


def _scaled(begin: int, end: int, side: int, full: int) -> tuple[slice, slice]:
    """Return a range of a side of so many pixels, cut to it, and what it is of the full side."""
    begin, end = max(begin, 0), min(end, side)
    return slice(begin, end), slice(begin * full // side, -(-end * full // side))


def _counts(labels: Labels, where: NDArray[np.bool_], count: int) -> Counts:
    """Return how many pixels of each region (1 to ``count``) lie in ``where``."""
    return np.bincount(labels[where], minlength=count + 1)[1:]
