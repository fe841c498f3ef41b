"""Matting networks: an alpha matte, and optionally the foreground's colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.models.family import Family, GraphOutput, read_foreground, read_plane
from vb_worker.models.manifest import OutputSpec
from vb_worker.models.manifest_table import Table
from vb_worker.models.network import Network, plane_of


class AlphaModel(Network):
    """Output: alpha, one channel, 0..1; "foreground" names the output of colours, if any.

    ``foreground`` is the network's last raw output of colours, or None.
    """

    foreground: NDArray[Any] | None = None

    def _answer(self, outputs: dict[str, Any]) -> NDArray[np.float32]:
        name = self.manifest.output.foreground
        self.foreground = outputs[name] if name else None
        # A regression may leave 0..1.
        return np.clip(
            self._fit(plane_of(outputs[self._output], (self.input.width, self.input.height))),
            0.0,
            1.0,
        )

    def _check_outputs(self, shapes: dict[str, list[Any]]) -> None:
        self._output = self._output_name(shapes)
        shape = shapes[self._output]
        if len([side for side in shape if side != 1]) > 2:
            raise self._unlike("output.kind", "output", "one channel", shape)
        if self.manifest.output.foreground:
            self._named(self.manifest.output.foreground, shapes, "output.foreground")


def _read(table: Table) -> dict[str, Any]:
    return {**read_plane(table), **read_foreground(table)}


def _guess(output: GraphOutput) -> Iterator[OutputSpec]:
    yield OutputSpec("alpha", output.name)


FAMILY = Family("alpha", AlphaModel, _read, guess=_guess, unasked=False)
