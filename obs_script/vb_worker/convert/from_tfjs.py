"""TensorFlow.js graph models to ONNX, for one size of the picture.

tf2onnx needs TensorFlow to read these; here numpy and onnx are enough. The graph is walked once
with all sizes known: constant folding evaluates all that depends only on constants and sizes
(shapes, crops, which branch is taken), and only arithmetic on pictures is left in the graph.
Tensors of four dimensions are NHWC in TensorFlow and NCHW inside the ONNX graph; the picture's
input and the outputs keep TensorFlow's layout, recurrent states are NCHW.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vb_worker.convert.errors import ConversionError, refusing
from vb_worker.convert.onnx_writer import FLOAT, Writer
from vb_worker.convert.tfjs_nodes import CONSTANT, Array
from vb_worker.convert.tfjs_operators import NCHW, Dead, Operand, Operators, Value


@refusing("The TensorFlow.js model is damaged, or holds what is not covered")
def convert(
    model: bytes,
    weights: Sequence[bytes],
    name: str,
    *,
    width: int,
    height: int,
    state: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Return the ONNX file of a graph model: ``model`` is its JSON, ``weights`` its shards.

    ``state``: (input, output) pairs of recurrent states. Every other input but the first of four
    dimensions is set to 1 (a downsampling ratio of 1). Raises ConversionError for a damaged file
    and for what is not supported.
    """
    try:
        described = json.loads(model)
        nodes = described["modelTopology"]["node"]
        arrays = _weights(described["weightsManifest"], b"".join(weights))
        outputs = described.get("signature", {}).get("outputs", {})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConversionError("The file is not a TensorFlow.js graph model.") from error
    return _Converter(nodes, arrays, outputs, dict(state), (height, width)).run(name)


def _weights(manifest: Any, data: bytes) -> dict[str, Array]:
    found: dict[str, Array] = {}
    at = 0
    for group in manifest:
        for entry in group["weights"]:
            count = int(np.prod(entry["shape"]))
            quantised = entry.get("quantization")
            stored = np.dtype(quantised["dtype"] if quantised else entry["dtype"])
            size = count * stored.itemsize
            if at + size > len(data):
                raise ConversionError("The model's weights are shorter than it says.")
            values = np.frombuffer(data, stored, count, at).reshape(entry["shape"])
            at += size
            if quantised and stored != np.float16:
                values = values.astype(np.float32) * np.float32(quantised["scale"])
                values += np.float32(quantised["min"])
            found[entry["name"]] = np.asarray(values, entry["dtype"])
    return found


class _Converter(Operators):
    def __init__(
        self,
        nodes: list[dict[str, Any]],
        weights: dict[str, Array],
        outputs: Mapping[str, Any],
        state: dict[str, str],
        size: tuple[int, int],
    ) -> None:
        super().__init__(Writer())
        self._nodes = {node["name"]: node for node in nodes}
        self._most_waiting = sum(len(node.get("input", [])) for node in nodes) + 1
        self._weights = weights
        self._outputs = outputs
        self._state = state
        self._size = size
        self._done: dict[str, list[Operand]] = {}
        self._picture = ""

    def run(self, name: str) -> bytes:
        wanted = {output.split(":")[0]: spec["name"] for output, spec in self._outputs.items()} or {
            last: last for last in self._ends()
        }
        results: list[tuple[str, Any, Sequence[int]]] = []
        for output, reference in wanted.items():
            self._evaluate(reference)
            value = self._computed(self._operand(reference), reference)
            shape = value.shape
            assert shape is not None
            if output in self._state.values() or len(shape) != 4:
                inner = [shape[axis] for axis in NCHW] if len(shape) == 4 else list(shape)
                self._graph.node("Identity", value.name, result=output)
            else:
                inner = list(shape)
                self._graph.node("Transpose", value.name, result=output, perm=[0, 2, 3, 1])
            results.append((output, FLOAT, inner))
        if not self._picture:
            raise ConversionError("The model has no input that is a picture.")
        return self._graph.model(name, self._inputs, results)

    def _ends(self) -> list[str]:
        used = {
            _bare(reference) for node in self._nodes.values() for reference in node.get("input", [])
        }
        return [name for name in self._nodes if name not in used]

    # -- walking the graph

    def _evaluate(self, reference: str) -> None:
        """Evaluate a node and its dependencies, without recursion: graphs are deep."""
        waiting = [_bare(reference)]
        while waiting:
            name = waiting[-1]
            if name in self._done:
                waiting.pop()
                continue
            node = self._nodes.get(name)
            if node is None:
                raise ConversionError(f"The graph names a node {name!r} that it does not have.")
            needed = [_bare(reference) for reference in self._data_inputs(node)]
            missing = [reference for reference in needed if reference not in self._done]
            if len(waiting) > self._most_waiting:
                raise ConversionError("The graph goes in a circle, which is not covered.")
            if missing:
                waiting += missing
                continue
            self._done[name] = self._node(node)
            waiting.pop()

    @staticmethod
    def _data_inputs(node: dict[str, Any]) -> Iterator[str]:
        return (reference for reference in node.get("input", []) if not reference.startswith("^"))

    def _operand(self, reference: str) -> Operand:
        name, _, index = reference.partition(":")
        return self._done[name][int(index or 0)]

    def _node(self, node: dict[str, Any]) -> list[Operand]:
        kind = node["op"]
        inputs = [self._operand(reference) for reference in self._data_inputs(node)]
        if kind == "Merge":
            alive = [operand for operand in inputs if not isinstance(operand, Dead)]
            return [alive[0] if alive else Dead(), np.array(0)]
        if any(isinstance(operand, Dead) for operand in inputs):
            return [Dead()] * 8
        constants = [operand for operand in inputs if isinstance(operand, np.ndarray)]
        if kind in CONSTANT and len(constants) == len(inputs):
            return [np.asarray(CONSTANT[kind](node, *constants))]
        return self.handler(kind)(node, inputs)

    def _op_const(self, node: dict[str, Any], _inputs: list[Operand]) -> list[Operand]:
        if node["name"] not in self._weights:
            raise ConversionError(f"The constant {node['name']!r} has no weights.")
        return [self._weights[node["name"]]]

    def _op_placeholder(self, node: dict[str, Any], _inputs: list[Operand]) -> list[Operand]:
        return [self._placeholder(node)]

    def _op_switch(self, _node: Any, inputs: list[Operand]) -> list[Operand]:
        taken = bool(self._array(inputs[1], "a branch"))
        return [Dead(), inputs[0]] if taken else [inputs[0], Dead()]

    def _op_shape(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        return [np.array(self._shape(inputs[0], node), np.int32)]

    def _placeholder(self, node: dict[str, Any]) -> Operand:
        name = node["name"]
        dims = node["attr"]["shape"]["shape"].get("dim", [])
        if name in self._state:
            return Value(name, None)
        if len(dims) == 4 and not self._picture:
            self._picture = name
            height, width = self._size
            shape = (1, height, width, int(dims[3]["size"]))
            fixed = [int(dim["size"]) for dim in dims]
            if any(has not in (-1, want) for has, want in zip(fixed, shape)):
                raise ConversionError(
                    f"The model takes {fixed[2]}x{fixed[1]} pictures, not {width}x{height}."
                )
            self._inputs.append((name, FLOAT, shape))
            inner = self._graph.node("Transpose", name, perm=list(NCHW))
            return Value(inner, shape)
        return np.ones((), np.float32)


def _bare(reference: str) -> str:
    return reference.lstrip("^").partition(":")[0]
