"""Metrics of a matte against the ground truth: stills and sequences.

Every matte and every truth is height x width float32, 0..1, at the picture's own size. A mask is
an alpha above 0.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.float32]
Mask = NDArray[np.bool_]

BAND = 0.01  # of the diagonal
GRADIENT_SIGMA = 1.4  # pixels
STILL = 1.0 / 255.0  # a truth that changes by less from frame to frame is still


def iou(matte: Alpha, truth: Alpha) -> float:
    """Return the intersection over union of the two masks; 1 if both are empty."""
    return _overlap(matte > 0.5, truth > 0.5)


def boundary_iou(matte: Alpha, truth: Alpha) -> float:
    """Return the intersection over union of the masks' inner bands of 1 % of the diagonal.

    Cheng et al., "Boundary IoU", CVPR 2021, equation 1; the picture's own border counts as a
    contour, as in their code.
    """
    width = max(1, round(BAND * float(np.hypot(*truth.shape))))
    return _overlap(_band(matte > 0.5, width), _band(truth > 0.5, width))


def band_iou(matte: Alpha, truth: Alpha) -> float:
    """Return the intersection over union of the masks near either contour.

    Near: within 1 % of the diagonal, inside or outside. Milder than ``boundary_iou``:
    pixels inside both masks count even if they are in the band of only one.
    """
    width = max(1, round(BAND * float(np.hypot(*truth.shape))))
    near = _near(matte > 0.5, width) | _near(truth > 0.5, width)
    return _overlap((matte > 0.5) & near, (truth > 0.5) & near)


def mad(matte: Alpha, truth: Alpha) -> float:
    """Return the mean absolute difference, 0..1."""
    return float(np.abs(matte - truth).mean())


def gradient_error(matte: Alpha, truth: Alpha) -> float:
    """Return the mean squared difference of the gradients' magnitudes, times 1000.

    Rhemann et al., "A perceptually motivated online benchmark for image matting", CVPR 2009
    (Gaussian derivatives, sigma 1.4), as a mean instead of a sum so that sizes compare.
    """
    return float(np.square(_slope(matte) - _slope(truth)).mean() * 1e3)


def flicker(mattes: Sequence[Alpha], truths: Sequence[Alpha]) -> float:
    """Return ``Changes.flicker`` of two sequences of the same length of at least two."""
    return Changes.of(mattes, truths).flicker


def dtssd(mattes: Sequence[Alpha], truths: Sequence[Alpha]) -> float:
    """Return ``Changes.dtssd`` of two sequences of the same length of at least two."""
    return Changes.of(mattes, truths).dtssd


class Changes:
    """What changes from frame to frame, summed up; only the last frame is kept."""

    def __init__(self) -> None:
        self._last: tuple[Alpha, Alpha] | None = None
        self._change, self._still = 0.0, 0
        self._errors: list[float] = []
        self._flips: list[float] = []

    @classmethod
    def of(cls, mattes: Iterable[Alpha], truths: Iterable[Alpha]) -> Changes:
        """Return the changes of a whole sequence."""
        changes = cls()
        for matte, truth in zip(mattes, truths):
            changes.add(matte, truth)
        return changes

    def add(self, matte: Alpha, truth: Alpha) -> None:
        """Take the next frame."""
        last, self._last = self._last, (matte, truth)
        if last is None:
            return
        before, was = last
        change, true_change = matte - before, truth - was
        still = np.abs(true_change) < STILL
        self._change += float(np.abs(change)[still].sum())
        self._still += int(still.sum())
        self._errors.append(float(np.sqrt(np.square(change - true_change).mean())))
        width = max(1, round(BAND * float(np.hypot(*truth.shape))))
        away = ~(_near(was > 0.5, width) | _near(truth > 0.5, width))
        flipped = ((matte > 0.5) != (before > 0.5)) & ((truth > 0.5) == (was > 0.5)) & away
        self._flips.append(float(flipped.sum()) / max(1, int(away.sum())))

    @property
    def flicker(self) -> float:
        """Return the mean change of the matte from frame to frame where the truth is still.

        In levels of 0..255.
        """
        return 255.0 * self._change / max(self._still, 1)

    @property
    def dtssd(self) -> float:
        """Return dtSSD: the root mean square error of the changes from frame to frame, times 100.

        Erofeev et al., "Perceptually motivated benchmark for video matting", BMVC 2015.
        """
        return 100.0 * float(np.mean(self._errors)) if self._errors else 0.0

    @property
    def flips(self) -> float:
        """Return how much of the picture jumps in or out where no edge is, per frame, times 1000.

        The share of the pixels whose mask changes from one frame to the next though the truth's
        does not, among those further than 1 % of the diagonal from the true contours of both
        frames; the mean over the frames. Defined here: edges make up most of flicker and dtSSD,
        this measures whole regions (a chair that is taken for a person in every other frame).
        """
        return 1e3 * float(np.mean(self._flips)) if self._flips else 0.0


def lag(mattes: Sequence[Alpha], truths: Sequence[Alpha], *, longest: int = 4) -> float:
    """Return how far the matte trails a moving edge, in pixels; negative if it runs ahead.

    The delay in frames at which the truth fits best, times the motion of the truth's edges per
    frame. The delay has the smallest mean absolute difference to the delayed truth (interpolated
    linearly between frames) on the pixels that the truth's edges sweep. The motion is the area
    that they sweep per frame, divided by the length of the contour there.
    """
    steps = np.arange(-1.0, longest + 0.01, 0.1)
    cost = np.zeros(len(steps))
    swept, contour = 0.0, 0.0
    for number in range(longest + 1, len(mattes) - 1):
        reach = np.stack([truths[n] for n in range(number - longest - 1, number + 2)])
        passed = np.ptp(reach, 0) > 0.5
        if not passed.any():
            continue
        matte = mattes[number][passed]
        moments = [truth[passed] for truth in reach]
        for index, step in enumerate(steps):
            at = longest + 1 - step
            low = min(int(np.floor(at)), len(moments) - 2)
            truth = moments[low] + (moments[low + 1] - moments[low]) * np.float32(at - low)
            cost[index] += float(np.abs(matte - truth).sum())
        change = np.abs(truths[number] - truths[number - 1])
        reach_of_slope = np.ones((11, 11), np.uint8)
        moving = cv2.dilate((change > STILL).astype(np.uint8), reach_of_slope) > 0
        swept += float(change.sum())
        contour += float(_slope(truths[number])[moving].sum())
    if contour == 0.0:
        return 0.0
    return float(steps[int(np.argmin(cost))]) * swept / contour


def _overlap(a: Mask, b: Mask) -> float:
    union = int((a | b).sum())
    return float((a & b).sum()) / union if union else 1.0


def _band(mask: Mask, width: int) -> Mask:
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inner = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)
    return np.asarray(mask & (inner[1:-1, 1:-1] == 0), np.bool_)


def _near(mask: Mask, width: int) -> Mask:
    square = np.ones((3, 3), np.uint8)
    outer = cv2.dilate(mask.astype(np.uint8), square, iterations=width)
    inner = cv2.erode(mask.astype(np.uint8), square, iterations=width)
    return np.asarray(outer != inner, np.bool_)


def _slope(alpha: Alpha) -> Alpha:
    reach = int(np.ceil(3 * GRADIENT_SIGMA))
    at = np.arange(-reach, reach + 1, dtype=np.float32)
    bell = np.exp(-np.square(at) / (2 * GRADIENT_SIGMA**2))
    bell /= bell.sum()
    slope = at * bell / GRADIENT_SIGMA**2
    across = cv2.sepFilter2D(alpha, cv2.CV_32F, slope, bell, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(alpha, cv2.CV_32F, bell, slope, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.hypot(across, down), np.float32)
