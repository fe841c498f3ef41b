"""A library that Windows took from elsewhere is named."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Iterator
from pathlib import Path

import onnxruntime
import pytest

from vb_worker.errors import ModelError
from vb_worker.runtime import loaded, session
from vb_worker.runtime.providers import CPU, ComputeUnit

PACKAGE = Path(onnxruntime.__file__).resolve().parent
FOREIGN = Path("C:/Windows/System32/onnxruntime.dll")


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    loaded.elsewhere.cache_clear()
    yield
    loaded.elsewhere.cache_clear()


def test_the_package_s_own_libraries_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded.elsewhere() == ()
    loaded.elsewhere.cache_clear()
    own = [PACKAGE / "capi" / "onnxruntime.dll", Path("C:/Windows/System32/kernel32.dll")]
    monkeypatch.setattr(loaded, "_libraries", lambda: own)
    assert loaded.elsewhere() == ()


def test_a_library_from_elsewhere_is_why_a_model_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vb_worker.runtime.onnx_check.check", lambda *_: None)
    unit = ComputeUnit("cpu", "CPU", CPU)
    with pytest.raises(ModelError, match="onnxruntime cannot load"):
        session.open_session(b"no model", tmp_path / "m.onnx", unit, 1)
    loaded.elsewhere.cache_clear()
    monkeypatch.setattr(loaded, "_libraries", lambda: [FOREIGN])
    with pytest.raises(ModelError, match=r"Windows has loaded .*System32.onnxruntime\.dll in pl"):
        session.open_session(b"no model", tmp_path / "m.onnx", unit, 1)


@pytest.mark.windows("its loader alone looks in System32")
def test_windows_tells_what_it_has_loaded(tmp_path: Path) -> None:
    copy = Path(shutil.copy(PACKAGE / "capi" / "onnxruntime_providers_shared.dll", tmp_path))
    ctypes.CDLL(str(copy))
    assert loaded.elsewhere() == (str(copy),)
