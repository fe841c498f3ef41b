"""Models with one output that is the person's probability itself (a sigmoid)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.models.model import Model


class ProbabilityModel(Model):
    """Output: one channel, height x width, 0..1."""

    def _probability(self, outputs: list[Any]) -> NDArray[np.float32]:
        width, height = self.input_size
        probability: NDArray[np.float32] = outputs[0].reshape(height, width)
        return probability

    def _check_outputs(self, shapes: list[list[Any]]) -> None:
        width, height = self.input_size
        if len(shapes) != 1:
            raise self._unlike("number of outputs", 1, len(shapes))
        if shapes[0] not in ([1, height, width, 1], [1, 1, height, width], [1, height, width]):
            raise self._unlike("output", [1, height, width, 1], shapes[0])
