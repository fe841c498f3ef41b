"""Models that answer with each pixel's class by its number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.models.network import Network


class ClassIndexModel(Network):
    """Output: one channel of whole numbers; the person's is "person"."""

    def _answer(self, outputs: dict[str, Any]) -> NDArray[np.float32]:
        classes = outputs[self._output]
        classes = classes.reshape([side for side in classes.shape if side != 1])
        is_person = np.rint(classes).astype(np.int64) == self.manifest.output.person
        return self._fit(is_person.astype(np.float32))

    def _check_outputs(self, shapes: dict[str, list[Any]]) -> None:
        self._output = self._output_name(shapes)
        shape = shapes[self._output]
        if len([side for side in shape if side != 1]) != 2:
            raise self._unlike("output.kind", "output", "one number a pixel", shape)
