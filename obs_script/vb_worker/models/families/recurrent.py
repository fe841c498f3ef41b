"""Recurrent matting networks: hidden states are fed with each frame and come out updated."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.errors import ModelError
from vb_worker.models.families.alpha import AlphaModel
from vb_worker.models.family import Family, GraphOutput, read_foreground, read_plane
from vb_worker.models.manifest import OutputSpec
from vb_worker.models.manifest_table import Table


class RecurrentModel(AlphaModel):
    """An alpha, and "state": pairs of an input and the output that is its next value.

    Each stream has its own states; they are zeros for a new stream and for a still.
    """

    looks_closer = False

    def infer(self, feed: NDArray[Any], stream: Hashable | None = None) -> NDArray[np.float32]:
        """Return the alpha and update the states of ``stream``. Raises ModelError if it fails."""
        states = self._streams.get(stream, self._zeros) if stream is not None else self._zeros
        with self._failing():
            outputs = self._run(feed, **states)
            if stream is not None:
                self._streams[stream] = {
                    given: outputs[renewed] for given, renewed in self.manifest.output.state
                }
            return self._answer(outputs)

    def _first_state(self) -> dict[str, NDArray[Any]]:
        return self._zeros

    def forget(self, stream: Hashable) -> None:
        """Drop the states of ``stream``."""
        self._streams.pop(stream, None)

    def _check_outputs(self, shapes: dict[str, list[Any]]) -> None:
        super()._check_outputs(shapes)
        self._streams: dict[Hashable, dict[str, NDArray[Any]]] = {}
        inputs = {tensor.name: tensor for tensor in self.session.get_inputs()}
        self._zeros: dict[str, NDArray[Any]] = {}
        for given, renewed in self.manifest.output.state:
            if given not in inputs:
                raise ModelError(
                    "NoSuchInput",
                    where=self.manifest.where("output.state"), name=given, there=", ".join(inputs),
                )  # fmt: skip
            self._named(renewed, shapes, "output.state")
            # A dynamic side starts at 1; the first frame sets it.
            shape = [side if isinstance(side, int) else 1 for side in inputs[given].shape]
            dtype = np.float16 if inputs[given].type == "tensor(float16)" else np.float32
            self._zeros[given] = np.zeros(shape, dtype)


def _read(table: Table) -> dict[str, Any]:
    return {**read_plane(table), **read_foreground(table), "state": table.pairs("state")}


def _guess(output: GraphOutput) -> Iterator[OutputSpec]:
    if output.state and not output.integer:
        yield OutputSpec("recurrent", output.name, state=output.state)


FAMILY = Family("recurrent", RecurrentModel, _read, guess=_guess)
