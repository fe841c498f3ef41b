"""ONNX files that mean harm: each fits the shipped model's manifest, or so it seems."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
SIDE = 64
_MANIFEST = """\
name = "{name}"
title = "Hostile"
file = "{name}.onnx"
sha256 = "{digest}"
licence = "MIT"
commercial = true

[input]
width = {side}
height = {side}
layout = "NHWC"
colour = "RGB"
scale = 255.0
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
resize = "stretch"

[output]
kind = "probability"
"""


def manifest_text(name: str, data: bytes) -> str:
    """Return a manifest that goes with a file's bytes."""
    return _MANIFEST.format(name=name, digest=hashlib.sha256(data).hexdigest(), side=SIDE)


def put(folder: Path, name: str, data: bytes) -> Path:
    """Write a model and its manifest into ``folder``; return the manifest's path."""
    (folder / f"{name}.onnx").write_bytes(data)
    path = folder / f"{name}.toml"
    path.write_text(manifest_text(name, data), encoding="utf-8")
    return path


def model(nodes: Sequence[Any], constants: Sequence[Any] = (), **more: Any) -> onnx.ModelProto:
    """Return a model from a picture ``x`` to a mask ``y``."""
    graph = helper.make_graph(
        list(nodes), "graph",
        [helper.make_tensor_value_info("x", FLOAT, [1, SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("y", FLOAT, [1, SIDE, SIDE, 1])],
        list(constants),
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("strange", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **more)


def _bytes(made: onnx.ModelProto) -> bytes:
    return bytes(made.SerializeToString())


def _number(name: str, value: Any, dtype: Any) -> Any:
    return numpy_helper.from_array(np.asarray(value, dtype), name)


def _mean(into: str = "y") -> Any:
    return helper.make_node("ReduceMean", ["x"], [into], axes=[3], keepdims=1)


def harmless() -> bytes:
    """Return a model that does nothing wrong, and finds nobody."""
    return _bytes(model([_mean()]))


def endless_loop() -> bytes:
    """Return a model that counts for centuries when it is run."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Sin", ["value"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", INT64, []),
            helper.make_tensor_value_info("go", BOOL, []),
            helper.make_tensor_value_info("value", FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go_on", BOOL, []),
            helper.make_tensor_value_info("next", FLOAT, None),
        ],
    )
    nodes = [_mean("m"), helper.make_node("Loop", ["turns", "start", "m"], ["y"], body=body)]
    constants = [_number("turns", 1 << 62, np.int64), _number("start", True, np.bool_)]
    return _bytes(model(nodes, constants))


def huge_when_run(gigabytes: int = 64) -> bytes:
    """Return a model of a few bytes that wants so much memory."""
    nodes = [
        _mean("m"),
        # The size hangs on the picture, so that it cannot be folded when it is loaded.
        helper.make_node("Shape", ["m"], ["sides"]),
        helper.make_node("Mul", ["sides", "many"], ["large"]),
        helper.make_node("ConstantOfShape", ["large"], ["ones"]),
        helper.make_node("Add", ["ones", "one"], ["filled"]),
        helper.make_node("ReduceMax", ["filled"], ["most"], keepdims=0),
        helper.make_node("Add", ["m", "most"], ["y"]),
    ]
    many = gigabytes * (1 << 30) // 4 // (SIDE * SIDE)
    constants = [_number("many", [many, 1, 1, 1], np.int64), _number("one", 1.0, np.float32)]
    return _bytes(model(nodes, constants))


def huge_tensor() -> bytes:
    """Return a model that declares a constant of terabytes and holds none of it."""
    held = TensorProto(name="w", data_type=FLOAT, dims=[1 << 20, 1 << 20])
    return _bytes(model([_mean()], [held]))


def negative_tensor() -> bytes:
    """Return a model with a constant of negative size."""
    held = TensorProto(name="w", data_type=FLOAT, dims=[-4, 4], raw_data=b"\0" * 64)
    return _bytes(model([helper.make_node("Add", ["m", "w"], ["y"]), _mean("m")], [held]))


def short_tensor() -> bytes:
    """Return a model with a constant that holds less than it declares."""
    held = TensorProto(name="w", data_type=FLOAT, dims=[SIDE, 1], raw_data=b"\0" * 8)
    nodes = [_mean("m"), helper.make_node("Add", ["m", "w"], ["y"])]
    return _bytes(model(nodes, [held]))


def weights_elsewhere(place: str = "/etc/passwd") -> bytes:
    """Return a model whose weights are another file of this computer's."""
    held = TensorProto(name="w", data_type=TensorProto.UINT8, dims=[16])
    held.data_location = TensorProto.EXTERNAL
    for key, value in (("location", place), ("offset", "0"), ("length", "16")):
        entry = held.external_data.add()
        entry.key, entry.value = key, value
    return _bytes(model([_mean()], [held]))


def own_operator() -> bytes:
    """Return a model with an operator that only a library of its own could run."""
    return _bytes(model([helper.make_node("Run", ["x"], ["y"], domain="strange")]))


def own_functions() -> bytes:
    """Return a model whose functions call each other twice each: 2 to the 40 nodes."""
    functions = [
        helper.make_function(
            "strange", f"f{level}", ["a"], ["b"],
            [helper.make_node(f"f{level + 1}", ["a"], ["c"], domain="strange"),
             helper.make_node(f"f{level + 1}", ["c"], ["b"], domain="strange")],
            [helper.make_opsetid("", 17), helper.make_opsetid("strange", 1)],
        )
        for level in range(40)
    ]  # fmt: skip
    functions.append(
        helper.make_function(
            "strange", "f40", ["a"], ["b"], [helper.make_node("Sin", ["a"], ["b"])],
            [helper.make_opsetid("", 17)],
        )
    )  # fmt: skip
    nodes = [_mean("m"), helper.make_node("f0", ["m"], ["y"], domain="strange")]
    return _bytes(model(nodes, functions=functions))


def nested(depth: int = 12) -> bytes:
    """Return a model of a branch in a branch in a branch..."""
    constant = helper.make_node("Constant", [], ["o0"], value=_number("v", 1.0, np.float32))
    inner = helper.make_graph(
        [constant], "g", [], [helper.make_tensor_value_info("o0", FLOAT, None)]
    )
    for level in range(1, depth):
        node = helper.make_node("If", ["yes"], [f"o{level}"], then_branch=inner)
        inner = helper.make_graph(
            [node], "g", [], [helper.make_tensor_value_info(f"o{level}", FLOAT, None)]
        )
    nodes = [_mean(), helper.make_node("If", ["yes"], ["z"], then_branch=inner)]
    return _bytes(model(nodes, [_number("yes", True, np.bool_)]))


def old_opset() -> bytes:
    """Return a model of an operator set from before onnxruntime."""
    made = model([_mean()])
    made.opset_import[0].version = 1
    return _bytes(made)


def many_nodes() -> bytes:
    """Return a model of more nodes than any network has."""
    chain = [helper.make_node("Sin", [f"s{i}"], [f"s{i + 1}"]) for i in range(20_001)]
    return _bytes(model([_mean("s0"), *chain, helper.make_node("Sin", ["s20001"], ["y"])]))


# What a manifest's [source] may name to have code run or other files read where it is installed
PACKAGES: dict[str, tuple[str, str, str]] = {
    "git": ("npm", "x", "git+https://evil.example/x.git"),
    "folder": ("npm", "../x", "1.0"),
    "tag": ("npm", "x", "latest"),
    "direct": ("pypi", "x @ https://evil.example/x.tar.gz#", "1.0"),
    "option": ("pypi", "-rhttps://evil.example/x", "1.0"),
    "option in the version": ("pypi", "x", "1.0 --index-url=https://evil.example"),
    "address": ("npm", "https://evil.example/x.tgz", "1.0"),
    "other user's": ("npm", "evil/x", "1.0"),
}
ADDRESSES = ("file:///etc/passwd", "https://evil.example/..", "ftp://evil.example/x.onnx")


def with_source(manifest: str, source: str) -> str:
    """Return a manifest's text with another [source] of a page, sums and ``source``."""
    before, _, after = manifest.partition("[source]")
    after = after.partition("[input]")[2]
    told = f"[source]\npage = 'there'\nsha256 = \"{'0' * 64}\"\n{source}\n"
    return f"{before}{told}\n[input]{after}"


def package_source(name: str) -> str:
    """Return the lines of a [source] for one of PACKAGES."""
    registry, package, version = PACKAGES[name]
    return f'registry = "{registry}"\npackage = "{package}"\nversion = "{version}"\nmember = "m"'


# What is refused before onnxruntime sees it: the maker, and the sentence's key
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "huge_tensor": (huge_tensor, "ModelTooLarge"),
    "negative_tensor": (negative_tensor, "ModelDamaged"),
    "weights_elsewhere": (weights_elsewhere, "ModelElsewhere"),
    "own_operator": (own_operator, "ModelOperators"),
    "own_functions": (own_functions, "ModelOperators"),
    "nested": (nested, "ModelTooLarge"),
    "old_opset": (old_opset, "ModelOpset"),
    "many_nodes": (many_nodes, "ModelTooLarge"),
    "nothing": (lambda: b"", "ModelDamaged"),
    "no_onnx": (lambda: b"GIF89a" * 100, "ModelDamaged"),
}
