"""Two models that answer together: what one does not know the other may."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.model import Model

CERTAIN = 0.002  # probabilities nearer to 0 or 1 than this say no more than this does


class PairModel(Model):
    """The mean of two models' log odds, at the first one's size.

    Log odds, not probabilities: a model that is sure outvotes one that wavers.
    """

    def __init__(self, first: Model, second: Model) -> None:
        self.manifest = first.manifest
        self.input = first.input
        self.input_size = first.input_size
        self.compute = first.compute
        self.threads = first.threads
        self.looks_closer = first.looks_closer and second.looks_closer
        self._models = first, second

    def shrink(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the frame itself: each of the two shrinks it to its own size."""
        return frame

    def prepare(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the frame itself: each of the two makes its own input of it."""
        return frame

    def infer(self, feed: NDArray[Any], stream: Hashable | None = None) -> NDArray[np.float32]:
        """Return the common answer for a frame."""
        first, second = (
            model.infer(model.prepare(model.shrink(feed)), stream) for model in self._models
        )
        odds = _log_odds(first) + _log_odds(resize_answer(second, first.shape))
        return np.asarray(1.0 / (1.0 + np.exp(-0.5 * odds)), np.float32)

    def forget(self, stream: Hashable) -> None:
        """Drop what either remembers of ``stream``."""
        for model in self._models:
            model.forget(stream)


def resize_answer(answer: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return ``answer`` at ``shape`` (height, width)."""
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(answer, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _log_odds(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    inside = np.clip(probability, CERTAIN, 1.0 - CERTAIN)
    return np.asarray(np.log(inside / (1.0 - inside)), np.float32)
