"""Models that give each pixel a score a class: two logits, or many classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.models.network import Network, Softmax, output_layout


class ClassScoresModel(Network):
    """Output: classes x height x width (or with the classes last); one class is people.

    With "activation" "softmax" the scores are logits, with "none" probabilities already.
    """

    def classes(self) -> int:
        """Return the number of classes if the file tells it."""
        shape = self._shapes()[self._output]
        number = shape[-1] if self._layout.endswith("HWC") else shape[-3]
        return number if isinstance(number, int) else super().classes()

    def _answer(self, outputs: dict[str, Any]) -> NDArray[np.float32]:
        scores, person = outputs[self._output], self.manifest.output.person
        if scores.ndim == 4:
            scores = scores[0]
        axis = 2 if self._layout.endswith("HWC") else 0
        if self.manifest.output.activation == "softmax":
            return self._fit(self._softmax(scores, person, axis))
        return self._fit(np.ascontiguousarray(scores.take(person, axis), np.float32))

    def _check_outputs(self, shapes: dict[str, list[Any]]) -> None:
        self._softmax = Softmax()
        self._output = self._output_name(shapes)
        self._layout = output_layout(self.input, self.manifest.output.layout)
        shape, person = shapes[self._output], self.manifest.output.person
        if len(shape) not in (3, 4):
            raise self._unlike("output.kind", "output", "a score a class and pixel", shape)
        classes = shape[-1] if self._layout.endswith("HWC") else shape[-3]
        self._check_classes(classes, shape)
        if isinstance(classes, int) and person >= classes:
            raise self._unlike("output.person", "number of classes", f"over {person}", classes)

    def _check_classes(self, classes: object, shape: list[Any]) -> None:
        if isinstance(classes, int) and classes < 2:
            raise self._unlike("output.kind", "output", "a score a class and pixel", shape)


class TwoLogitsModel(ClassScoresModel):
    """The same with two channels: not the person, the person."""

    def _check_classes(self, classes: object, shape: list[Any]) -> None:
        if isinstance(classes, int) and classes != 2:
            raise self._unlike("output.kind", "output", "two channels", shape)
