"""Converting graph models of TensorFlow.js."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from tests.fuzz.mutate import damaged, misspelt
from tests.unit.worker.command import told
from vb_link import limits
from vb_worker.convert import (
    from_tfjs,
)
from vb_worker.convert.errors import ConversionError


def _tfjs(nodes: list[dict[str, Any]], weights: dict[str, NDArray[Any]]) -> tuple[bytes, bytes]:
    entries = [
        {"name": name, "shape": list(values.shape), "dtype": str(values.dtype)}
        for name, values in weights.items()
    ]
    model = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"paths": ["a.bin"], "weights": entries}],
        "signature": {"outputs": {"out": {"name": "out:0"}, "r1o": {"name": "new:0"}}},
    }
    data = b"".join(values.tobytes() for values in weights.values())
    return json.dumps(model).encode(), data


def _node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "input": list(inputs), "attr": attributes}


def test_a_graph_model_with_a_branch_and_a_state() -> None:
    picture = {"shape": {"dim": [{"size": side} for side in ("-1", "-1", "-1", "3")]}}
    nodes = [
        _node("src", "Placeholder", shape={"shape": picture["shape"]}),
        _node("ratio", "Placeholder", shape={"shape": {"unknownRank": True}}),
        _node("r1i", "Placeholder", shape={"shape": {"unknownRank": True}}),
        *(_node(name, "Const") for name in ("one", "bias", "two")),
        _node("is_one", "Equal", "ratio", "one"),
        _node("taken", "Switch", "src", "is_one"),
        _node("not_taken", "NoSuchOperator", "taken"),
        _node("scaled", "Mul", "taken:1", "two"),
        _node("joined", "Merge", "not_taken", "scaled"),
        _node("shape", "Shape", "joined"),
        _node("old", "BroadcastTo", "r1i", "shape"),
        _node("new", "AddV2", "joined", "old"),
        _node("out", "Sub", "new", "bias"),
    ]
    weights = {
        "one": np.array(1.0, np.float32),
        "bias": np.array([0.5, 0.25, 0.125], np.float32),
        "two": np.array(2.0, np.float32),
    }
    model, data = _tfjs(nodes, weights)
    made = from_tfjs.convert(model, [data], "m", width=4, height=2, state=[("r1i", "r1o")])
    rng = np.random.default_rng(1)
    x = rng.random((1, 2, 4, 3), np.float32)
    state = rng.random((1, 3, 2, 4), np.float32)
    session = onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
    names = [tensor.name for tensor in session.get_outputs()]
    got = dict(zip(names, session.run(None, {"src": x, "r1i": state})))
    new = 2 * x + state.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(got["out"], new - weights["bias"], atol=1e-6)
    np.testing.assert_allclose(got["r1o"], new.transpose(0, 3, 1, 2), atol=1e-6)


def test_what_a_graph_model_has_beside_is_refused_by_name() -> None:
    picture = {"dim": [{"size": side} for side in ("-1", "-1", "-1", "3")]}
    nodes = [
        _node("src", "Placeholder", shape={"shape": picture}),
        _node("out", "FFT", "src"),
        _node("new", "Identity", "src"),
    ]
    model, data = _tfjs(nodes, {})
    with pytest.raises(ConversionError, match="operator FFT is not covered"):
        from_tfjs.convert(model, [data], "m", width=4, height=2)
    for wrong in (b"{}", b"nothing"):
        with pytest.raises(ConversionError, match=r"not a TensorFlow\.js"):
            from_tfjs.convert(wrong, [b""], "m", width=4, height=2)


@pytest.mark.parametrize(
    "name", ["../secret.bin", "/etc/passwd", "sub/a.bin", "C:\\\\a.bin", "..", "", "a\\nb"]
)
def test_a_graph_models_weights_lie_beside_it(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sub").mkdir()
    odd = () if sys.platform == "win32" else ("m/a\nb",)  # a name that Windows takes for none
    for place in ("secret.bin", "m/sub/a.bin", *odd):
        (tmp_path / place).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / place).write_bytes(b"1234")
    path = tmp_path / "m" / "model.json"
    path.write_text(f'{{"weightsManifest": [{{"paths": ["{name}"], "weights": []}}]}}')
    command = ["convert", path, "-o", tmp_path / "out.onnx", "--no-check"]
    assert "which are not beside it" in told(command, capsys)


def test_a_graph_models_weights_are_not_read_beyond_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.bin").write_bytes(b"1234" * 100)
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"weightsManifest": [{"paths": ["a.bin"] * 4, "weights": []}]}))
    command = ["convert", path, "-o", tmp_path / "out.onnx", "--no-check"]
    assert "not a TensorFlow.js graph model" in told(command, capsys)
    monkeypatch.setattr(limits, "MODEL_BYTES", 1599)
    assert "are larger than 1 KiB" in told(command, capsys)


def test_a_graph_model_that_goes_in_a_circle_is_refused() -> None:
    nodes = [_node("out", "Add", "new", "new"), _node("new", "Add", "out", "out")]
    model, data = _tfjs(nodes, {})
    with pytest.raises(ConversionError, match="goes in a circle"):
        from_tfjs.convert(model, [data], "m", width=4, height=2)


def test_a_damaged_graph_model_is_refused_or_converted() -> None:
    picture = {"dim": [{"size": side} for side in ("-1", "-1", "-1", "3")]}
    nodes = [
        _node("src", "Placeholder", shape={"shape": picture}),
        _node("bias", "Const"),
        _node("new", "Add", "src", "bias"),
        _node("out", "Identity", "new"),
    ]
    model, data = _tfjs(nodes, {"bias": np.ones(3, np.float32)})
    rng = random.Random(1)
    refused = 0
    for number in range(300):
        broken = damaged(model, rng) if number % 2 else misspelt(model.decode(), rng).encode()
        try:
            from_tfjs.convert(broken, [data[: rng.choice((5, 12))]], "m", width=4, height=2)
        except ConversionError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 100
