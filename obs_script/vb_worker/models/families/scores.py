"""Semantic segmentation: scores per class and pixel, for two or many classes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.models.families import classes
from vb_worker.models.family import Family, GraphOutput, read_plane
from vb_worker.models.manifest import InputSpec, OutputSpec
from vb_worker.models.manifest_table import Table
from vb_worker.models.network import Network, Softmax, output_layout

TWO, MANY = "two_logits", "class_scores"
ACTIVATIONS = ("softmax", "none")


class ClassScoresModel(Network):
    """Output: classes x height x width (or with the classes last); one class is people.

    With "activation" "softmax" the scores are logits, with "none" probabilities.
    """

    def classes(self) -> int:
        """Return the number of classes if the file declares it."""
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
    """The same with two channels: background, person."""

    def _check_classes(self, classes: object, shape: list[Any]) -> None:
        if isinstance(classes, int) and classes != 2:
            raise self._unlike("output.kind", "output", "two channels", shape)


def _read(table: Table, person: int | None = None) -> dict[str, Any]:
    return {
        **read_plane(table),
        "person": table.index("person", person),
        "activation": table.one_of("activation", ACTIVATIONS, ACTIVATIONS[0]),
    }


def _guess(output: GraphOutput, kind: str) -> Iterator[OutputSpec]:
    if output.integer or output.state:
        return
    for layout in _layouts(output.shape, output.input):
        channels = output.shape[-1] if layout.endswith("HWC") else output.shape[-3]
        if not isinstance(channels, int) or channels < 2 or (channels == 2) != (kind == TWO):
            continue
        for activation in ACTIVATIONS:
            yield OutputSpec(kind, output.name, activation=activation, layout=layout)


def _layouts(shape: list[Any], spec: InputSpec) -> list[str]:
    """Return the possible layout of scores of that shape, or [] if they cannot be scores."""
    if len(shape) not in (3, 4) or (len(shape) == 3 and shape[0] == 1):
        return []
    first = spec.layout if len(shape) == 4 or not spec.layout.startswith("N") else spec.layout[1:]
    other = {"NCHW": "NHWC", "NHWC": "NCHW", "CHW": "HWC", "HWC": "CHW"}[first]
    # The channels are the dimension that differs from the picture's.
    sides = (spec.width, spec.height)
    return [
        layout
        for layout in (first, other)
        if (shape[-1] if layout.endswith("HWC") else shape[-3]) not in (1, *sides)
    ][:1]


TWO_LOGITS = Family(
    TWO,
    TwoLogitsModel,
    partial(_read, person=1),  # the second channel unless the manifest says otherwise
    written=("person", "activation"),
    guess=partial(_guess, kind=TWO),
    readings=classes.every_person,
    changes=classes.other_people,
)
CLASS_SCORES = Family(
    MANY,
    ClassScoresModel,
    _read,
    written=("person", "activation"),
    guess=partial(_guess, kind=MANY),
    readings=classes.every_person,
    changes=classes.other_people,
)
