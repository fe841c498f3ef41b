"""Resident memory of this process, on Linux, Windows and macOS."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path


class _Counters(ctypes.Structure):
    """Windows' PROCESS_MEMORY_COUNTERS."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("page_faults", ctypes.c_uint32),
        ("peak_working_set", ctypes.c_size_t),
        ("working_set", ctypes.c_size_t),
        ("quotas", ctypes.c_size_t * 4),
        ("pagefile", ctypes.c_size_t),
        ("peak_pagefile", ctypes.c_size_t),
    )


class _TaskInfo(ctypes.Structure):
    """macOS' proc_taskinfo."""

    _fields_ = (
        ("virtual", ctypes.c_uint64),
        ("resident", ctypes.c_uint64),
        ("times", ctypes.c_uint64 * 4),
        ("counts", ctypes.c_int32 * 12),
    )


_PROC_PIDTASKINFO = 4


def resident_bytes() -> int | None:
    """Return this process's resident memory in bytes, or None where that is unknown."""
    try:
        if sys.platform == "win32":
            return _windows()
        if sys.platform == "darwin":
            return _macos()
        return _linux()
    except (OSError, ValueError, AttributeError):
        return None


def _linux() -> int | None:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return None


def _windows() -> int | None:
    kernel32 = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel32.GetCurrentProcess())
    counters = _Counters(size=ctypes.sizeof(_Counters))
    done = kernel32.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.size)
    return int(counters.working_set) if done else None


def _macos() -> int | None:
    info, size = _TaskInfo(), ctypes.sizeof(_TaskInfo)
    call = ctypes.CDLL("libSystem.dylib").proc_pidinfo
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_int)
    filled = call(os.getpid(), _PROC_PIDTASKINFO, 0, ctypes.byref(info), size)
    return int(info.resident) if filled == size else None
