"""Removing stray regions: false positives that are not connected to a person.

A network now and then takes a lamp or a poster for a person for some frames. A connected component
of the mask is kept if it is large, near a larger one (a hand, an object that is held), overlaps
what was kept in the last frame, or has been there for a while. All others are set to 0, their soft
edges included.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Labels = NDArray[np.int32]
Counts = NDArray[np.intp]

SIDE = 96  # pixels: components are found in a subsampled mask of at most this size per side
SURE, FAINT = 0.5, 0.1  # probability of a region's inside, and of its soft edge
LEAST = 0.004  # of the picture: a smaller region is no person
LARGE = 0.02  # of the picture and
OTHER = 0.25  # of the largest region: a region above both is kept at once
NEAR = 0.03  # of the width: a gap up to which a region counts as part of a larger one
PROVEN_SECONDS = 0.5  # that a smaller region has to be there; absence counts down


class Blobs:
    """The regions of one stream. A mask of another size resets it."""

    def __init__(self) -> None:
        self._kept: NDArray[np.bool_] | None = None
        self._there: Plane | None = None  # seconds per pixel, counted for PROVEN_SECONDS
        self._now = 0.0
        # Reused: allocating a full-size array would cost more than all the rest.
        self._result = np.zeros((0, 0), np.float32)

    def __call__(self, probability: Plane, now: float | None) -> Plane:
        """Return the probability without stray regions: height x width float32, 0..1.

        Returns ``probability`` itself if there are none, else a buffer that the next call
        overwrites. ``now``: seconds, None for a still.
        """
        height, width = probability.shape
        step = -(-max(height, width) // SIDE)
        small = np.ascontiguousarray(probability[step // 2 :: step, step // 2 :: step])
        sure = np.asarray(small > SURE, np.uint8)
        count, found = cv2.connectedComponents(sure, connectivity=8)
        labels = np.asarray(found, np.int32)
        if self._kept is not None and self._kept.shape != labels.shape:
            self._kept = self._there = None
        # Faster than OpenCV's connectedComponentsWithStats: only the areas are needed.
        areas = np.bincount(labels.ravel(), minlength=count)[1:]
        if areas.size == 1 and areas[0] >= LARGE * labels.size:  # the usual case
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
        # One pixel more: a soft edge may be narrower than a pixel of the small mask.
        emptied = np.asarray(cv2.dilate(stray[around].astype(np.uint8), np.ones((3, 3))), np.uint8)
        emptied[kept] = 0
        return self._without(probability, emptied)

    def _without(self, probability: Plane, emptied: NDArray[np.uint8]) -> Plane:
        """Return the probability set to 0 where ``emptied``, a smaller mask, is 1."""
        if self._result.shape != probability.shape:
            self._result = np.empty_like(probability)
        np.copyto(self._result, probability)
        left, top, wide, tall = cv2.boundingRect(emptied)
        # With a margin of one pixel, so that no hard edge remains.
        rows, row = _scaled(top - 1, top + tall + 1, emptied.shape[0], probability.shape[0])
        columns, column = _scaled(left - 1, left + wide + 1, emptied.shape[1], probability.shape[1])
        part = self._result[row, column]
        share = cv2.resize(np.float32(1.0) - emptied[rows, columns], part.shape[::-1])
        part *= share
        return self._result

    def _chosen(self, labels: Labels, areas: Counts, now: float | None) -> NDArray[np.bool_]:
        """Return for each region whether it is kept."""
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
        """Count how long each pixel has been inside a region."""
        if self._there is None:
            self._there, self._now = np.zeros(labels.shape, np.float32), now
        passed = min(max(now - self._now, 0.0), PROVEN_SECONDS)
        self._there += np.where(labels > 0, np.float32(passed), np.float32(-passed))
        np.maximum(self._there, np.float32(0.0), out=self._there)
        np.minimum(self._there, np.float32(1.5 * PROVEN_SECONDS), out=self._there)

    def _proven(self, labels: Labels, areas: Counts) -> NDArray[np.bool_]:
        """Return for each region whether it has been there long enough."""
        assert self._there is not None
        inside = labels > 0
        sums = np.bincount(labels[inside], self._there[inside], minlength=areas.size + 1)[1:]
        return np.asarray(sums >= (PROVEN_SECONDS - 1e-3) * areas, np.bool_)


def _scaled(begin: int, end: int, side: int, full: int) -> tuple[slice, slice]:
    """Return a range clipped to ``side`` pixels, and the same range scaled to ``full`` pixels."""
    begin, end = max(begin, 0), min(end, side)
    return slice(begin, end), slice(begin * full // side, -(-end * full // side))


def _counts(labels: Labels, where: NDArray[np.bool_], count: int) -> Counts:
    """Return how many pixels of each region (1 to ``count``) lie in ``where``."""
    return np.bincount(labels[where], minlength=count + 1)[1:]
