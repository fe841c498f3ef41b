"""What is converted answers as before, or nothing is written."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from tests.unit.worker.model_files import SHIPPED
from vb_link import folders
from vb_worker import cli
from vb_worker.convert import (
    checking,
    variants,
)
from vb_worker.convert.errors import ConversionError
from vb_worker.models import open_model, sample_check
from vb_worker.models.manifest_reader import load
from vb_worker.models.network import Network


def _run(data: bytes, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return list(session.run(None, feeds))


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
    fixed = ["convert", "selfie_square", "-o", str(tmp_path / "x.onnx"), "--input-size", "250x256"]
    capsys.readouterr()
    assert cli.main(fixed) == 1
    assert "256x256 becomes 250x256 nowhere evenly" in capsys.readouterr().err


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
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    own = tmp_path / "models"
    own.mkdir()
    for end in ("onnx", "toml"):
        text = (SHIPPED / f"selfie_square.{end}").read_bytes()
        (own / f"mine.{end}").write_bytes(text.replace(b"selfie_square", b"mine"))
    again = "mine.onnx"
    if sys.platform != "win32":  # which lets few users make links
        again = "again.onnx"
        (own / again).symlink_to("mine.onnx")
    network, told = tmp_path / "net.pth", tmp_path / "net.toml"
    network.write_bytes(b"weights")
    shutil.copy(own / "mine.toml", told)  # by hand, for want of another
    before = {path: path.read_bytes() for path in (*own.iterdir(), network, told)}
    for given, out, named in (
        (own / "mine.onnx", own / "mine.onnx", "mine.onnx"),
        (own / "mine.onnx", own / again, again),
        ("mine", own / "mine.onnx", "mine.onnx"),
        ("mine", own / again, again),
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


def test_differences_are_measured_and_bounded() -> None:
    found = checking.compare(lambda x: x, lambda x: x + 0.25, [np.array([0.0, 0.4, 1.0])])
    assert (found.largest, found.mean, found.span) == (0.25, 0.25, 1.0)
    assert found.overlap == 0.5
    with pytest.raises(ConversionError, match="not the same network"):
        checking.refuse_inexact(found)
    with pytest.raises(ConversionError, match="another person"):
        checking.refuse_worse(found)
    with pytest.raises(ConversionError, match="not a number"):
        checking.compare(lambda x: x, lambda x: x * np.nan, [np.ones(2)])
    with pytest.raises(ConversionError, match="shape"):
        checking.compare(lambda x: x, lambda x: x[:1], [np.ones(2)])
