"""Monocular depth estimation: relative depth within a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.models.family import Family, GraphOutput, read_output
from vb_worker.models.manifest import OutputSpec
from vb_worker.models.manifest_table import Table
from vb_worker.models.network import Network, plane_of

# Percentiles that are mapped to 0 and 1: a few outliers would compress the range of all others.
_FAR, _NEAR = 1.0, 99.0


class DepthModel(Network):
    """Output: one channel; "near" says whether high values (disparity) or low ones are near.

    The result is height x width float32, 0 farthest, 1 nearest of the frame.
    """

    def _answer(self, outputs: dict[str, Any]) -> NDArray[np.float32]:
        plane = self._fit(plane_of(outputs[self._output], (self.input.width, self.input.height)))
        low, high = np.percentile(plane, (_FAR, _NEAR))
        span = max(float(high - low), 1e-6)
        nearness = np.clip((plane - low) / span, 0.0, 1.0)
        if self.manifest.output.near == "low":
            nearness = 1.0 - nearness
        return np.asarray(nearness, np.float32)

    def _check_outputs(self, shapes: dict[str, list[Any]]) -> None:
        self._output = self._output_name(shapes)
        shape = shapes[self._output]
        if len([side for side in shape if side != 1]) > 2:
            raise self._unlike("output.kind", "output", "one channel", shape)


def _read(table: Table) -> dict[str, Any]:
    return {**read_output(table), "near": table.one_of("near", ("high", "low"), "high")}


def _guess(output: GraphOutput) -> Iterator[OutputSpec]:
    yield OutputSpec("depth", output.name)


def _readings(output: OutputSpec, _: int) -> Iterator[OutputSpec]:
    yield output
    yield replace(output, near="low")


FAMILY = Family(
    "depth",
    DepthModel,
    _read,
    written=("near",),
    guess=_guess,
    unasked=False,
    readings=_readings,
    finds_person=False,
)
