"""All good networks together, for stills, where time does not matter (quality *Best*).

Networks that were trained on whole scenes know *what* is a person; those that were made for video
calls know *where the edge is*. So there are two weighted means of the networks' logits: the first
decides everything that is wider than ``REACH`` and the second what is finer. A manifest's
``[ensemble]`` holds a network's two weights.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.families.pair import log_odds, probability, resize_answer
from vb_worker.models.model import Model

# Of a picture's longer side: the standard deviation of the blur that is the border between the
# two. From two thirds to four thirds of it scored nearly the same.
REACH = 1 / 43

Plane = NDArray[np.float32]


class EnsembleModel(Model):
    """Several models that answer together, at the size of the most detailed one."""

    def __init__(self, models: Sequence[Model]) -> None:
        """``models``: at least one, with weights in their manifests."""
        finest = max(models, key=lambda model: model.input_size[0] * model.input_size[1])
        title = " + ".join(model.manifest.title for model in models)
        self.manifest = replace(finest.manifest, title=title)
        self.input = finest.input
        self.input_size = finest.input_size
        self.compute = finest.compute
        self.threads = finest.threads
        self.looks_closer = all(model.looks_closer for model in models)
        self._models = list(models)
        weights = np.array([_weights(model) for model in models], np.float32)
        self._what, self._edge = _shares(weights[:, 0]), _shares(weights[:, 1])

    def shrink(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the frame itself: each model shrinks it to its own size."""
        return frame

    def prepare(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the frame itself: each model makes its own input from it."""
        return frame

    def infer(self, feed: NDArray[Any], stream: Hashable | None = None) -> Plane:
        """Return the combined probability for a still: height x width float32, 0..1."""
        shape = self.input_size[::-1]
        what, edge = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        for model, sure, fine in zip(self._models, self._what, self._edge):
            answer = model.infer(model.prepare(model.shrink(feed)))
            odds = log_odds(resize_answer(answer, shape))
            what += sure * odds
            edge += fine * odds
        height, width = feed.shape[:2]
        reach = REACH * max(height, width)
        # The answer is stretched, the blur is to be round in the picture.
        wide = cv2.GaussianBlur(
            what - edge,
            (0, 0),
            sigmaX=reach * shape[1] / width,
            sigmaY=reach * shape[0] / height,
            borderType=cv2.BORDER_REPLICATE,
        )
        return probability(edge + np.asarray(wide, np.float32))


def _weights(model: Model) -> tuple[float, float]:
    weights = model.manifest.ensemble
    return (0.0, 0.0) if weights is None else (weights.what, weights.edge)


def _shares(weights: Plane) -> Plane:
    """Return the weights with the sum 1; all equal if there are none."""
    total = float(weights.sum())
    if total == 0.0:
        return np.full(weights.shape, 1.0 / weights.size, np.float32)
    return np.asarray(weights / np.float32(total), np.float32)
