"""Binary segmentation: one output that is the person's probability or logit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.models.family import Change, Family, GraphOutput, read_plane
from vb_worker.models.manifest import OutputSpec
from vb_worker.models.manifest_table import Table
from vb_worker.models.network import Network, plane_of, sigmoid

ACTIVATIONS = ("none", "sigmoid")


class ProbabilityModel(Network):
    """Output: one channel of any size, 0..1, or logits where "activation" is "sigmoid"."""

    def _answer(self, outputs: dict[str, Any]) -> NDArray[np.float32]:
        plane = plane_of(outputs[self._output], (self.input.width, self.input.height))
        if self.manifest.output.activation == "sigmoid":
            plane = sigmoid(plane)
        return self._fit(plane)

    def _check_outputs(self, shapes: dict[str, list[Any]]) -> None:
        self._output = self._output_name(shapes)
        shape = shapes[self._output]
        sides = [side for side in shape if side != 1]
        if len(sides) > 2:
            raise self._unlike("output.kind", "output", "one channel", shape)


def _read(table: Table) -> dict[str, Any]:
    return {
        **read_plane(table),
        "activation": table.one_of("activation", ACTIVATIONS, ACTIVATIONS[0]),
    }


def _guess(output: GraphOutput) -> Iterator[OutputSpec]:
    if output.is_plane and not output.integer and not output.state:
        for activation in ACTIVATIONS:
            yield OutputSpec("probability", output.name, activation=activation)


def _changes(output: OutputSpec, _: int) -> Iterator[Change]:
    for activation in ACTIVATIONS:
        if activation != output.activation:
            yield "output.activation", replace(output, activation=activation)


FAMILY = Family(
    "probability",
    ProbabilityModel,
    _read,
    written=("activation",),
    guess=_guess,
    changes=_changes,
)
