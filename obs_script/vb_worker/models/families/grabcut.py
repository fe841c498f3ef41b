"""GrabCut: segmentation by the colours of person and room, without a network.

C. Rother, V. Kolmogorov, A. Blake: GrabCut (2004), OpenCV's implementation. The first frame of a
stream starts from a head-and-shoulders shape in the middle, later ones from the last result.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.errors import ModelError
from vb_worker.models.family import Family, no_keys
from vb_worker.models.manifest import Manifest
from vb_worker.models.model import Model, Size
from vb_worker.models.prepare import resize

_FIRST_ROUNDS, _NEXT_ROUNDS = 3, 1
# Fractions of the picture: centre and half axes of the head's ellipse and the shoulders'.
_HEAD = (0.5, 0.38, 0.16, 0.26)
_BODY = (0.5, 1.05, 0.42, 0.5)
_SURE_SHRINK, _MAYBE_GROW = 0.55, 1.35


class GrabCutModel(Model):
    """GrabCut, initialised where a person in front of a camera usually is."""

    looks_closer = False

    def __init__(
        self,
        manifest: Manifest,
        *,
        compute: str = "cpu",
        threads: int = 1,
        size: Size | None = None,
    ) -> None:
        """Raises ModelError for a compute unit other than the CPU."""
        super().__init__(manifest, size)
        if compute not in ("cpu", "auto"):
            raise ModelError("CpuOnly", title=manifest.title)
        self.compute = "CPU"
        self.threads = threads
        self._last: dict[Hashable, NDArray[np.uint8]] = {}

    def prepare(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the picture as GrabCut takes it: H x W x 3 uint8 RGB."""
        small = resize(frame, *self.frame_size(frame.shape[1], frame.shape[0]))
        return np.ascontiguousarray(small[..., :3])

    def infer(self, feed: NDArray[np.uint8], stream: Hashable | None = None) -> NDArray[np.float32]:
        """Return 1 where the person is and 0 elsewhere: height x width float32."""
        height, width = feed.shape[:2]
        guess = first_guess(width, height)
        last = self._last.get(stream) if stream is not None else None
        rounds = _FIRST_ROUNDS
        if last is not None and last.shape == guess.shape:
            # Certain pixels stay; for the others the last result is the better guess.
            between = (guess == cv2.GC_PR_FGD) | (guess == cv2.GC_PR_BGD)
            guess[between] = last[between]
            rounds = _NEXT_ROUNDS
        # Its k-means uses random numbers: the same picture must give the same answer.
        cv2.setRNGSeed(1)
        colours: Any = np.zeros((2, 1, 65), np.float64)
        no_rectangle: Any = None
        try:
            cv2.grabCut(
                feed, guess, no_rectangle, colours[0], colours[1], rounds, cv2.GC_INIT_WITH_MASK
            )
        except cv2.error as error:
            raise ModelError("GrabCutFailed", reason=error.err) from error
        inside = (guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD)
        if stream is not None:
            self._last[stream] = np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        return np.asarray(inside, np.float32)

    def forget(self, stream: Hashable) -> None:
        """Drop the last result of ``stream``."""
        self._last.pop(stream, None)


def first_guess(width: int, height: int) -> NDArray[np.uint8]:
    """Return OpenCV's GC_* labels for a person in the middle: height x width uint8."""
    guess = np.full((height, width), cv2.GC_BGD, np.uint8)
    for factor, mark in (
        (_MAYBE_GROW, cv2.GC_PR_BGD),
        (1.0, cv2.GC_PR_FGD),
        (_SURE_SHRINK, cv2.GC_FGD),
    ):
        for x, y, half_wide, half_tall in (_HEAD, _BODY):
            # The width does not grow with wide pictures: a head keeps its proportions.
            axes = (
                max(1, round(half_wide * min(width, height * 4 / 3) * factor)),
                max(1, round(half_tall * height * factor)),
            )
            centre = (round(x * width), round(y * height))
            cv2.ellipse(guess, centre, axes, 0, 0, 360, int(mark), cv2.FILLED)
    return guess


FAMILY = Family("grabcut", GrabCutModel, no_keys, unasked=False, is_network=False)
