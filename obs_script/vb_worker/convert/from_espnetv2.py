"""ESPNetv2's published segmentation weights to ONNX.

The weights are a PyTorch state_dict, which has no graph: it is built here from the paper (Mehta et
al., ESPNetv2, CVPR 2019) and the names and shapes of the weights. Batch normalisation is folded
into the preceding convolution if there is one. Adaptive average pooling, which ONNX lacks, becomes
two matrix products with constants, which is exact.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.convert.errors import ConversionError, refusing
from vb_worker.convert.onnx_writer import FLOAT, Writer
from vb_worker.convert.torch_file import read_weights

_BRANCHES = 4
# The largest receptive field of a branch at levels 2, 3 and 4.
_REACH = {"level2_0": 13, "level3_0": 11, "level3": 9, "level4_0": 9, "level4": 7}
_SCALES = (2.0, 1.5, 1.0, 0.5, 0.1)
_LEAST_SIDE = 5
_EPSILON = 1e-5

Array = NDArray[Any]


@refusing("The file does not hold ESPNetv2's weights")
def convert(data: bytes, name: str, *, width: int, height: int) -> bytes:
    """Return the ONNX file for pictures of ``width`` x ``height``: 1 x 3 x H x W in, scores out.

    Raises ConversionError if the file does not contain ESPNetv2's weights.
    """
    if width % 16 or height % 16:
        raise ConversionError("ESPNetv2 takes sizes in steps of 16.")
    try:
        return _Builder(read_weights(data), width, height).build(name)
    except KeyError as error:
        raise ConversionError(f"The file lacks the weights {error} of ESPNetv2.") from error


class _Map:
    """A feature map of the graph with its size."""

    def __init__(self, name: str, channels: int, height: int, width: int) -> None:
        self.name, self.channels, self.height, self.width = name, channels, height, width


class _Builder:
    def __init__(self, weights: dict[str, Array], width: int, height: int) -> None:
        self._weights = weights
        self._graph = Writer()
        self._size = (height, width)

    def build(self, name: str) -> bytes:
        height, width = self._size
        picture = _Map("input", 3, height, width)
        base = "base_net."
        level1 = self._conv_bn_act(picture, f"{base}level1.", stride=2)
        level2 = self._down(level1, picture, f"{base}level2_0", _REACH["level2_0"])
        level3 = self._down(level2, picture, f"{base}level3_0", _REACH["level3_0"])
        level3 = self._repeated(level3, f"{base}level3", _REACH["level3"])
        level4 = self._down(level3, picture, f"{base}level4_0", _REACH["level4_0"])
        level4 = self._repeated(level4, f"{base}level4", _REACH["level4"])
        x = self._pyramid(level4, "bu_dec_l1")
        for number, skip in ((2, level3), (3, level2), (4, level1)):
            x = self._resize(x, x.height * 2, x.width * 2)
            skipped = self._weighted(skip, f"merge_enc_dec_l{number}")
            x = self._named(self._graph.node("Add", skipped.name, x.name), x)
            x = self._norm_act(x, f"bu_br_l{number}.0", f"bu_br_l{number}.1")
            x = self._pyramid(x, f"bu_dec_l{number}", last=number == 4)
        x = self._resize(x, height, width)
        self._graph.node("Identity", x.name, result="output")
        return self._graph.model(
            name,
            [("input", FLOAT, [1, 3, height, width])],
            [("output", FLOAT, [1, x.channels, height, width])],
        )

    # -- the network's parts

    def _repeated(self, x: _Map, name: str, reach: int) -> _Map:
        number = 0
        while f"{name}.{number}.module_act.weight" in self._weights:
            x = self._unit(x, f"{name}.{number}", reach, stride=1)
            number += 1
        return x

    def _down(self, x: _Map, picture: _Map, name: str, reach: int) -> _Map:
        """Add a strided unit, with average pooling in parallel and the input picture added."""
        pooled = self._pool(x)
        unit = self._unit(x, f"{name}.eesp", reach, stride=2)
        channels = pooled.channels + unit.channels
        joined = self._graph.node("Concat", pooled.name, unit.name, axis=1)
        small = picture
        while small.height != pooled.height:
            small = self._pool(small)
        small = self._conv_bn_act(small, f"{name}.inp_reinf.0.")
        small = self._conv_bn(small, f"{name}.inp_reinf.1.")
        added = self._graph.node("Add", joined, small.name)
        out = _Map(added, channels, pooled.height, pooled.width)
        return self._act(out, f"{name}.act.weight")

    def _unit(self, x: _Map, name: str, reach: int, stride: int) -> _Map:
        """Add an extremely efficient spatial pyramid (EESP) unit."""
        low = self._conv_bn_act(x, f"{name}.proj_1x1.", groups=_BRANCHES)
        # Receptive fields 3, 5, 7, 9; those above the reach become 3; smallest first.
        kernels = sorted(3 + 2 * n if 3 + 2 * n <= reach else 3 for n in range(_BRANCHES))
        branches: list[str] = []
        for number, kernel in enumerate(kernels):
            weight = self._weights[f"{name}.spp_dw.{number}.conv.weight"]
            branch = self._conv(
                low, weight, None, stride=stride, dilation=(kernel - 1) // 2, groups=low.channels
            )
            if branches:
                total = self._graph.node("Add", branch.name, branches[-1])
                branch = self._named(total, branch)
            branches.append(branch.name)
        wide = self._graph.node("Concat", *branches, axis=1)
        joined = _Map(wide, low.channels * _BRANCHES, branch.height, branch.width)
        joined = self._norm_act(joined, f"{name}.br_after_cat.bn", f"{name}.br_after_cat.act")
        out = self._conv_bn(joined, f"{name}.conv_1x1_exp.", groups=_BRANCHES)
        if stride == 2:
            return out
        if (out.channels, out.height, out.width) == (x.channels, x.height, x.width):
            out = self._named(self._graph.node("Add", out.name, x.name), out)
        return self._act(out, f"{name}.module_act.weight")

    def _weighted(self, x: _Map, name: str) -> _Map:
        mean = self._graph.node("GlobalAveragePool", x.name)
        weight = self._weights[f"{name}.wt_layer.1.weight"]
        share = self._conv(_Map(mean, x.channels, 1, 1), weight, None)
        share_name = self._graph.node("Sigmoid", share.name)
        groups = x.channels // self._weights[f"{name}.expansion_layer.cbr.0.weight"].shape[1]
        out = self._sequence(x, f"{name}.expansion_layer.cbr", groups)
        return self._named(self._graph.node("Mul", out.name, share_name), out)

    def _pyramid(self, x: _Map, name: str, *, last: bool = False) -> _Map:
        """Add an efficient pyramid pooling module."""
        x = self._sequence(x, f"{name}.projection_layer.cbr", 1)
        stages: list[str] = []
        for number, scale in enumerate(_SCALES):
            height = max(_LEAST_SIDE, math.ceil(x.height * scale))
            width = max(_LEAST_SIDE, math.ceil(x.width * scale))
            weight = self._weights[f"{name}.stages.{number}.weight"]
            if scale < 1:
                stage = self._conv(self._pool_to(x, height, width), weight, None, groups=x.channels)
                stage = self._resize(stage, x.height, x.width)
            elif scale > 1:
                stage = self._conv(self._resize(x, height, width), weight, None, groups=x.channels)
                stage = self._pool_to(stage, x.height, x.width)
            else:
                stage = self._conv(x, weight, None, groups=x.channels)
            stages.append(stage.name)
        wide = self._graph.node("Concat", *stages, axis=1)
        out = _Map(wide, x.channels * len(_SCALES), x.height, x.width)
        out = self._norm_act(out, f"{name}.merge_layer.0.br.0", f"{name}.merge_layer.0.br.1")
        out = self._shuffled(out, len(_SCALES))
        out = self._sequence(out, f"{name}.merge_layer.2.cbr", x.channels)
        weight = self._weights[f"{name}.merge_layer.3.weight"]
        out = self._conv(out, weight, self._weights.get(f"{name}.merge_layer.3.bias"))
        return out if last else self._norm_act(out, f"{name}.br.br.0", f"{name}.br.br.1")

    def _shuffled(self, x: _Map, groups: int) -> _Map:
        shape = [1, groups, x.channels // groups, x.height, x.width]
        split = self._graph.node("Reshape", x.name, self._graph.constant(shape, np.int64))
        turned = self._graph.node("Transpose", split, perm=[0, 2, 1, 3, 4])
        flat = [1, x.channels, x.height, x.width]
        return self._named(
            self._graph.node("Reshape", turned, self._graph.constant(flat, np.int64)), x
        )

    # -- single operators

    def _named(self, name: str, like: _Map) -> _Map:
        return _Map(name, like.channels, like.height, like.width)

    def _affine(self, name: str) -> tuple[Array, Array]:
        """Return a batch normalisation as factor and offset per channel."""
        mean, variance = (self._weights[f"{name}.running_{what}"] for what in ("mean", "var"))
        factor = self._weights[f"{name}.weight"] / np.sqrt(variance + _EPSILON)
        return factor, self._weights[f"{name}.bias"] - mean * factor

    def _conv(
        self,
        x: _Map,
        weight: Array,
        bias: Array | None,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ) -> _Map:
        kernel = weight.shape[2]
        pad = (kernel - 1) // 2 * dilation
        inputs = [x.name, self._graph.constant(weight, np.float32)]
        if bias is not None:
            inputs.append(self._graph.constant(bias, np.float32))
        name = self._graph.node(
            "Conv", *inputs, kernel_shape=[kernel, kernel], pads=[pad] * 4,
            strides=[stride] * 2, dilations=[dilation] * 2, group=groups,
        )  # fmt: skip
        return _Map(name, weight.shape[0], -(-x.height // stride), -(-x.width // stride))

    def _folded(self, weight: Array, normalisation: str) -> tuple[Array, Array]:
        factor, offset = self._affine(normalisation)
        return weight * factor[:, None, None, None], offset

    def _conv_bn(self, x: _Map, name: str, *, groups: int = 1) -> _Map:
        folded = self._folded(self._weights[f"{name}conv.weight"], f"{name}bn")
        return self._conv(x, *folded, groups=groups)

    def _conv_bn_act(self, x: _Map, name: str, *, stride: int = 1, groups: int = 1) -> _Map:
        folded = self._folded(self._weights[f"{name}conv.weight"], f"{name}bn")
        out = self._conv(x, *folded, stride=stride, groups=groups)
        return self._act(out, f"{name}act.weight")

    def _sequence(self, x: _Map, name: str, groups: int) -> _Map:
        folded = self._folded(self._weights[f"{name}.0.weight"], f"{name}.1")
        return self._act(self._conv(x, *folded, groups=groups), f"{name}.2.weight")

    def _norm_act(self, x: _Map, normalisation: str, activation: str) -> _Map:
        factor, offset = (part.reshape(1, -1, 1, 1) for part in self._affine(normalisation))
        scaled = self._graph.node("Mul", x.name, self._graph.constant(factor, np.float32))
        shifted = self._graph.node("Add", scaled, self._graph.constant(offset, np.float32))
        return self._act(self._named(shifted, x), f"{activation}.weight")

    def _act(self, x: _Map, name: str) -> _Map:
        slope = self._weights[name].reshape(-1, 1, 1)
        return self._named(
            self._graph.node("PRelu", x.name, self._graph.constant(slope, np.float32)), x
        )

    def _pool(self, x: _Map) -> _Map:
        name = self._graph.node(
            "AveragePool", x.name, kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2],
            count_include_pad=1,
        )  # fmt: skip
        return _Map(name, x.channels, -(-x.height // 2), -(-x.width // 2))

    def _pool_to(self, x: _Map, height: int, width: int) -> _Map:
        down = self._graph.constant(_averages(x.height, height), np.float32)
        across = self._graph.constant(_averages(x.width, width).T, np.float32)
        rows = self._graph.node("MatMul", down, x.name)
        return _Map(self._graph.node("MatMul", rows, across), x.channels, height, width)

    def _resize(self, x: _Map, height: int, width: int) -> _Map:
        size = self._graph.constant([1, x.channels, height, width], np.int64)
        name = self._graph.node(
            "Resize", x.name, "", "", size,
            mode="linear", coordinate_transformation_mode="align_corners",
        )  # fmt: skip
        return _Map(name, x.channels, height, width)


def _averages(size: int, into: int) -> Array:
    """Return the matrix (into x size) of adaptive average pooling from ``size`` to ``into``."""
    matrix = np.zeros((into, size))
    for row in range(into):
        begin, end = row * size // into, -(-(row + 1) * size // into)
        matrix[row, begin:end] = 1 / (end - begin)
    return matrix
