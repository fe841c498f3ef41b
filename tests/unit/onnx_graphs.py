"""Small ONNX graphs and manifests for the adapters' tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vb_worker.models import Manifest
from vb_worker.models.manifest_reader import load

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
OPSET, IR_VERSION = 17, 8


class Graph:
    """A graph being written: ``node`` returns its output's name, ``weight`` a constant's."""

    def __init__(self, seed: int = 1) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.random = np.random.default_rng(seed)

    def weight(self, values: NDArray[Any] | Sequence[Any] | float, dtype: Any = None) -> str:
        array = np.asarray(values, dtype)
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        name = out or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def nodes_of(self, kind: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        names = [f"n{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def conv(self, x: str, into: int, outof: int, kernel: int = 3, **attributes: Any) -> str:
        """Add a convolution with random weights that keeps the variance, and its bias."""
        group = attributes.get("group", 1)
        dilation = attributes.get("dilations", [1, 1])[0]
        shape = (outof, into // group, kernel, kernel)
        spread = np.sqrt(2.0 / (into // group * kernel * kernel))
        weights = self.random.normal(0, spread, shape)
        bias = self.random.normal(0, 0.1, outof)
        pad = (kernel - 1) // 2 * dilation
        return self.node(
            "Conv",
            x,
            self.weight(weights, np.float32),
            self.weight(bias, np.float32),
            pads=[pad] * 4,
            **attributes,
        )

    def relu(self, x: str) -> str:
        return self.node("Relu", x)

    def resize(self, x: str, height: int, width: int, channels: int) -> str:
        size = self.weight([1, channels, height, width], np.int64)
        return self.node("Resize", x, "", "", size, mode="linear")

    def save(
        self,
        path: Path,
        inputs: Sequence[tuple[str, Any, Sequence[Any]]],
        outputs: Sequence[tuple[str, Any, Sequence[Any]]],
    ) -> Path:
        """Write the graph; ``inputs`` and ``outputs`` are (name, type, shape)."""
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [helper.make_tensor_value_info(*value) for value in inputs],
            [helper.make_tensor_value_info(*output) for output in outputs],
            self.constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString())
        return path


def manifest_for(
    weights: Path,
    output: str,
    *,
    width: int,
    height: int,
    layout: str = "NCHW",
    more: str = "",
    resize: str = "stretch",
    name: str = "tried",
    top: str = "",
) -> Manifest:
    """Write a manifest beside ``weights``; ``output`` is the body of its [output]."""
    path = weights.with_name(f"{name}.toml")
    path.write_text(
        f"""
name = "{name}"
title = "Tried"
file = "{weights.name}"
sha256 = "{hashlib.sha256(weights.read_bytes()).hexdigest()}"
licence = "MIT"
commercial = true
{top}
[input]
width = {width}
height = {height}
layout = "{layout}"
colour = "RGB"
scale = 255.0
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
resize = "{resize}"
{more}
[output]
{output}
""",
        encoding="utf-8",
    )
    return load(path)
