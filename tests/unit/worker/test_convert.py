"""What is converted answers as before, or nothing is written."""

from __future__ import annotations

import io
import json
import pickle
import random
import shutil
import struct
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from tests import hostile_models
from tests.fuzz.mutate import damaged, misspelt
from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from vb_link import bounded, limits, places
from vb_worker import cli
from vb_worker.convert import (
    checking,
    from_espnetv2,
    from_tfjs,
    from_torchscript,
    torch_file,
    variants,
)
from vb_worker.convert.errors import ConversionError
from vb_worker.models import ModelError, open_model, sample_check
from vb_worker.models.manifest_reader import load
from vb_worker.models.network import Network

SHIPPED = places.models_dir()


def _run(data: bytes, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return list(session.run(None, feeds))


# -- the command


def test_half_is_half_as_large_and_finds_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "half.onnx"
    assert cli.main(["convert", "selfie_landscape", "-o", str(out), "--half"]) == 0
    told = capsys.readouterr().out
    assert "largest difference" in told and "overlap of masks" in told
    original = SHIPPED / "selfie_landscape.onnx"
    assert out.stat().st_size < 0.6 * original.stat().st_size
    model = open_model(load(out.with_suffix(".toml")))
    assert sample_check.check(model) > 0.9


@pytest.mark.parametrize("name", ["selfie_landscape", "selfie_square"])
def test_bytes_in_gives_the_very_same_mask(tmp_path: Path, name: str) -> None:
    out = tmp_path / "raw.onnx"
    command = ["convert", name, "-o", str(out), "--input", "uint8", "--anyway"]
    assert cli.main(command) == 0
    raw, shipped = (
        open_model(load(out.with_suffix(".toml"))),
        open_model(load(SHIPPED / f"{name}.toml")),
    )
    assert isinstance(raw, Network)
    (picture_input,) = raw.session.get_inputs()
    assert picture_input.type == "tensor(uint8)" and picture_input.shape[3] == 4
    for picture, _ in sample_check.views():
        np.testing.assert_allclose(raw(picture), shipped(picture), atol=1e-4)


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_folding_keeps_layout_colours_and_scale(tmp_path: Path, layout: str, colour: str) -> None:
    shape = [1, 6, 8, 3] if layout == "NHWC" else [1, 3, 6, 8]
    graph = Graph()
    graph.node("Identity", "picture", out="out")
    file = graph.save(tmp_path / "a.onnx", [("picture", FLOAT, shape)], [("out", FLOAT, shape)])
    manifest = manifest_for(
        file, 'kind = "class_scores"\nperson = 0', width=8, height=6, layout=layout
    )
    path = manifest.path
    text = path.read_text().replace('"RGB"', f'"{colour}"')
    text = text.replace("mean = [0.0, 0.0, 0.0]", "mean = [0.1, 0.2, 0.3]")
    path.write_text(text.replace("std = [1.0, 1.0, 1.0]", "std = [0.5, 0.6, 0.7]"))
    spec = load(path).input
    rgba = np.random.default_rng(1).integers(0, 256, (6, 8, 4), dtype=np.uint8)
    colours = rgba[..., :3] if colour == "RGB" else rgba[..., 2::-1]
    expected = (colours / 255 - spec.mean) / spec.std
    expected = expected[None] if layout == "NHWC" else expected.transpose(2, 0, 1)[None]
    raw, told = variants.raw_input(file.read_bytes(), spec)
    assert (told.dtype, told.colour, told.layout) == ("uint8", "RGBA", "NHWC")
    (answer,) = _run(raw, {"pixels": rgba[None]})
    np.testing.assert_allclose(answer, expected, atol=1e-4)
    folded, plain = variants.folded(file.read_bytes(), spec)
    feed = colours[None] if layout == "NHWC" else colours.transpose(2, 0, 1)[None]
    (answer,) = _run(folded, {"picture": feed.astype(np.float32)})
    np.testing.assert_allclose(answer, expected, atol=1e-4)
    assert (plain.scale, plain.mean, plain.std) == (1.0, (0.0,) * 3, (1.0,) * 3)


def test_bytes_in_can_resize_by_itself(tmp_path: Path) -> None:
    out = tmp_path / "wide.onnx"
    command = ["convert", "selfie_square", "-o", str(out), "--input", "uint8"]
    assert cli.main([*command, "--input-size", "320x180"]) == 0
    model = open_model(load(out.with_suffix(".toml")))
    assert model.input_size == (320, 180)
    assert sample_check.check(model) > 0.9


def test_a_size_is_set_where_it_is_free(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = Graph()
    channel = graph.weight(np.array([[[[60.0]], [[0.0]], [[-60.0]]]], np.float32))
    linear = graph.node("Conv", "picture", channel)
    graph.node("Sigmoid", linear, out="out")
    file = graph.save(
        tmp_path / "free.onnx", [("picture", FLOAT, [1, 3, "h", "w"])],
        [("out", FLOAT, [1, 1, "h", "w"])],
    )  # fmt: skip
    ranges = "width_range = [32, 512]\nheight_range = [32, 512]\nmultiple_of = 32"
    manifest_for(file, 'kind = "probability"', width=64, height=64, more=ranges, name="free")
    out = tmp_path / "fixed.onnx"
    assert cli.main(["convert", str(file), "-o", str(out), "--input-size", "160x96"]) == 0
    session = onnxruntime.InferenceSession(out.read_bytes(), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 3, 96, 160]
    assert open_model(load(out.with_suffix(".toml"))).input_size == (160, 96)
    fixed = ["convert", "selfie_square", "-o", str(tmp_path / "x.onnx"), "--input-size", "128x128"]
    capsys.readouterr()
    assert cli.main(fixed) == 1
    assert "one size only" in capsys.readouterr().err


def test_a_quantised_network_that_finds_another_person_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    shutil.copy(sample_check.PICTURE, pictures / "a.png")
    out = tmp_path / "int8.onnx"
    command = [
        "convert",
        "selfie_landscape",
        "-o",
        str(out),
        "--int8",
        "--calibrate",
        str(pictures),
    ]
    assert cli.main(command) == 1
    assert "nothing was written" in capsys.readouterr().err
    assert not out.exists() and not out.with_suffix(".toml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing", "-o", "x.onnx"], "neither a file nor a model's name"),
        (["selfie_square", "-o", "x.tflite"], "has to end in .onnx"),
        (["selfie_square", "-o", "x.onnx", "--int8"], "--calibrate"),
        (["grabcut", "-o", "x.onnx", "--half"], "is not installed"),
    ],
)
def test_wrong_calls_are_one_sentence(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["convert", *arguments]) in (1, 2)
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(places.DATA_VARIABLE, str(tmp_path))
    own = tmp_path / "models"
    own.mkdir()
    for end in ("onnx", "toml"):
        text = (SHIPPED / f"selfie_square.{end}").read_bytes()
        (own / f"mine.{end}").write_bytes(text.replace(b"selfie_square", b"mine"))
    (own / "again.onnx").symlink_to("mine.onnx")
    network, told = tmp_path / "net.pth", tmp_path / "net.toml"
    network.write_bytes(b"weights")
    shutil.copy(own / "mine.toml", told)  # by hand, for want of another
    before = {path: path.read_bytes() for path in (*own.iterdir(), network, told)}
    for given, out, named in (
        (own / "mine.onnx", own / "mine.onnx", "mine.onnx"),
        (own / "mine.onnx", own / "again.onnx", "again.onnx"),
        ("mine", own / "mine.onnx", "mine.onnx"),
        ("mine", own / "again.onnx", "again.onnx"),
        (network, told.with_suffix(".onnx"), "net.toml"),
    ):
        assert cli.main(["convert", str(given), "--half", "-o", str(out)]) == 2
        said = capsys.readouterr().err
        assert f"{named} is read from; choose another name for -o." in said
        assert said.count("\n") == 1
    assert {path: path.read_bytes() for path in before} == before
    assert not told.with_suffix(".onnx").exists()


