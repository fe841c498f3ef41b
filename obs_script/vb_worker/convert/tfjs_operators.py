"""TensorFlow.js's operators on pictures, each translated to ONNX.

Shapes are TensorFlow's (NHWC), tensors inside the ONNX graph NCHW.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vb_worker.convert.errors import ConversionError
from vb_worker.convert.onnx_writer import FLOAT, Writer
from vb_worker.convert.tfjs_nodes import Array, numbers, text, texts

NCHW = (0, 3, 1, 2)
AXIS = {0: 0, 1: 2, 2: 3, 3: 1}  # NHWC -> NCHW

ELEMENTWISE = {
    "Add": "Add",
    "AddV2": "Add",
    "BiasAdd": "Add",
    "Sub": "Sub",
    "Mul": "Mul",
    "RealDiv": "Div",
    "Maximum": "Max",
    "Minimum": "Min",
}
UNARY = {
    "Relu": "Relu",
    "Relu6": "Relu6",
    "Sigmoid": "Sigmoid",
    "Tanh": "Tanh",
    "Sqrt": "Sqrt",
    "Exp": "Exp",
    "Neg": "Neg",
}


@dataclass(frozen=True)
class Value:
    """A computed tensor: its name in the ONNX graph and its shape as TensorFlow has it.

    ``shape`` is None for a state whose size is not known yet. ``space`` is (block, begin, end)
    between SpaceToBatchND and BatchToSpaceND.
    """

    name: str
    shape: tuple[int, ...] | None
    space: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None = None


class Dead:
    """The result of a branch that is not taken."""


Operand = Array | Value | Dead


class Operators:
    """Writes nodes to ``graph``, with one method ``_op_<kind>`` per kind of node.

    ``_inputs`` are the graph's inputs so far: (name, type, shape).
    """

    def __init__(self, graph: Writer) -> None:
        self._graph = graph
        self._inputs: list[tuple[str, Any, Sequence[int]]] = []

    def handler(self, kind: str) -> Callable[[dict[str, Any], list[Operand]], list[Operand]]:
        """Return the function from a node and its inputs to its outputs. Raises ConversionError."""
        method = getattr(self, f"_op_{kind.strip('_').lower()}", None)
        if method is not None:
            return method  # type: ignore[no-any-return]
        if kind in ELEMENTWISE:
            return lambda _node, inputs: [self._elementwise(ELEMENTWISE[kind], inputs)]
        if kind in UNARY:
            return lambda node, inputs: [self._unary(UNARY[kind], inputs[0], node)]
        raise ConversionError(f"operator {kind} is not covered")

    def _shape(self, operand: Operand, node: dict[str, Any]) -> tuple[int, ...]:
        if isinstance(operand, np.ndarray):
            return operand.shape
        return self._known(self._computed(operand, node["name"]))

    @staticmethod
    def _known(value: Value) -> tuple[int, ...]:
        if value.shape is None:
            raise ConversionError(f"The state {value.name!r} is used before its size is known.")
        return value.shape

    def _computed(self, operand: Operand, where: str) -> Value:
        if isinstance(operand, Value):
            return operand
        if isinstance(operand, Dead):
            raise ConversionError(f"{where!r} depends on a branch that is not taken.")
        inner = operand.transpose(NCHW) if operand.ndim == 4 else operand
        return Value(self._graph.constant(inner, np.float32), operand.shape)

    @staticmethod
    def _array(operand: Operand, what: str) -> Array:
        if not isinstance(operand, np.ndarray):
            raise ConversionError(f"{what} that depends on the picture is not covered")
        return operand

    def _aligned(self, operand: Operand, rank: int) -> tuple[str, tuple[int, ...]]:
        """Return an operand's name and shape, so that it broadcasts to ``rank`` dimensions."""
        if isinstance(operand, np.ndarray) and rank == 4:
            operand = operand.reshape((1,) * (4 - operand.ndim) + operand.shape)
        value = self._computed(operand, "an operand")
        return value.name, self._known(value)

    def _elementwise(self, kind: str, inputs: list[Operand]) -> Value:
        rank = max(
            operand.ndim if isinstance(operand, np.ndarray) else len(self._known(operand))
            for operand in inputs
            if not isinstance(operand, Dead)
        )
        (a, first), (b, second) = (self._aligned(operand, rank) for operand in inputs)
        return Value(self._graph.node(kind, a, b), np.broadcast_shapes(first, second))

    def _unary(self, kind: str, operand: Operand, node: dict[str, Any]) -> Value:
        value = self._computed(operand, node["name"])
        if kind == "Relu6":
            limits = [self._graph.constant(limit, np.float32) for limit in (0.0, 6.0)]
            return Value(self._graph.node("Clip", value.name, *limits), value.shape, value.space)
        return Value(self._graph.node(kind, value.name), value.shape, value.space)

    # -- operators on pictures

    def _op_identity(self, _node: Any, inputs: list[Operand]) -> list[Operand]:
        return inputs[:1]

    def _op_square(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        return [Value(self._graph.node("Mul", value.name, value.name), value.shape)]

    def _op_addn(self, _node: Any, inputs: list[Operand]) -> list[Operand]:
        total = inputs[0]
        for operand in inputs[1:]:
            total = self._elementwise("Add", [total, operand])
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
    ) -> Value:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        strides = numbers(node, "strides")[1:3]
        dilations = numbers(node, "dilations", [1, 1, 1, 1])[1:3]
        fused = texts(node, "fused_ops")
        names = [value.name, self._graph.constant(kernel, np.float32)]
        if fused and fused[0] == "BiasAdd":
            names.append(self._graph.constant(self._array(inputs[2], "a bias"), np.float32))
            fused = fused[1:]
        begin, end = [0, 0], [0, 0]
        if value.space is not None:
            # SpaceToBatchND, convolution, BatchToSpaceND: a dilated convolution.
            block, begin_pad, end_pad = value.space
            dilations, begin, end = list(block), list(begin_pad), list(end_pad)
        elif text(node, "padding") == "SAME":
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
        made = Value(result, tuple(out), value.space)
        for activation in fused:
            if activation not in UNARY:
                raise ConversionError(f"the fused operator {activation} is not covered")
            made = self._unary(UNARY[activation], made, node)
        return made

    def _op_conv2dbackpropinput(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        target = [int(side) for side in self._array(inputs[0], "a size")]
        kernel = self._array(inputs[1], "a kernel")  # kh kw O I
        value = self._computed(inputs[2], node["name"])
        shape = self._known(value)
        strides = numbers(node, "strides")[1:3]
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
        return [Value(result, (1, target[1], target[2], kernel.shape[2]))]

    def _op_spacetobatchnd(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        block = [int(number) for number in self._array(inputs[1], "a block").ravel()]
        pads = self._array(inputs[2], "paddings")
        space = (
            (block[0], block[1]),
            (int(pads[0, 0]), int(pads[1, 0])),
            (int(pads[0, 1]), int(pads[1, 1])),
        )
        return [Value(value.name, value.shape, space)]

    def _op_batchtospacend(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        if value.space is None:
            raise ConversionError("BatchToSpaceND without SpaceToBatchND is not covered")
        crops = self._array(inputs[2], "crops")
        _, height, width, channels = self._known(value)
        rows = (int(crops[0, 0]), height - int(crops[0, 1]))
        columns = (int(crops[1, 0]), width - int(crops[1, 1]))
        whole = Value(value.name, (1, height, width, channels))
        if (rows, columns) == ((0, height), (0, width)):
            return [whole]
        return [self._cut(whole, {1: rows, 2: columns})]

    def _op_avgpool(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        return [self._pooled("AveragePool", node, inputs)]

    def _op_maxpool(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        return [self._pooled("MaxPool", node, inputs)]

    def _pooled(self, kind: str, node: dict[str, Any], inputs: list[Operand]) -> Value:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        kernel, strides = numbers(node, "ksize")[1:3], numbers(node, "strides")[1:3]
        begin, end, out = [0, 0], [0, 0], [1, 0, 0, shape[3]]
        for axis in (0, 1):
            size = shape[1 + axis]
            if text(node, "padding") == "SAME":
                out[1 + axis] = -(-size // strides[axis])
                total = max((out[1 + axis] - 1) * strides[axis] + kernel[axis] - size, 0)
                begin[axis], end[axis] = total // 2, total - total // 2
            else:
                out[1 + axis] = (size - kernel[axis]) // strides[axis] + 1
        result = self._graph.node(
            kind, value.name, kernel_shape=kernel, strides=strides, pads=begin + end
        )
        return Value(result, tuple(out))

    def _op_mean(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        axes = [int(number) % len(shape) for number in self._array(inputs[1], "axes").ravel()]
        if len(shape) != 4 or not node["attr"].get("keep_dims", {}).get("b"):
            raise ConversionError("Mean that drops dimensions is not covered")
        inner = sorted(AXIS[axis] for axis in axes)
        result = self._graph.node("ReduceMean", value.name, axes=inner, keepdims=1)
        out = tuple(1 if axis in axes else side for axis, side in enumerate(shape))
        return [Value(result, out)]

    def _op_resizebilinear(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        height, width = (int(number) for number in self._array(inputs[1], "a size").ravel())
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
        return [Value(result, (1, height, width, shape[3]))]

    def _op_pad(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        pads = self._array(inputs[1], "paddings").astype(np.int64)
        inner = pads[list(NCHW)] if len(shape) == 4 else pads
        flat = np.concatenate([inner[:, 0], inner[:, 1]])
        result = self._graph.node("Pad", value.name, self._graph.constant(flat, np.int64))
        out = tuple(side + int(pad.sum()) for side, pad in zip(shape, pads))
        return [Value(result, out)]

    def _op_concatv2(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        axis = int(self._array(inputs[-1], "an axis"))
        values = [self._computed(operand, node["name"]) for operand in inputs[:-1]]
        shapes = [self._known(value) for value in values]
        axis %= len(shapes[0])
        inner = AXIS[axis] if len(shapes[0]) == 4 else axis
        result = self._graph.node("Concat", *(value.name for value in values), axis=inner)
        out = list(shapes[0])
        out[axis] = sum(shape[axis] for shape in shapes)
        return [Value(result, tuple(out))]

    def _op_split(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        axis = int(self._array(inputs[0], "an axis"))
        value = self._computed(inputs[1], node["name"])
        parts = int(node["attr"]["num_split"]["i"])
        side = self._known(value)[axis]
        return self._split(value, axis, [side // parts] * parts)

    def _op_splitv(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        sizes = [int(number) for number in self._array(inputs[1], "sizes").ravel()]
        return self._split(value, int(self._array(inputs[2], "an axis")), sizes)

    def _split(self, value: Value, axis: int, sizes: list[int]) -> list[Operand]:
        shape = self._known(value)
        axis %= len(shape)
        inner = AXIS[axis] if len(shape) == 4 else axis
        names = self._graph.nodes(
            "Split", value.name, self._graph.constant(sizes, np.int64),
            results=len(sizes), axis=inner,
        )  # fmt: skip
        return [
            Value(name, tuple(size if n == axis else side for n, side in enumerate(shape)))
            for name, size in zip(names, sizes)
        ]

    def _op_slice(self, node: dict[str, Any], inputs: list[Operand]) -> list[Operand]:
        value = self._computed(inputs[0], node["name"])
        shape = self._known(value)
        begin = [int(number) for number in self._array(inputs[1], "a begin").ravel()]
        size = [int(number) for number in self._array(inputs[2], "a size").ravel()]
        ranges = {
            axis: (first, shape[axis] if count < 0 else first + count)
            for axis, (first, count) in enumerate(zip(begin, size))
        }
        cut = {axis: limit for axis, limit in ranges.items() if limit != (0, shape[axis])}
        return [self._cut(value, cut) if cut else value]

    def _cut(self, value: Value, ranges: dict[int, tuple[int, int]]) -> Value:
        shape = list(self._known(value))
        axes = [AXIS[axis] if len(shape) == 4 else axis for axis in ranges]
        constants = [
            self._graph.constant(list(ends), np.int64)
            for ends in (
                [first for first, _ in ranges.values()],
                [end for _, end in ranges.values()],
                axes,
            )
        ]
        for axis, (first, end) in ranges.items():
            shape[axis] = end - first
        return Value(self._graph.node("Slice", value.name, *constants), tuple(shape))

    def _op_broadcastto(self, _node: Any, inputs: list[Operand]) -> list[Operand]:
        target = tuple(int(number) for number in self._array(inputs[1], "a shape").ravel())
        value = inputs[0]
        if isinstance(value, Value) and value.shape is None:
            # A state: from here on its size is known.
            inner = [target[axis] for axis in NCHW]
            self._inputs.append((value.name, FLOAT, inner))
            return [Value(value.name, target)]
        if isinstance(value, Value) and value.shape == target:
            return [value]
        raise ConversionError("BroadcastTo of a picture is not covered")

    def _op_noop(self, _node: Any, _inputs: list[Operand]) -> list[Operand]:
        return [Dead()]
