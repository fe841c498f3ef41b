"""Model files that are sound as files but not as networks: these reach onnxruntime itself."""

from __future__ import annotations

import random

import onnx

_OPERATORS = (
    "Conv", "ConvTranspose", "Resize", "Reshape", "Gather", "GatherND", "ScatterND", "Slice", "Pad",
    "Tile", "Expand", "MaxPool", "AveragePool", "MaxUnpool", "TopK", "NonMaxSuppression", "OneHot",
    "RoiAlign", "GridSample", "Einsum", "LSTM", "GRU", "QLinearConv", "DequantizeLinear", "Range",
    "ConstantOfShape", "Split", "Transpose", "Softmax", "Upsample", "DepthToSpace", "SpaceToDepth",
    "CumSum", "ReverseSequence", "Compress", "Unique", "StringNormalizer", "Identity", "Add",
)  # fmt: skip
_INTEGERS = (-(1 << 63), -(1 << 31), -2, -1, 0, 1, 2, 3, 7, 255, 65536, 1 << 31, (1 << 63) - 1)


def warped(data: bytes, rng: random.Random) -> bytes:
    """Return a model with a few of its nodes, attributes and constants made others."""
    model = onnx.ModelProto.FromString(data)
    graph = model.graph
    for _ in range(rng.choice((1, 1, 2, 5))):
        node = rng.choice(graph.node)
        kind = rng.randrange(5)
        if kind == 0:
            node.op_type = rng.choice(_OPERATORS)
        elif kind == 1 and node.attribute:
            _warp_attribute(rng.choice(node.attribute), rng)
        elif kind == 2 and len(node.input) > 0:
            names = [name for node in graph.node for name in (*node.input, *node.output)]
            node.input[rng.randrange(len(node.input))] = rng.choice(names)
        elif kind == 3 and graph.initializer:
            held = rng.choice(graph.initializer)
            if held.raw_data:
                numbers = bytearray(held.raw_data)
                for _ in range(8):
                    at = rng.randrange(len(numbers))
                    numbers[at : at + 1] = rng.randbytes(1)
                held.raw_data = bytes(numbers)
        elif graph.initializer:
            held = rng.choice(graph.initializer)
            if len(held.dims):
                held.dims[rng.randrange(len(held.dims))] = rng.choice((0, 1, 2, 3, 16, 1000))
    return bytes(model.SerializeToString())


def _warp_attribute(attribute: onnx.AttributeProto, rng: random.Random) -> None:
    if len(attribute.ints):
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(_INTEGERS)
    else:
        attribute.i = rng.choice(_INTEGERS)
