"""Which x86-64 instruction sets the worker's packages need and this processor lacks.

Without this check the packages would die of SIGILL. Measured with QEMU's CPU models: numpy from
2.4 on needs x86-64-v2, older versions and all other locked packages need only SSE3.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import platform
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vb_link import texts

EXIT_STATUS = 78  # of a worker that finds one missing; EX_CONFIG in sysexits.h
CPUINFO = Path("/proc/cpuinfo")
# Windows before 10 2004 does not know the numbers from SSSE3 on and reports these sets as missing.
_WINDOWS_BUILD = 19041


@dataclass(frozen=True)
class _Set:
    """An instruction set and what Linux, Windows and macOS call it ("" or -1: unknown there).

    ``linux`` is a flag in /proc/cpuinfo, ``windows`` a number for IsProcessorFeaturePresent,
    ``macos`` a name below sysctl's hw.optional.
    """

    name: str
    linux: str
    windows: int
    macos: str


_V2 = (
    _Set("SSE3", "pni", 13, "sse3"),
    _Set("SSSE3", "ssse3", 36, "supplementalsse3"),
    _Set("SSE4.1", "sse4_1", 37, "sse4_1"),
    _Set("SSE4.2", "sse4_2", 38, "sse4_2"),
    _Set("POPCNT", "popcnt", -1, ""),
    _Set("CMPXCHG16B", "cx16", 14, ""),
    _Set("LAHF/SAHF", "lahf_lm", -1, ""),
)
_OLD_NUMPY = ("SSE3",)


def missing() -> list[str]:
    """Return the sets that the packages of this Python need and this processor lacks."""
    lacks = lacking()
    if lacks and _numpy() < (2, 4):
        return [name for name in lacks if name in _OLD_NUMPY]
    return lacks


def lacking() -> list[str]:
    """Return the sets of x86-64-v2 that this processor lacks, as far as the system knows."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return []
    if sys.platform == "win32":
        return [feature.name for feature in _V2 if not _windows_has(feature.windows)]
    if sys.platform == "darwin":
        return [feature.name for feature in _V2 if not _macos_has(feature.macos)]
    flags = _linux_flags()
    return [feature.name for feature in _V2 if flags and feature.linux not in flags]


def sentence(lacks: list[str]) -> str:
    """Return what is missing and what to do, in English."""
    return texts.say(texts.english("Doctor."), "Processor", sets=", ".join(lacks))


def _numpy() -> tuple[int, ...]:
    """Return the version of the numpy that would be imported; a recent one if unknown."""
    with suppress(importlib.metadata.PackageNotFoundError):
        numbers = re.match(r"(\d+)\.(\d+)", importlib.metadata.version("numpy"))
        if numbers:
            return int(numbers[1]), int(numbers[2])
    return (99,)


def _linux_flags() -> set[str]:
    with suppress(OSError):
        told = CPUINFO.read_text(encoding="ascii", errors="replace")
        flags = re.search(r"(?m)^flags\s*:(.*)$", told)
        if flags:
            return set(flags[1].split())
    return set()


def _windows_has(number: int) -> bool:
    if sys.platform != "win32" or number < 0:
        return True
    if number > 14 and sys.getwindowsversion().build < _WINDOWS_BUILD:
        return True
    return bool(ctypes.WinDLL("kernel32").IsProcessorFeaturePresent(number))


def _macos_has(name: str) -> bool:
    if not name:
        return True
    has, size = ctypes.c_int(1), ctypes.c_size_t(ctypes.sizeof(ctypes.c_int))
    with suppress(OSError, AttributeError):
        call = ctypes.CDLL("libSystem.dylib").sysctlbyname
        asked = f"hw.optional.{name}".encode()
        if call(asked, ctypes.byref(has), ctypes.byref(size), None, ctypes.c_size_t(0)) != 0:
            return True
    return bool(has.value)
