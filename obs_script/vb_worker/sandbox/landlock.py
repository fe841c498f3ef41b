"""Restricting access to files and other processes (Landlock, Linux 5.13, linux/landlock.h).

A process in a Landlock domain cannot ptrace one outside it, nor do what needs the same permission,
such as reading ``/proc/PID/mem``. Only the calling thread and its later children are restricted, so
it has to be single-threaded. Paths that do not exist are left out.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38

_EXECUTE, _WRITE, _READ, _READ_FOLDER = 1, 1 << 1, 1 << 2, 1 << 3
_CHANGE_FOLDER = sum(1 << bit for bit in range(4, 13))  # create and remove entries
_MAKE_DEVICE = 1 << 11
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE
_READING = _EXECUTE | _READ | _READ_FOLDER
# The Landlock ABI version that introduced a right
_SINCE = {_REFER: 2, _TRUNCATE: 3}
_ABSTRACT_SOCKETS, _SIGNALS, _SCOPES_SINCE = 1, 2, 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64),
                ("scoped", ctypes.c_uint64))  # fmt: skip


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> str:
    """Let this process read only beneath ``readable`` and ``writable``, write only beneath the
    latter, and isolate it from other processes. Return "", or why that fails.
    """
    known = version()
    handled = _READING | _WRITE | _CHANGE_FOLDER
    handled |= sum(right for right, since in _SINCE.items() if known >= since)
    return _enter(handled, ((readable, _READING), (writable, handled & ~_EXECUTE)))


def keep_apart() -> str:
    """Let this process ptrace, and signal (``restricts_signals``), only itself and its children.

    Access to files is not restricted. Return "", or why that fails.
    """
    # Before scopes a ruleset had to handle at least one right: we never create device files.
    return _enter(0 if restricts_signals() else _MAKE_DEVICE, ())


def version() -> int:
    """Return the kernel's Landlock ABI version, 0 if it has none or it is disabled."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, _call(ctypes.CDLL(None), _CREATE, None, 0, _VERSION))


def restricts_signals() -> bool:
    """Return whether Landlock here blocks signals to other processes (Linux 6.12)."""
    return version() >= _SCOPES_SINCE


def _enter(handled: int, allowed: Iterable[tuple[Iterable[Path], int]]) -> str:
    obstacle = _obstacle()
    if obstacle:
        return obstacle
    libc = ctypes.CDLL(None, use_errno=True)
    scoped = _ABSTRACT_SOCKETS | _SIGNALS if restricts_signals() else 0
    attributes = _Ruleset(handled, 0, scoped)
    # Older kernels only know the first field.
    size = ctypes.sizeof(attributes) if scoped else 8
    rules = _call(libc, _CREATE, ctypes.byref(attributes), size, 0)
    if rules < 0:
        return f"Landlock: {os.strerror(ctypes.get_errno())}"
    try:
        for paths, rights in allowed:
            for path in paths:
                _allow(libc, rules, path, rights)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or _call(libc, _RESTRICT, rules, 0):
            return f"Landlock: {os.strerror(ctypes.get_errno())}"
    finally:
        os.close(rules)
    return ""


def _obstacle() -> str:
    if not sys.platform.startswith("linux"):
        return "this system has no Landlock"
    if not version():
        return "this system's kernel has no Landlock, or it is switched off"
    try:
        threads = len(list(Path("/proc/self/task").iterdir()))
    except OSError as error:
        return f"/proc cannot be read: {error.strerror}"
    return "other threads run already" if threads > 1 else ""


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if path.is_dir() else rights & _OF_FILES
        _call(libc, _ADD, rules, _PATH_BENEATH, ctypes.byref(_Beneath(allowed, descriptor)), 0)
    finally:
        os.close(descriptor)


def _call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    given = [
        ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments
    ]
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *given))
