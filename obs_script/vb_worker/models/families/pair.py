"""An ensemble of two models, which make different mistakes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.model import Model

CERTAIN = 0.002  # probabilities are clamped to this distance from 0 and 1


class PairModel(Model):
    """The mean of two models' logits, at the first one's size.

    Logits, not probabilities: a confident model outvotes an uncertain one.
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
        """Return the frame itself: each of the two makes its own input from it."""
        return frame

    def infer(self, feed: NDArray[Any], stream: Hashable | None = None) -> NDArray[np.float32]:
        """Return the combined probability for a frame: height x width float32, 0..1."""
        first, second = (
            model.infer(model.prepare(model.shrink(feed)), stream) for model in self._models
        )
        odds = log_odds(first) + log_odds(resize_answer(second, first.shape))
        return probability(odds / np.float32(2))

    def forget(self, stream: Hashable) -> None:
        """Drop both models' state of ``stream``."""
        for model in self._models:
            model.forget(stream)


def resize_answer(answer: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return ``answer`` resized to ``shape`` (height, width)."""
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(answer, size, interpolation=cv2.INTER_LINEAR), np.float32)


def log_odds(answer: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logits of probabilities, which are clamped by ``CERTAIN``."""
    inside = np.clip(answer, CERTAIN, 1.0 - CERTAIN)
    return np.asarray(np.log(inside / (1.0 - inside)), np.float32)


def probability(odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities of logits."""
    return np.asarray(1.0 / (1.0 + np.exp(-odds)), np.float32)
