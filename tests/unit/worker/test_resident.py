"""The memory that a process has is told on every system."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import types
from typing import Any

import pytest

from vb_worker.bench import resident

SIZE = 64 << 20


def test_what_is_filled_is_counted() -> None:
    before = resident.resident_bytes()
    # Not the allocator's: it may still have what was freed before.
    with mmap.mmap(-1, SIZE) as block:
        block.write(b"1" * SIZE)
        after = resident.resident_bytes()
    assert before is not None and after is not None
    assert 0.5 * SIZE < after - before < 2.5 * SIZE


def test_the_structures_are_as_large_as_the_systems_have_them() -> None:
    assert ctypes.sizeof(resident._Counters) == 72
    assert resident._Counters.working_set.offset == 16
    assert ctypes.sizeof(resident._TaskInfo) == 96


@pytest.mark.parametrize("done", [True, False])
def test_windows_is_asked_for_the_working_set(done: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(process: Any, counters: Any, size: int) -> int:
        assert process.value == 2**64 - 1 and size == 72
        counters._obj.working_set = 123 << 20
        return int(done)

    kernel32 = types.SimpleNamespace(
        GetCurrentProcess=_Function(lambda: 2**64 - 1), K32GetProcessMemoryInfo=ask
    )
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", lambda _name: kernel32, raising=False)
    assert resident.resident_bytes() == (123 << 20 if done else None)


@pytest.mark.parametrize("filled", [96, 0])
def test_macos_is_asked_for_the_task(filled: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(pid: int, flavour: int, argument: int, info: Any, size: int) -> int:
        assert (pid, flavour, argument, size) == (os.getpid(), 4, 0, 96)
        info._obj.resident = 45 << 20
        return filled

    library = types.SimpleNamespace(proc_pidinfo=_Function(ask))
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    assert resident.resident_bytes() == (45 << 20 if filled else None)


class _Function:
    """A function of a library, which can be told its types."""

    def __init__(self, call: Any) -> None:
        self.call = call

    def __call__(self, *arguments: Any) -> Any:
        return self.call(*arguments)
