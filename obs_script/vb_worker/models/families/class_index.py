"""Models whose output is each pixel's class index (argmax)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.models.families import classes
from vb_worker.models.family import Family, GraphOutput, read_plane
from vb_worker.models.manifest import OutputSpec
from vb_worker.models.manifest_table import Table
from vb_worker.models.network import Network


class ClassIndexModel(Network):
    """Output: one channel of class indices; "person" is the index of people."""

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


def _read(table: Table) -> dict[str, Any]:
    return {**read_plane(table), "person": table.index("person")}


def _guess(output: GraphOutput) -> Iterator[OutputSpec]:
    if output.integer:
        yield OutputSpec("class_index", output.name)


FAMILY = Family(
    "class_index",
    ClassIndexModel,
    _read,
    written=("person",),
    guess=_guess,
    readings=classes.usual_people,
    changes=classes.other_people,
)
