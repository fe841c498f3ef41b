"""TensorFlow.js's nodes: their attributes, and constant folding."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.convert.errors import ConversionError

Array = NDArray[Any]
_DTYPES = {"DT_FLOAT": np.float32, "DT_INT32": np.int32, "DT_BOOL": np.bool_, "DT_INT64": np.int64}


def strided(node: dict[str, Any], values: Array, begin: Array, end: Array, step: Array) -> Array:
    """Return ``values[begin:end:step]`` as TensorFlow's StridedSlice takes it, by its bit masks.

    Raises ConversionError for an ellipsis or a new axis.
    """

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


# Results of nodes whose inputs are all constants.
CONSTANT: dict[str, Callable[..., Any]] = {
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
    "StridedSlice": strided,
}


def numbers(node: dict[str, Any], key: str, default: list[int] | None = None) -> list[int]:
    """Return a node's list of integers, or ``default``. Raises ConversionError without either."""
    found = node["attr"].get(key, {}).get("list", {}).get("i")
    if found is None:
        if default is None:
            raise ConversionError(f"{node['op']} without {key} is not covered")
        return default
    return [int(item) for item in found]


def text(node: dict[str, Any], key: str) -> str:
    """Return a node's text, which the file keeps in base64."""
    return base64.b64decode(node["attr"][key]["s"]).decode()


def texts(node: dict[str, Any], key: str) -> list[str]:
    """Return a node's list of texts; empty where it has none."""
    found = node["attr"].get(key, {}).get("list", {}).get("s", [])
    return [base64.b64decode(item).decode() for item in found]
