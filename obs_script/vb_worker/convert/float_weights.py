"""Weights that a file keeps quantised, made float.

onnxruntime has no kernel for weights quantised in blocks (DequantizeLinear with ``block_size``,
operator set 21), and half precision and folding need float weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from vb_worker.convert import checking
from vb_worker.convert.errors import refusing
from vb_worker.convert.onnx_writer import drop_unused
from vb_worker.runtime.session import plain_session


def is_packed(data: bytes) -> bool:
    """Return whether an ONNX file has quantised weights."""
    return bool(_packed(onnx.load_from_string(data)))


@refusing("The network's quantised weights cannot be unpacked")
def unpacked(data: bytes) -> bytes:
    """Return the network with float weights in place of quantised ones.

    The values are those of ONNX's reference implementation of DequantizeLinear, and the result is
    compared with the whole network in that implementation. Raises ConversionError.
    """
    model = onnx.load_from_string(data)
    stored = {weight.name: weight for weight in model.graph.initializer}
    for node in _packed(model):
        values = _values(model, node, [stored[name] for name in node.input if name])
        model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        model.graph.node.remove(node)
    drop_unused(model)
    onnx.checker.check_model(model)
    made = bytes(model.SerializeToString(deterministic=True))
    _check(data, made)
    return made


def _packed(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Return the nodes that unpack stored values."""
    stored = {weight.name for weight in model.graph.initializer}
    return [
        node
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and stored.issuperset(filter(None, node.input))
    ]


def _values(model: onnx.ModelProto, node: onnx.NodeProto, weights: list[Any]) -> NDArray[Any]:
    """Return what a node makes of stored values."""
    output = helper.make_empty_tensor_value_info(node.output[0])
    graph = helper.make_graph([node], "weights", [], [output], weights)
    alone = helper.make_model(graph, opset_imports=model.opset_import)
    (values,) = ReferenceEvaluator(alone).run(None, {})
    return np.asarray(values)


def _check(data: bytes, made: bytes) -> None:
    reference: Any = ReferenceEvaluator(onnx.load_from_string(data))
    session: Any = plain_session(made, Path("The result"))
    random = np.random.default_rng(1)
    feed = {
        tensor.name: random.uniform(
            0, 1, [side if isinstance(side, int) else 1 for side in tensor.shape]
        ).astype(np.float32)
        for tensor in session.get_inputs()
    }
    found = checking.compare(
        lambda inputs: np.asarray(reference.run(None, inputs)[0]),
        lambda inputs: session.run(None, inputs)[0],
        [feed],
    )
    checking.refuse_inexact(found)
