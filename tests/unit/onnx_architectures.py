"""The architectures whose trained weights cannot be had here, as graphs with random weights.

Fewer channels than published, the same parts: what an exported network of the family puts into
onnxruntime and what it gives out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit.onnx_graphs import FLOAT, INT64, Graph


def deeplabv3plus(path: Path, side: int, classes: int = 21) -> Path:
    """DeepLabV3+ (Chen et al. 2018): inverted residuals, atrous pyramid, decoder."""
    graph = Graph(2)
    x = graph.relu(graph.conv("input", 3, 8, strides=[2, 2]))
    low = ""
    for into, outof, stride in ((8, 8, 2), (8, 12, 2), (12, 16, 2), (16, 16, 1)):
        x = _inverted_residual(graph, x, into, outof, stride)
        low = low or x  # a quarter of the side: what the decoder joins in
    small = side // 16
    branches = [graph.relu(graph.conv(x, 16, 16, kernel=1))]
    for rate in (6, 12, 18):
        wide = graph.conv(x, 16, 16, group=16, dilations=[rate, rate])
        branches.append(graph.relu(graph.conv(wide, 16, 16, kernel=1)))
    mean = graph.relu(graph.conv(graph.node("GlobalAveragePool", x), 16, 16, kernel=1))
    branches.append(graph.resize(mean, small, small, 16))
    x = graph.relu(graph.conv(graph.node("Concat", *branches, axis=1), 80, 16, kernel=1))
    quarter = side // 4
    x = graph.resize(x, quarter, quarter, 16)
    skip = graph.relu(graph.conv(low, 8, 6, kernel=1))
    x = graph.relu(graph.conv(graph.node("Concat", x, skip, axis=1), 22, 16))
    x = graph.conv(x, 16, classes, kernel=1)
    size = graph.weight([1, classes, side, side], np.int64)
    graph.node("Resize", x, "", "", size, out="output", mode="linear")
    return graph.save(
        path,
        [("input", FLOAT, [1, 3, side, side])],
        [("output", FLOAT, [1, classes, side, side])],
    )


def _inverted_residual(graph: Graph, x: str, into: int, outof: int, stride: int) -> str:
    wide = graph.relu(graph.conv(x, into, into * 3, kernel=1))
    wide = graph.relu(graph.conv(wide, into * 3, into * 3, group=into * 3, strides=[stride] * 2))
    out = graph.conv(wide, into * 3, outof, kernel=1)
    return graph.node("Add", out, x) if stride == 1 and into == outof else out


def bisenetv2(path: Path, side: int, classes: int = 19) -> Path:
    """BiSeNetV2 (Yu et al. 2021): a detail and a semantic branch, guided aggregation."""
    graph = Graph(3)
    detail = "input"
    for into, outof in ((3, 8), (8, 8), (8, 16)):
        detail = graph.relu(graph.conv(detail, into, outof, strides=[2, 2]))
    stem = graph.relu(graph.conv("input", 3, 8, strides=[2, 2]))
    pooled = graph.node(
        "MaxPool", stem, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]
    )  # fmt: skip
    convolved = graph.relu(graph.conv(stem, 8, 8, strides=[2, 2]))
    x = graph.relu(graph.conv(graph.node("Concat", pooled, convolved, axis=1), 16, 16))
    for into, outof in ((16, 16), (16, 16), (16, 16)):  # gather and expand
        wide = graph.relu(graph.conv(x, into, into * 3))
        wide = graph.conv(wide, into * 3, into * 3, group=into * 3, strides=[2, 2])
        out = graph.conv(wide, into * 3, outof, kernel=1)
        short = graph.conv(graph.conv(x, into, into, group=into, strides=[2, 2]), into, outof, 1)
        x = graph.relu(graph.node("Add", out, short))
    context = graph.conv(graph.node("GlobalAveragePool", x), 16, 16, kernel=1)
    x = graph.conv(graph.node("Add", x, context), 16, 16)
    eighth = side // 8
    near = graph.conv(graph.conv(detail, 16, 16, group=16), 16, 16, kernel=1)
    gate = graph.node("Sigmoid", graph.resize(graph.conv(x, 16, 16), eighth, eighth, 16))
    first = graph.node("Mul", near, gate)
    small = graph.node(
        "AveragePool", graph.conv(detail, 16, 16, strides=[2, 2]),
        kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
    )  # fmt: skip
    deep = graph.node("Sigmoid", graph.conv(x, 16, 16, kernel=1))
    second = graph.resize(
        graph.node("Mul", graph.resize(small, side // 32, side // 32, 16), deep), eighth, eighth, 16
    )
    x = graph.relu(graph.conv(graph.node("Add", first, second), 16, 16))
    x = graph.resize(graph.conv(x, 16, classes, kernel=1), side, side, classes)
    graph.node("ArgMax", x, out="preds", axis=1, keepdims=0)
    return graph.save(
        path, [("input", FLOAT, [1, 3, side, side])], [("preds", INT64, [1, side, side])]
    )  # fmt: skip


def maskrcnn(path: Path, side: int, names: tuple[str, str, str, str], classes: int = 3) -> Path:
    """Mask R-CNN (He et al. 2017): pyramid, proposals, aligned regions, boxes and masks."""
    graph = Graph(4)
    batch = graph.node("Unsqueeze", "image", graph.weight([0], np.int64))
    x = batch
    for into, outof in ((3, 8), (8, 8), (8, 16)):
        x = graph.relu(graph.conv(x, into, outof, strides=[2, 2]))
    deeper = graph.relu(graph.conv(x, 16, 16, strides=[2, 2]))
    eighth = side // 8
    lateral = graph.conv(x, 16, 16, kernel=1)
    top = graph.resize(graph.conv(deeper, 16, 16, kernel=1), eighth, eighth, 16)
    features = graph.conv(graph.node("Add", lateral, top), 16, 16)
    proposals = _proposals(graph, features, eighth, side)
    regions = graph.relu(_aligned(graph, features, proposals, 7))
    flat = graph.node("Flatten", regions, axis=1)
    shape = (16 * 49, 32)
    hidden = graph.relu(
        graph.node("MatMul", flat, graph.weight(graph.random.normal(0, 0.1, shape), np.float32))
    )
    to_classes = graph.weight(graph.random.normal(0, 0.5, (32, classes)), np.float32)
    likely = graph.node("Softmax", graph.node("MatMul", hidden, to_classes), axis=1)
    # The best class of each proposal that is not background (class 0).
    unity, end = graph.weight([1], np.int64), graph.weight([classes], np.int64)
    real = graph.node("Slice", likely, unity, end, unity)
    best = graph.node("ReduceMax", real, axes=[1], keepdims=0)
    label = graph.node("Add", graph.node("ArgMax", real, axis=1, keepdims=0), unity)
    best_shaped = graph.node("Unsqueeze", best, graph.weight([0, 1], np.int64))
    boxes_shaped = graph.node("Unsqueeze", proposals, graph.weight([0], np.int64))
    kept = graph.node(
        "NonMaxSuppression", boxes_shaped, best_shaped,
        graph.weight([12], np.int64), graph.weight([0.5], np.float32),
        graph.weight([0.0], np.float32),
    )  # fmt: skip
    index = graph.node("Squeeze", graph.node(
        "Slice", kept, graph.weight([2], np.int64), graph.weight([3], np.int64), unity
    ), unity)  # fmt: skip
    boxes = graph.node("Gather", proposals, index, out=names[0], axis=0)
    graph.node("Gather", label, index, out=names[1], axis=0)
    graph.node("Gather", best, index, out=names[2], axis=0)
    masks = graph.relu(graph.conv(_aligned(graph, features, boxes, 14), 16, 16))
    doubling = graph.weight(graph.random.normal(0, 0.3, (16, 8, 2, 2)), np.float32)
    doubled = graph.node(
        "ConvTranspose", masks, doubling,
        strides=[2, 2],
    )  # fmt: skip
    graph.node("Sigmoid", graph.conv(graph.relu(doubled), 8, 1, kernel=1), out=names[3])
    return graph.save(
        path,
        [("image", FLOAT, [3, side, side])],
        [
            (names[0], FLOAT, ["n", 4]),
            (names[1], INT64, ["n"]),
            (names[2], FLOAT, ["n"]),
            (names[3], FLOAT, ["n", 1, 28, 28]),
        ],
    )


def _proposals(graph: Graph, features: str, cells: int, side: int) -> str:
    """Add a region proposal network with one anchor a cell; return boxes N x 4."""
    hidden = graph.relu(graph.conv(features, 16, 16))
    score = graph.node("Sigmoid", graph.conv(hidden, 16, 1, kernel=1))
    deltas = graph.node("Tanh", graph.conv(hidden, 16, 4, kernel=1))
    flat = graph.node("Reshape", score, graph.weight([-1], np.int64))
    rows = graph.node(
        "Reshape",
        graph.node("Transpose", deltas, perm=[0, 2, 3, 1]),
        graph.weight([-1, 4], np.int64),
    )
    centres = (np.arange(cells) + 0.5) * side / cells
    y, x = np.meshgrid(centres, centres, indexing="ij")
    half = side / 5
    anchors = np.stack([x - half, y - half, x + half, y + half], -1).reshape(-1, 4)
    moved = graph.node("Mul", rows, graph.weight([half / 2], np.float32))
    boxes = graph.node("Add", moved, graph.weight(anchors, np.float32))
    inside = graph.node(
        "Clip", boxes, graph.weight(0.0, np.float32), graph.weight(float(side), np.float32)
    )
    _, index = graph.nodes_of("TopK", flat, graph.weight([300], np.int64), outputs=2)
    return graph.node("Gather", inside, index, axis=0)


def _aligned(graph: Graph, features: str, boxes: str, size: int) -> str:
    count = graph.node("Shape", boxes)
    first = graph.node("Slice", count, graph.weight([0], np.int64), graph.weight([1], np.int64))
    zeros = graph.node("Expand", graph.weight([0], np.int64), first)
    return graph.node(
        "RoiAlign", features, boxes, zeros,
        output_height=size, output_width=size, spatial_scale=1 / 8, sampling_ratio=2,
    )  # fmt: skip
