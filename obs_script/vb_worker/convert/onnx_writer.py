"""Writing an ONNX graph node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8
FLOAT = TensorProto.FLOAT


class Writer:
    """Builds a graph. Inputs and results are names of values."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def constant(self, values: NDArray[Any] | Sequence[Any] | float, dtype: Any) -> str:
        """Return the name of a constant (an initializer); equal ones are stored once."""
        array = np.ascontiguousarray(np.asarray(values, dtype))
        if np.ndim(values) == 0:
            array = array.reshape(())
        key = f"{array.dtype}{array.shape}{hash(array.tobytes())}"
        if key not in self._constants:
            name = f"c{len(self._constants)}"
            self._constants[key] = numpy_helper.from_array(array, name)
        return str(self._constants[key].name)

    def node(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        """Add a node with one result and return its name."""
        return self.nodes(kind, *inputs, results=[result] if result else 1, **attributes)[0]

    def nodes(
        self, kind: str, *inputs: str, results: int | list[str], **attributes: Any
    ) -> list[str]:
        """Add a node with several results and return their names."""
        if isinstance(results, int):
            number = len(self._nodes)
            results = [f"v{number}_{index}" for index in range(results)]
        self._nodes.append(helper.make_node(kind, list(inputs), results, **attributes))
        return results

    def model(
        self,
        name: str,
        inputs: Sequence[tuple[str, Any, Sequence[Any]]],
        outputs: Sequence[tuple[str, Any, Sequence[Any]]],
    ) -> bytes:
        """Return the file; see :func:`model_file`."""
        return model_file(name, self._nodes, inputs, outputs, list(self._constants.values()))


def model_file(
    name: str,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[tuple[str, Any, Sequence[Any]]],
    outputs: Sequence[tuple[str, Any, Sequence[Any]]],
    constants: Sequence[onnx.TensorProto],
    *,
    opset: int = OPSET,
) -> bytes:
    """Return a checked ONNX file; ``inputs`` and ``outputs`` are (name, element type, shape).

    It contains no date, path or tool name: the same input gives the same bytes. Raises the errors
    of ``onnx.checker``.
    """
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION
    )
    model.ClearField("producer_name")
    model.ClearField("producer_version")
    onnx.checker.check_model(model, full_check=True)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def drop_unused(model: onnx.ModelProto) -> None:
    """Remove the stored values that no node reads."""
    used = {name for node in model.graph.node for name in node.input}
    kept = [weight for weight in model.graph.initializer if weight.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
