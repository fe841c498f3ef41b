"""A camera frame's way through the worker: shrink, run the network, steady the mask."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.instances import InstancesModel
from vb_worker.models.model import Model
from vb_worker.person_choice import PersonChoice
from vb_worker.stabilise import Stabiliser


@dataclass(frozen=True)
class Result:
    """One mask: ``alpha`` is height x width uint8 at the model's size, probability times 255.

    Times in milliseconds; ``total_ms`` is everything, ``preprocess_ms`` and ``inference_ms`` are
    parts of it. Threshold and softness are not applied yet (``levels``).
    """

    alpha: NDArray[np.uint8]
    preprocess_ms: float
    inference_ms: float
    total_ms: float


class Pipeline:
    """Runs one model for any number of streams, each with its own memory of the last frame."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._streams: dict[Hashable, Stabiliser] = {}
        # Pictures here are small, and a second thread beside a busy OBS costs more than it gives.
        cv2.setNumThreads(1)

    def process(
        self,
        frame_rgba: NDArray[np.uint8],
        *,
        stream: Hashable,
        choice: PersonChoice | None = None,
    ) -> Result:
        """Return the mask of the next frame of ``stream``: H x W x 4 uint8 RGBA of any size.

        ``choice`` is the stream's, and remembers it: whom of several people to keep.
        """
        stabiliser = self._streams.setdefault(stream, Stabiliser())
        return self._run(frame_rgba, stabiliser, stream, choice)

    def still(self, picture: NDArray[np.uint8], choice: PersonChoice | None = None) -> Result:
        """Return the mask of a picture that is no part of a stream: nothing is remembered."""
        if choice is not None:
            choice.reset()
        return self._run(picture, None, None, choice)

    def reset(self, stream: Hashable) -> None:
        """Forget what is remembered of ``stream``; its next frame is as its first."""
        self._streams.pop(stream, None)
        self.model.forget(stream)

    def _run(
        self,
        frame: NDArray[np.uint8],
        stabiliser: Stabiliser | None,
        stream: Hashable | None,
        choice: PersonChoice | None,
    ) -> Result:
        begin = time.perf_counter()
        small = self.model.shrink(frame)
        feed = self.model.prepare(small)
        prepared = time.perf_counter()
        instances = None
        if isinstance(self.model, InstancesModel) and choice is not None and choice.chooses:
            instances = self.model.find(feed).masks
            probability = instances.max(0, initial=0.0)
        else:
            probability = self.model.infer(feed, stream)
        inferred = time.perf_counter()
        if stabiliser is not None:
            code = cv2.COLOR_RGBA2GRAY if small.shape[2] == 4 else cv2.COLOR_RGB2GRAY
            grey = np.asarray(cv2.cvtColor(small, code), np.uint8)
            probability = stabiliser(probability, grey)
        if choice is not None:
            probability = choice(probability, small, instances)
        alpha = np.asarray(cv2.convertScaleAbs(probability, alpha=255.0), np.uint8)
        end = time.perf_counter()
        return Result(
            alpha,
            preprocess_ms=(prepared - begin) * 1e3,
            inference_ms=(inferred - prepared) * 1e3,
            total_ms=(end - begin) * 1e3,
        )
