"""Converting files that are damaged, changed or not to be read."""

from __future__ import annotations

import io
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest

from tests import hostile_models
from tests.unit.worker.command import told
from tests.unit.worker.model_files import SHIPPED
from vb_link import bounded, folders, limits
from vb_worker.convert import (
    from_torchscript,
)
from vb_worker.models import ModelError


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
    told(["convert", path, "-o", out, *options], capsys)
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
        assert f"{path} is too large" in told(command, capsys)

    read = bounded.read

    def refuse(asked: Path, limit: int) -> bytes:
        if asked == path:
            raise PermissionError(13, "Permission denied", str(path))
        return read(asked, limit)

    monkeypatch.setattr(bounded, "read", refuse)
    assert f"{path} cannot be read: Permission denied." in told(command, capsys)


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
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "models"
    own.mkdir()
    hostile_models.put(own, "mine", hostile_models.weights_elsewhere())
    if harm == "changed":
        (own / "mine.onnx").write_bytes(hostile_models.harmless())
    said = told(command, capsys)
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
