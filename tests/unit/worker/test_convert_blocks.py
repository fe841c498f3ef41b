"""A network whose weights are quantised in blocks, and one whose Resize nodes hold sizes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from vb_link import folders
from vb_worker import cli
from vb_worker.catalogue import install
from vb_worker.convert import float_weights, variants
from vb_worker.convert.errors import ConversionError
from vb_worker.models import open_model, sample_check
from vb_worker.models.manifest_reader import load, parse
from vb_worker.runtime.session import plain_session

SIDE = 24


def _network(path: Path) -> bytes:
    """A network that answers with the mean of the colours; its kernel is quantised in blocks."""
    graph = Graph()
    # Two blocks of two values for each of two answers; the second is what is wanted.
    values = np.array([[0, 0, 0, 0], [5, 5, 7, 3]], np.int8)
    scales = np.array([[1.0, 1.0], [1 / 6, 1 / 12]], np.float32)
    zeros = np.array([[0, 0], [3, 3]], np.int8)
    kernel = graph.node(
        "DequantizeLinear", graph.weight(values), graph.weight(scales), graph.weight(zeros),
        axis=1, block_size=2,
    )  # fmt: skip
    four = graph.node("Concat", "picture", graph.weight(np.zeros((1, 1, SIDE, SIDE), np.float32)),
                      axis=1)  # fmt: skip
    shape = graph.weight([2, 4, 1, 1], np.int64)
    small = graph.resize(four, SIDE // 2, SIDE // 2, 4)
    seen = graph.node("Conv", small, graph.node("Reshape", kernel, shape))
    graph.resize(seen, SIDE, SIDE, 2)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "graph",
            [helper.make_tensor_value_info("picture", FLOAT, [1, 3, SIDE, SIDE])],
            [helper.make_tensor_value_info(graph.nodes[-1].output[0], FLOAT, [1, 2, SIDE, SIDE])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 21)], ir_version=10,
    )  # fmt: skip
    onnx.checker.check_model(model)
    data = bytes(model.SerializeToString())
    path.write_bytes(data)
    return data


def test_weights_in_blocks_are_made_float(tmp_path: Path) -> None:
    data = _network(tmp_path / "blocks.onnx")
    assert float_weights.is_packed(data)
    made = float_weights.unpacked(data)
    assert not float_weights.is_packed(made)
    stored = {
        weight.name: numpy_helper.to_array(weight)
        for weight in onnx.load_from_string(made).graph.initializer
    }
    (kernel,) = [values for values in stored.values() if values.shape == (2, 4)]
    # (value - zero) * scale, block by block
    wanted = np.array([[0, 0, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0]])
    np.testing.assert_allclose(kernel, wanted, atol=1e-6)
    assert not any(values.dtype == np.int8 for values in stored.values())


def test_what_is_not_quantised_stays_as_it_is(tmp_path: Path) -> None:
    graph = Graph()
    graph.node("Relu", "picture", out="answer")
    path = graph.save(tmp_path / "plain.onnx", [("picture", FLOAT, [1])], [("answer", FLOAT, [1])])
    assert not float_weights.is_packed(path.read_bytes())


def test_damaged_blocks_are_refused_in_one_sentence(tmp_path: Path) -> None:
    model = onnx.load_from_string(_network(tmp_path / "blocks.onnx"))
    (scales,) = [w for w in model.graph.initializer if w.data_type == TensorProto.FLOAT
                 and list(w.dims) == [2, 2]]  # fmt: skip
    scales.CopyFrom(numpy_helper.from_array(np.zeros((3, 5), np.float32), scales.name))
    with pytest.raises(ConversionError, match="quantised weights cannot be unpacked"):
        float_weights.unpacked(bytes(model.SerializeToString()))


@pytest.mark.parametrize("size", [(48, 24), (36, 60)])
def test_the_sizes_in_a_network_go_with_its_input(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "sized.onnx"
    graph = Graph()
    small = graph.resize("picture", SIDE // 2, SIDE // 2, 3)
    large = graph.resize(graph.node("Relu", small), SIDE, SIDE, 3)
    graph.node("ReduceMean", large, axes=[1], keepdims=1, out="answer")
    graph.save(
        path, [("picture", FLOAT, [1, 3, SIDE, SIDE])], [("answer", FLOAT, [1, 1, SIDE, SIDE])]
    )
    spec = manifest_for(path, 'kind = "probability"', width=size[0], height=size[1]).input
    session = plain_session(variants.fixed_size(path.read_bytes(), spec), path)
    value = np.full((1, 3, size[1], size[0]), 0.25, np.float32)
    (answer,) = session.run(None, {"picture": value})
    assert answer.shape == (1, 1, size[1], size[0])
    np.testing.assert_allclose(answer, 0.25, atol=1e-6)


def test_a_size_that_the_network_cannot_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sized.onnx"
    graph = Graph()
    graph.resize("picture", SIDE // 8, SIDE // 8, 3)
    graph.save(path, [("picture", FLOAT, [1, 3, SIDE, SIDE])], [("n0", FLOAT, [1, 3, 3, 3])])
    spec = manifest_for(path, 'kind = "probability"', width=25, height=24).input
    with pytest.raises(ConversionError, match="24x24 becomes 25x24 nowhere evenly"):
        variants.fixed_size(path.read_bytes(), spec)


def test_convert_takes_a_file_with_blocks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _network(tmp_path / "blocks.onnx")
    out = tmp_path / "float.onnx"
    assert cli.main(["convert", str(tmp_path / "blocks.onnx"), "-o", str(out)]) == 0
    assert "quantised in blocks" in capsys.readouterr().out
    assert out.read_bytes() == float_weights.unpacked(data)


def test_a_twin_is_installed_in_place_of_the_file_that_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path / "data"))
    twin = tmp_path / "blocks.onnx"
    data = _network(twin)
    shipped = folders.models_dir() / "pphumanseg.toml"
    manifest = load(shipped)
    assert manifest.source is not None and manifest.source.twins
    text = shipped.read_text(encoding="utf-8")
    text = text.replace(manifest.source.twins[0], hashlib.sha256(data).hexdigest())
    told = parse(shipped, text.replace("= 192", f"= {SIDE}"))
    monkeypatch.setattr(sample_check, "check", lambda _model: 0.9)
    assert install.install(told, [twin]) == 0.9
    model = open_model(told)
    assert model is not None
    other = tmp_path / "other.onnx"
    other.write_bytes(data + b"\0")
    with pytest.raises(Exception, match="is not the one that is needed"):
        install.install(told, [other])