def test_without_the_converters_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import builtins  # noqa: PLC0415 - only here
    import sys  # noqa: PLC0415 - only here

    real = builtins.__import__

    def lacking(name: str, *rest: Any, **more: Any) -> Any:
        if name == "onnx" or name.startswith("onnx."):
            raise ImportError("No module named 'onnx'", name="onnx")
        return real(name, *rest, **more)

    for name in [name for name in sys.modules if name.startswith("vb_worker.convert")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", lacking)
    out = tmp_path / "x.onnx"
    assert cli.main(["convert", "selfie_square", "-o", str(out), "--half"]) == 1
    told = capsys.readouterr().err
    assert "install.py --convert" in told and "onnx" in told


# -- files that are damaged, changed or not to be read


def _told(arguments: Sequence[object], capsys: pytest.CaptureFixture[str]) -> str:
    """Run the command, which fails, and return its one sentence."""
    assert cli.main([str(one) for one in arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("virtual-background: ") and said.count("\n") == 1, said
    return said


def _deep() -> bytes:
    return b'{"weightsManifest": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def _shipped() -> bytes:
    return (SHIPPED / "selfie_square.onnx").read_bytes()


def _strange_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("m/data.pkl", b"any")
    data = bytearray(target.getvalue())
    data[data.index(b"PK\x01\x02") + 6] = 255  # the version that is needed to read it
    return bytes(data)


@pytest.mark.parametrize("options", [[], ["--half"], ["--fold-normalization"]])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("garbage.onnx", lambda: b"GIF89a" * 100),
        ("empty.onnx", lambda: b""),
        ("truncated.onnx", lambda: _shipped()[:-1000]),
        ("elsewhere.onnx", hostile_models.weights_elsewhere),
        # Sound to the eye, but no texts and no tensors where they should be
        ("text.onnx", lambda: _shipped().replace(b"Conv", b"\xff\xfe\xfd\xfc")),
        ("tensor.onnx", hostile_models.short_tensor),
        ("garbage.tflite", lambda: b"GIF89a" * 100),
        ("empty.tflite", lambda: b""),
        ("garbage.json", lambda: b"GIF89a"),
        ("deep.json", _deep),
        ("other.json", lambda: b'{"weightsManifest": [], "modelTopology": {"node": [3]}}'),
        ("signed.json", lambda: b'{"weightsManifest": [], "signature": {"inputs": 3}}'),
        ("garbage.pth", lambda: b"PK\x03\x04" + b"GIF89a" * 100),
        ("empty.pt", lambda: b""),
        ("version.pt", _strange_zip),
    ],
)
def test_a_damaged_file_is_one_sentence(
    name: str,
    make: Callable[[], bytes],
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    path.write_bytes(make())
    shutil.copy(SHIPPED / "selfie_square.toml", path.with_suffix(".toml"))
    out = tmp_path / "out.onnx"
    _told(["convert", path, "-o", out, *options], capsys)
    assert not out.exists()


@pytest.mark.parametrize("name", ["a.onnx", "a.tflite", "a.json", "a.pth"])
def test_what_cannot_be_read_or_is_too_large_is_one_sentence(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    path.write_bytes(b"any" * 10)
    command = ["convert", path, "-o", tmp_path / "out.onnx"]
    with monkeypatch.context() as patch:
        patch.setattr(limits, "MODEL_BYTES", 20)
        assert f"{path} is too large" in _told(command, capsys)

    read = bounded.read

    def refuse(asked: Path, limit: int) -> bytes:
        if asked == path:
            raise PermissionError(13, "Permission denied", str(path))
        return read(asked, limit)

    monkeypatch.setattr(bounded, "read", refuse)
    assert f"{path} cannot be read: Permission denied." in _told(command, capsys)


@pytest.mark.parametrize(
    "command",
    [["convert", "mine", "--half", "-o", "out.onnx"],
     ["bench", "--model", "mine", "--precision", "float16", "--frames", "5"]],
    ids=["convert", "bench"],
)  # fmt: skip
@pytest.mark.parametrize("harm", ["changed", "reaching out"])
def test_an_installed_model_is_looked_through_before_it_is_converted(
    command: list[str],
    harm: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(places.DATA_VARIABLE, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "models"
    own.mkdir()
    hostile_models.put(own, "mine", hostile_models.weights_elsewhere())
    if harm == "changed":
        (own / "mine.onnx").write_bytes(hostile_models.harmless())
    said = _told(command, capsys)
    assert ("is not the one" if harm == "changed" else "keeps weights in another file") in said
    assert not (tmp_path / "out.onnx").exists()


def test_what_pytorch_exports_is_looked_through_before_it_is_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = np.zeros((1, 3, 64, 64), np.float32)

    def export(_network: Any, _arguments: Any, target: io.BytesIO, **_: Any) -> None:
        target.write(hostile_models.weights_elsewhere())

    torch: Any = ModuleType("torch")
    torch.rand = lambda *_, **__: picture
    torch.Generator = mock.MagicMock()
    torch.no_grad = mock.MagicMock()
    torch.jit = mock.MagicMock()
    torch.onnx = SimpleNamespace(export=export)
    monkeypatch.setitem(sys.modules, "torch", torch)
    with pytest.raises(ModelError) as caught:
        from_torchscript.convert(b"", (64, 64), check=True)
    assert caught.value.key == "ModelElsewhere"


# -- comparing


def test_differences_are_measured_and_bounded() -> None:
    found = checking.compare(lambda x: x, lambda x: x + 0.25, [np.array([0.0, 0.4, 1.0])])
    assert (found.largest, found.mean, found.span) == (0.25, 0.25, 1.0)
    assert found.overlap == 0.5
    with pytest.raises(ConversionError, match="not the same network"):
        checking.refuse_inexact(found)
    with pytest.raises(ConversionError, match="another person"):
        checking.refuse_worse(found)
    with pytest.raises(ConversionError, match="no number"):
        checking.compare(lambda x: x, lambda x: x * np.nan, [np.ones(2)])
    with pytest.raises(ConversionError, match="shape"):
        checking.compare(lambda x: x, lambda x: x[:1], [np.ones(2)])


# -- TensorFlow.js


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
    names = [one.name for one in session.get_outputs()]
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
    for place in ("secret.bin", "m/sub/a.bin", "m/a\nb"):
        (tmp_path / place).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / place).write_bytes(b"1234")
    path = tmp_path / "m" / "model.json"
    path.write_text(f'{{"weightsManifest": [{{"paths": ["{name}"], "weights": []}}]}}')
    command = ["convert", path, "-o", tmp_path / "out.onnx", "--no-check"]
    assert "which are not beside it" in _told(command, capsys)


def test_a_graph_models_weights_are_not_read_beyond_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.bin").write_bytes(b"1234" * 100)
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"weightsManifest": [{"paths": ["a.bin"] * 4, "weights": []}]}))
    command = ["convert", path, "-o", tmp_path / "out.onnx", "--no-check"]
    assert "not a TensorFlow.js graph model" in _told(command, capsys)
    monkeypatch.setattr(limits, "MODEL_BYTES", 1599)
    assert "are larger than 1 KiB" in _told(command, capsys)


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


# -- PyTorch's files


class _Storage:
    """Pickles as PyTorch's storages do: by a persistent id."""

    def __init__(self, key: str, values: NDArray[np.float32]) -> None:
        self.key, self.values = key, values


class _FloatStorage:
    pass


def _rebuild_tensor_v2(*_: Any) -> None:
    raise AssertionError("only its name is written")


class _Tensor:
    def __init__(self, storage: _Storage, size: tuple[int, ...]) -> None:
        self.storage, self.size = storage, size

    def __reduce__(self) -> Any:
        stride = tuple(int(np.prod(self.size[axis + 1 :])) for axis in range(len(self.size)))
        return _rebuild_tensor_v2, (self.storage, 0, self.size, stride, False, OrderedDict())


_PythonPickler: Any = pickle._Pickler


class _Pickler(_PythonPickler):  # type: ignore[misc]
    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return "storage", _FloatStorage, obj.key, "cpu", obj.values.size
        return None

    def save_global(self, obj: Any, name: str | None = None) -> None:
        names = {_rebuild_tensor_v2: "torch._utils\n_rebuild_tensor_v2\n",
                 _FloatStorage: "torch\nFloatStorage\n"}  # fmt: skip
        if obj in names:
            self.write(pickle.GLOBAL + names[obj].encode())
            self.memoize(obj)
            return
        super().save_global(obj, name)


_Pickler.dispatch = {**_PythonPickler.dispatch, type: _Pickler.save_global,
                     type(_rebuild_tensor_v2): _Pickler.save_global}  # fmt: skip


def _pickled(value: Any) -> bytes:
    target = io.BytesIO()
    _Pickler(target, 2).dump(value)
    return target.getvalue()


VALUES = np.arange(6, dtype=np.float32)


def _zip_file(path: Path) -> bytes:
    storage = _Storage("0", VALUES)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", _pickled({"module.w": _Tensor(storage, (2, 3))}))
        archive.writestr("m/data/0", VALUES.tobytes())
    return path.read_bytes()


def _legacy_file() -> bytes:
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    data = b"".join(pickle.dumps(part, 2) for part in parts)
    data += _pickled({"w": _Tensor(_Storage("0", VALUES), (2, 3))})
    return data + pickle.dumps(["0"], 2) + struct.pack("<q", VALUES.size) + VALUES.tobytes()


def test_both_of_pytorchs_containers_are_read(tmp_path: Path) -> None:
    for data in (_zip_file(tmp_path / "a.pth"), _legacy_file()):
        (name,) = weights = torch_file.read_weights(data)
        assert name == "w"
        np.testing.assert_array_equal(weights["w"], VALUES.reshape(2, 3))


def test_a_pickle_cannot_run_anything(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    begin: list[Any] = [0x1950A86A20F9469CFC6C, 1001, {}]
    data = b"".join(pickle.dumps(part, 2) for part in begin)
    with pytest.raises(ConversionError, match="not weights alone"):
        torch_file.read_weights(data + pickle.dumps({"w": Evil()}, 2))
    assert not (tmp_path / "ran").exists()
    for broken in (b"", b"PK\x03\x04", b"something else"):
        with pytest.raises(ConversionError):
            torch_file.read_weights(broken)


def test_a_damaged_pytorch_file_is_refused(tmp_path: Path) -> None:
    rng = random.Random(1)
    for data in (_zip_file(tmp_path / "a.pth"), _legacy_file()):
        for _ in range(200):
            with pytest.raises(ConversionError) as caught:
                from_espnetv2.convert(damaged(data, rng), "m", width=256, height=256)
            assert "\n" not in str(caught.value)


def test_other_weights_than_espnetv2s_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="lacks the weights"):
        from_espnetv2.convert(_zip_file(tmp_path / "a.pth"), "m", width=256, height=256)
    with pytest.raises(ConversionError, match="steps of 16"):
        from_espnetv2.convert(b"", "m", width=250, height=256)
