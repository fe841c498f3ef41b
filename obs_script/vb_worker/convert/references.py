"""Running a file on the runtime it was made for, to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.convert.errors import ConversionError


class TfliteReference:
    """A TFLite file on LiteRT."""

    def __init__(self, data: bytes) -> None:
        """Raises ConversionError if LiteRT is missing or cannot run the file."""
        try:
            from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - optional
        except ImportError as error:
            raise ConversionError(
                "The reference runtime is missing: `pip install ai-edge-litert` in the worker's "
                "environment, or convert with --no-check."
            ) from error
        try:
            self._interpreter = Interpreter(model_content=data, num_threads=1)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ConversionError(f"LiteRT cannot run the file ({reason}).") from error
        (self._source,) = self._interpreter.get_input_details()
        (self._target,) = self._interpreter.get_output_details()

    @property
    def shape(self) -> list[int]:
        """Return the input's shape."""
        return [int(side) for side in self._source["shape"]]

    def __call__(self, feed: NDArray[np.float32]) -> NDArray[Any]:
        """Return the output for an input."""
        self._interpreter.set_tensor(self._source["index"], feed)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._target["index"]))
