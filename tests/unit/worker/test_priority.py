"""OBS's own threads come before the worker's, on every system."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from vb_worker.sandbox import priority

PACKAGES = str(Path(priority.__file__).resolve().parents[2])
_TELL = """
import ctypes, os, sys
def tell():
    if sys.platform != "win32":
        return os.nice(0)
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    return kernel32.GetPriorityClass(ctypes.c_void_p(kernel32.GetCurrentProcess()))
from vb_worker.sandbox import priority
before = tell()
priority.lower()
print(before, tell())
"""


def test_a_process_lowers_its_own_priority() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _TELL], env={**os.environ, "PYTHONPATH": PACKAGES},
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    before, after = map(int, told.split())
    assert after == (0x4000 if sys.platform == "win32" else min(before + 10, 19))


def test_windows_is_asked_for_a_class_below_normal(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int | None, int]] = []

    class GetCurrentProcess:
        restype: Any = None

        def __call__(self) -> int:
            assert self.restype is ctypes.c_void_p, "a handle would be cut to 32 bits"
            return 2**64 - 1

    kernel32 = types.SimpleNamespace(
        GetCurrentProcess=GetCurrentProcess(),
        SetPriorityClass=lambda process, kind: asked.append((process.value, kind)),
    )
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", lambda _name: kernel32, raising=False)
    priority.lower()
    assert asked == [(2**64 - 1, 0x4000)]
