"""TensorFlow.js graph models to ONNX, for one size of the picture.

tf2onnx reads these only with TensorFlow itself; here numpy and onnx are enough. The graph is
walked once with all sizes known, so that everything that depends on constants and sizes alone
(shapes, crops, which branch is taken) is worked out now and only arithmetic on pictures is left.
Tensors of four dimensions are NHWC in TensorFlow and NCHW inside the ONNX graph; the picture's
input and the outputs keep TensorFlow's layout, recurrent states are NCHW.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.convert.errors import ConversionError, refusing
from vb_worker.convert.onnx_writer import FLOAT, Writer

Array = NDArray[Any]
_NCHW = (0, 3, 1, 2)
_AXIS = {0: 0, 1: 2, 2: 3, 3: 1}  # NHWC -> NCHW


@dataclass(frozen=True)
class _Value:
    """A computed tensor: its name in the ONNX graph and its shape as TensorFlow has it.

    ``shape`` is None for a state whose size is not known yet. ``space`` is (block, begin, end)
    while it is cut up between SpaceToBatchND and BatchToSpaceND.
    """

    name: str
    shape: tuple[int, ...] | None
    space: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None = None


class _Dead:
    """What the branch that is not taken gives."""


Operand = Array | _Value | _Dead


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

    ``state`` holds pairs of (input, output) that are handed from frame to frame. Every other
    input but the first of four dimensions is set to one (a ratio of one: nothing is shrunk).
    Raises ConversionError for a damaged file and for what is not covered.
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


class _Converter:
    def __init__(
        self,
        nodes: list[dict[str, Any]],
        weights: dict[str, Array],
        outputs: Mapping[str, Any],
        state: dict[str, str],
        size: tuple[int, int],
    ) -> None:
        self._nodes = {node["name"]: node for node in nodes}
        self._most_waiting = sum(len(node.get("input", [])) for node in nodes) + 1
        self._weights = weights
        self._outputs = outputs
        self._state = state
        self._size = size
        self._graph = Writer()
        self._done: dict[str, list[Operand]] = {}
        self._inputs: list[tuple[str, Any, Sequence[int]]] = []
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
                inner = [shape[axis] for axis in _NCHW] if len(shape) == 4 else list(shape)
                self._graph.node("Identity", value.name, result=output)
            else:
                inner = list(shape)
                self._graph.node("Transpose", value.name, result=output, perm=[0, 2, 3, 1])
            results.append((output, FLOAT, inner))
        if not self._picture:
            raise ConversionError("The model has no input that is a picture.")
        return self._graph.model(name, self._inputs, results)

    def _ends(self) -> list[str]:
        used = {_bare(one) for node in self._nodes.values() for one in node.get("input", [])}
        return [name for name in self._nodes if name not in used]

    # -- walking the graph

    def _evaluate(self, reference: str) -> None:
        """Work out a node and all it needs, without recursion: graphs are deep."""
        waiting = [_bare(reference)]
        while waiting:
            name = waiting[-1]
            if name in self._done:
                waiting.pop()
                continue
            node = self._nodes.get(name)
            if node is None:
                raise ConversionError(f"The graph names a node {name!r} that it does not have.")
            needed = [_bare(one) for one in self._data_inputs(node)]
            missing = [one for one in needed if one not in self._done]
            if len(waiting) > self._most_waiting:
                raise ConversionError("The graph goes in a circle, which is not covered.")
            if missing:
                waiting += missing
                continue
            self._done[name] = self._node(node)
            waiting.pop()

    @staticmethod
    def _data_inputs(node: dict[str, Any]) -> Iterator[str]:
        return (one for one in node.get("input", []) if not one.startswith("^"))

    def _operand(self, reference: str) -> Operand:
        name, _, index = reference.partition(":")
        return self._done[name][int(index or 0)]

    def _node(self, node: dict[str, Any]) -> list[Operand]:
        kind = node["op"]
        inputs = [self._operand(one) for one in self._data_inputs(node)]
        if kind == "Merge":
            alive = [one for one in inputs if not isinstance(one, _Dead)]
            return [alive[0] if alive else _Dead(), np.array(0)]
        if any(isinstance(one, _Dead) for one in inputs):
            return [_Dead()] * 8
        constants = [one for one in inputs if isinstance(one, np.ndarray)]
        if kind in _CONSTANT and len(constants) == len(inputs):
            return [np.asarray(_CONSTANT[kind](node, *constants))]
        return self._handler(kind)(node, inputs)

    def _handler(self, kind: str) -> Callable[[dict[str, Any], list[Operand]], list[Operand]]:
        method = getattr(self, f"_op_{kind.strip('_').lower()}", None)
        if method is not None:
            return method  # type: ignore[no-any-return]
        if kind in _ELEMENTWISE:
            return lambda _node, inputs: [self._elementwise(_ELEMENTWISE[kind], inputs)]
        if kind in _UNARY:
            return lambda node, inputs: [self._unary(_UNARY[kind], inputs[0], node)]
        raise ConversionError(f"operator {kind} is not covered")

    def _op_const(self, node: dict[str, Any], _inputs: list[Operand]) -> list[Operand]:
        if node["name"] not in self._weights:
            raise ConversionError(f"The constant {node['name']!r} has no weights.")
        return [self._weights[node["name"]]]

    def _op_placeholder(self, node: dict[str, Any], _inputs: list[Operand]) -> list[Operand]:
        return [self._placeholder(node)]

    def _op_switch(self, _node: Any, inputs: list[Operand]) -> list[Operand]:
        taken = bool(self._array(inputs[1], "a branch"))
        return [_Dead(), inputs[0]] if taken else [inputs[0], _Dead()]

    def _op_shape(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        return [np.array(self._shape(inputs[0], node), np.int32)]

    def _placeholder(self, node: dict[str, Any]) -> Operand:
        name = node["name"]
        dims = node["attr"]["shape"]["shape"].get("dim", [])
        if name in self._state:
            return _Value(name, None)
        if len(dims) == 4 and not self._picture:
            self._picture = name
            height, width = self._size
            shape = (1, height, width, int(dims[3]["size"]))
            fixed = [int(one["size"]) for one in dims]
            if any(has not in (-1, want) for has, want in zip(fixed, shape)):
                raise ConversionError(
                    f"The model takes {fixed[2]}x{fixed[1]} pictures, not {width}x{height}."
                )
            self._inputs.append((name, FLOAT, shape))
            inner = self._graph.node("Transpose", name, perm=list(_NCHW))
            return _Value(inner, shape)
        return np.ones((), np.float32)

    # -- helpers

    def _shape(self, operand: Operand, node: dict[str, Any]) -> tuple[int, ...]:
        if isinstance(operand, np.ndarray):
            return operand.shape
        return self._known(self._computed(operand, node["name"]))

    @staticmethod
    def _known(value: _Value) -> tuple[int, ...]:
        if value.shape is None:
            raise ConversionError(f"The state {value.name!r} is used before its size is known.")
        return value.shape

    def _computed(self, operand: Operand, where: str) -> _Value:
        if isinstance(operand, _Value):
            return operand
        if isinstance(operand, _Dead):
            raise ConversionError(f"{where!r} depends on a branch that is not taken.")
        inner = operand.transpose(_NCHW) if operand.ndim == 4 else operand
        return _Value(self._graph.constant(inner, np.float32), operand.shape)

    @staticmethod
    def _array(operand: Operand, what: str) -> Array:
        if not isinstance(operand, np.ndarray):
            raise ConversionError(f"{what} that depends on the picture is not covered")
        return operand

    def _aligned(self, operand: Operand, rank: int) -> tuple[str, tuple[int, ...]]:
        """Return an operand's name and shape, so that it broadcasts against ``rank`` dims."""
        if isinstance(operand, np.ndarray) and rank == 4:
            operand = operand.reshape((1,) * (4 - operand.ndim) + operand.shape)
        value = self._computed(operand, "an operand")
        return value.name, self._known(value)

    def _elementwise(self, kind: str, inputs: list[Operand]) -> _Value:
        rank = max(
            one.ndim if isinstance(one, np.ndarray) else len(self._known(one))
            for one in inputs
            if not isinstance(one, _Dead)
        )
        (a, first), (b, second) = (self._aligned(one, rank) for one in inputs)
        return _Value(self._graph.node(kind, a, b), np.broadcast_shapes(first, second))

    def _unary(self, kind: str, operand: Operand, node: dict[str, Any]) -> _Value:
        value = self._computed(operand, node["name"])
        if kind == "Relu6":
            limits = [self._graph.constant(limit, np.float32) for limit in (0.0, 6.0)]
            return _Value(self._graph.node("Clip", value.name, *limits), value.shape, value.space)
        return _Value(self._graph.node(kind, value.name), value.shape, value.space)

    # -- operators on pictures

    def _op_identity(self, _node: Any, inputs: list[Operand]) -> list[Operand]:
        return inputs[:1]

    def _op_square(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        return [_Value(self._graph.node("Mul", value.name, value.name), value.shape)]

    def _op_addn(self, _node: Any, inputs: list[Operand]) -> list[Operand]:
        total = inputs[0]
        for one in inputs[1:]:
            total = self._elementwise("Add", [total, one])
        return [total]

    def _op_conv2d(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        kernel = self._array(inputs[1], "a kernel").transpose(3, 2, 0, 1)
        return [self._convolution(node, inputs, kernel, groups=1)]

    def _op_fusedconv2d(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        return self._op_conv2d(node, inputs)

    def _op_depthwiseconv2dnative(
        self, node: dict[str, Any], inputs: list[Operand]
    ) -> list[Operand]:
        kernel = self._array(inputs[1], "a kernel")
        tall, wide, channels, times = kernel.shape
        planes = kernel.transpose(2, 3, 0, 1).reshape(channels * times, 1, tall, wide)
        return [self._convolution(node, inputs, planes, groups=channels)]

    def _op_fuseddepthwiseconv2dnative(
        self, node: dict[str, Any], inputs: list[Operand]
    ) -> list[Operand]:
        return self._op_depthwiseconv2dnative(node, inputs)

    def _convolution(
        self, node: dict[str, Any], inputs: list[Operand], kernel: Array, groups: int
    ) -> _Value:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        strides = _numbers(node, "strides")[1:3]
        dilations = _numbers(node, "dilations", [1, 1, 1, 1])[1:3]
        fused = _texts(node, "fused_ops")
        names = [value.name, self._graph.constant(kernel, np.float32)]
        if fused and fused[0] == "BiasAdd":
            names.append(self._graph.constant(self._array(inputs[2], "a bias"), np.float32))
            fused = fused[1:]
        begin, end = [0, 0], [0, 0]
        if value.space is not None:
            # Cut up, convolved without padding and put together: a dilated convolution.
            block, begin_pad, end_pad = value.space
            dilations, begin, end = list(block), list(begin_pad), list(end_pad)
        elif _text(node, "padding") == "SAME":
            for axis in (0, 1):
                reach = (kernel.shape[2 + axis] - 1) * dilations[axis] + 1
                size = shape[1 + axis]
                total = max((-(-size // strides[axis]) - 1) * strides[axis] + reach - size, 0)
                begin[axis], end[axis] = total // 2, total - total // 2
        out = [1, 0, 0, kernel.shape[0]]
        for axis in (0, 1):
            reach = (kernel.shape[2 + axis] - 1) * dilations[axis] + 1
            size = shape[1 + axis] + begin[axis] + end[axis]
            out[1 + axis] = (size - reach) // strides[axis] + 1
        result = self._graph.node(
            "Conv", *names, kernel_shape=list(kernel.shape[2:]), strides=strides,
            dilations=dilations, pads=begin + end, group=groups,
        )  # fmt: skip
        made = _Value(result, tuple(out), value.space)
        for activation in fused:
            if activation not in _UNARY:
                raise ConversionError(f"the fused operator {activation} is not covered")
            made = self._unary(_UNARY[activation], made, node)
        return made

    def _op_conv2dbackpropinput(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        target = [int(side) for side in self._array(inputs[0], "a size")]
        kernel = self._array(inputs[1], "a kernel")  # kh kw O I
        value = self._computed(inputs[2], node["name"])
        shape = self._known(value)
        strides = _numbers(node, "strides")[1:3]
        begin, end = [0, 0], [0, 0]
        for axis in (0, 1):
            extra = (shape[1 + axis] - 1) * strides[axis] + kernel.shape[axis]
            extra -= target[1 + axis]
            if extra < 0:
                raise ConversionError("a transposed convolution larger than its reach")
            begin[axis], end[axis] = extra // 2, extra - extra // 2
        result = self._graph.node(
            "ConvTranspose", value.name,
            self._graph.constant(kernel.transpose(3, 2, 0, 1), np.float32),
            kernel_shape=list(kernel.shape[:2]), strides=strides, pads=begin + end,
        )  # fmt: skip
        return [_Value(result, (1, target[1], target[2], kernel.shape[2]))]

    def _op_spacetobatchnd(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        block = [int(one) for one in self._array(inputs[1], "a block").ravel()]
        pads = self._array(inputs[2], "paddings")
        space = (
            (block[0], block[1]),
            (int(pads[0, 0]), int(pads[1, 0])),
            (int(pads[0, 1]), int(pads[1, 1])),
        )
        return [_Value(value.name, value.shape, space)]

    def _op_batchtospacend(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        if value.space is None:
            raise ConversionError("BatchToSpaceND without SpaceToBatchND is not covered")
        crops = self._array(inputs[2], "crops")
        _, height, width, channels = self._known(value)
        rows = (int(crops[0, 0]), height - int(crops[0, 1]))
        columns = (int(crops[1, 0]), width - int(crops[1, 1]))
        whole = _Value(value.name, (1, height, width, channels))
        if (rows, columns) == ((0, height), (0, width)):
            return [whole]
        return [self._cut(whole, {1: rows, 2: columns})]

    def _op_avgpool(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        return [self._pooled("AveragePool", node, inputs)]

    def _op_maxpool(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        return [self._pooled("MaxPool", node, inputs)]

    def _pooled(self, kind: str, node: dict[str, Any], inputs: list[Operand]) -> _Value:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        kernel, strides = _numbers(node, "ksize")[1:3], _numbers(node, "strides")[1:3]
        begin, end, out = [0, 0], [0, 0], [1, 0, 0, shape[3]]
        for axis in (0, 1):
            size = shape[1 + axis]
            if _text(node, "padding") == "SAME":
                out[1 + axis] = -(-size // strides[axis])
                total = max((out[1 + axis] - 1) * strides[axis] + kernel[axis] - size, 0)
                begin[axis], end[axis] = total // 2, total - total // 2
            else:
                out[1 + axis] = (size - kernel[axis]) // strides[axis] + 1
        result = self._graph.node(
            kind, value.name, kernel_shape=kernel, strides=strides, pads=begin + end
        )
        return _Value(result, tuple(out))

    def _op_mean(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        axes = [int(one) % len(shape) for one in self._array(inputs[1], "axes").ravel()]
        if len(shape) != 4 or not node["attr"].get("keep_dims", {}).get("b"):
            raise ConversionError("Mean that drops dimensions is not covered")
        inner = sorted(_AXIS[axis] for axis in axes)
        result = self._graph.node("ReduceMean", value.name, axes=inner, keepdims=1)
        out = tuple(1 if axis in axes else side for axis, side in enumerate(shape))
        return [_Value(result, out)]

    def _op_resizebilinear(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        height, width = (int(one) for one in self._array(inputs[1], "a size").ravel())
        if node["attr"].get("align_corners", {}).get("b"):
            mode = "align_corners"
        elif node["attr"].get("half_pixel_centers", {}).get("b"):
            mode = "half_pixel"
        else:
            mode = "asymmetric"
        size = self._graph.constant([1, shape[3], height, width], np.int64)
        result = self._graph.node(
            "Resize", value.name, "", "", size,
            mode="linear", coordinate_transformation_mode=mode,
        )  # fmt: skip
        return [_Value(result, (1, height, width, shape[3]))]

    def _op_pad(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        pads = self._array(inputs[1], "paddings").astype(np.int64)
        inner = pads[list(_NCHW)] if len(shape) == 4 else pads
        flat = np.concatenate([inner[:, 0], inner[:, 1]])
        result = self._graph.node("Pad", value.name, self._graph.constant(flat, np.int64))
        out = tuple(side + int(pad.sum()) for side, pad in zip(shape, pads))
        return [_Value(result, out)]

    def _op_concatv2(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        axis = int(self._array(inputs[-1], "an axis"))
        values = [self._computed(one, node["name"]) for one in inputs[:-1]]
        shapes = [self._known(value) for value in values]
        axis %= len(shapes[0])
        inner = _AXIS[axis] if len(shapes[0]) == 4 else axis
        result = self._graph.node("Concat", *(value.name for value in values), axis=inner)
        out = list(shapes[0])
        out[axis] = sum(shape[axis] for shape in shapes)
        return [_Value(result, tuple(out))]

    def _op_split(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        axis = int(self._array(inputs[0], "an axis"))
        value = self._computed(inputs[1], node["name"])
        parts = int(node["attr"]["num_split"]["i"])
        side = self._known(value)[axis]
        return self._split(value, axis, [side // parts] * parts)

    def _op_splitv(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        sizes = [int(one) for one in self._array(inputs[1], "sizes").ravel()]
        return self._split(value, int(self._array(inputs[2], "an axis")), sizes)

    def _split(self, value: _Value, axis: int, sizes: list[int]) -> list[Operand]:
        shape = self._known(value)
        axis %= len(shape)
        inner = _AXIS[axis] if len(shape) == 4 else axis
        names = self._graph.nodes(
            "Split", value.name, self._graph.constant(sizes, np.int64),
            results=len(sizes), axis=inner,
        )  # fmt: skip
        return [
            _Value(name, tuple(size if n == axis else side for n, side in enumerate(shape)))
            for name, size in zip(names, sizes)
        ]

    def _op_slice(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        begin = [int(one) for one in self._array(inputs[1], "a begin").ravel()]
        size = [int(one) for one in self._array(inputs[2], "a size").ravel()]
        ranges = {
            axis: (first, shape[axis] if count < 0 else first + count)
            for axis, (first, count) in enumerate(zip(begin, size))
        }
        cut = {axis: one for axis, one in ranges.items() if one != (0, shape[axis])}
        return [self._cut(value, cut) if cut else value]

    def _cut(self, value: _Value, ranges: dict[int, tuple[int, int]]) -> _Value:
        shape = list(self._known(value))
        axes = [_AXIS[axis] if len(shape) == 4 else axis for axis in ranges]
        constants = [
            self._graph.constant(list(one), np.int64)
            for one in (
                [first for first, _ in ranges.values()],
                [end for _, end in ranges.values()],
                axes,
            )
        ]
        for axis, (first, end) in ranges.items():
            shape[axis] = end - first
        return _Value(self._graph.node("Slice", value.name, *constants), tuple(shape))

    def _op_broadcastto(self, _node: Any, inputs: list[Operand]) -> list[Operand]:
        target = tuple(int(one) for one in self._array(inputs[1], "a shape").ravel())
        value = inputs[0]
        if isinstance(value, _Value) and value.shape is None:
            # A state: from here on its size is known.
            inner = [target[axis] for axis in _NCHW]
            self._inputs.append((value.name, FLOAT, inner))
            return [_Value(value.name, target)]
        if isinstance(value, _Value) and value.shape == target:
            return [value]
        raise ConversionError("BroadcastTo of a picture is not covered")

    def _op_noop(self, _node: Any, _inputs: list[Operand]) -> list[Operand]:
        return [_Dead()]


_ELEMENTWISE = {
    "Add": "Add",
    "AddV2": "Add",
    "BiasAdd": "Add",
    "Sub": "Sub",
    "Mul": "Mul",
    "RealDiv": "Div",
    "Maximum": "Max",
    "Minimum": "Min",
}
_UNARY = {
    "Relu": "Relu",
    "Relu6": "Relu6",
    "Sigmoid": "Sigmoid",
    "Tanh": "Tanh",
    "Sqrt": "Sqrt",
    "Exp": "Exp",
    "Neg": "Neg",
}
_DTYPES = {"DT_FLOAT": np.float32, "DT_INT32": np.int32, "DT_BOOL": np.bool_, "DT_INT64": np.int64}


def _strided(node: dict[str, Any], values: Array, begin: Array, end: Array, step: Array) -> Array:
    def mask(name: str) -> int:
        return int(node["attr"].get(name, {}).get("i", 0))

    if mask("ellipsis_mask") or mask("new_axis_mask"):
        raise ConversionError("StridedSlice with an ellipsis is not covered")
    ranges: list[Any] = []
    for axis, (first, last, by) in enumerate(zip(begin, end, step)):
        if mask("shrink_axis_mask") >> axis & 1:
            ranges.append(int(first))
            continue
        start = None if mask("begin_mask") >> axis & 1 else int(first)
        stop = None if mask("end_mask") >> axis & 1 else int(last)
        ranges.append(slice(start, stop, int(by)))
    return np.asarray(values[tuple(ranges)])


# What nodes give whose inputs are all constants.
_CONSTANT: dict[str, Callable[..., Any]] = {
    "Add": lambda _node, a, b: a + b,
    "AddV2": lambda _node, a, b: a + b,
    "Sub": lambda _node, a, b: a - b,
    "Mul": lambda _node, a, b: a * b,
    "RealDiv": lambda _node, a, b: a / b,
    "FloorMod": lambda _node, a, b: np.mod(a, b),
    "FloorDiv": lambda _node, a, b: a // b,
    "Equal": lambda _node, a, b: a == b,
    "Maximum": lambda _node, a, b: np.maximum(a, b),
    "Minimum": lambda _node, a, b: np.minimum(a, b),
    "Identity": lambda _node, a: a,
    "Cast": lambda node, a: a.astype(_DTYPES[node["attr"]["DstT"]["type"]]),
    "Squeeze": lambda _node, a: np.squeeze(a),
    "Pack": lambda node, *all_of: np.stack(all_of, int(node["attr"].get("axis", {}).get("i", 0))),
    "ConcatV2": lambda _node, *all_of: np.concatenate(all_of[:-1], int(all_of[-1])),
    "StridedSlice": _strided,
}


def _bare(reference: str) -> str:
    return reference.lstrip("^").partition(":")[0]


def _numbers(node: dict[str, Any], key: str, default: list[int] | None = None) -> list[int]:
    found = node["attr"].get(key, {}).get("list", {}).get("i")
    if found is None:
        if default is None:
            raise ConversionError(f"{node['op']} without {key} is not covered")
        return default
    return [int(one) for one in found]


def _text(node: dict[str, Any], key: str) -> str:
    return base64.b64decode(node["attr"][key]["s"]).decode()


def _texts(node: dict[str, Any], key: str) -> list[str]:
    found = node["attr"].get(key, {}).get("list", {}).get("s", [])
    return [base64.b64decode(one).decode() for one in found]
