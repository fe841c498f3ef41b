"""Reads files that may turn out to be anything: a device, a pipe, a folder, terabytes."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

_CHUNK = 1 << 18


class TooLargeError(OSError):
    """The file exceeds the limit; ``strerror`` says so."""


def read(path: Path, limit: int) -> bytes:
    """Return a regular file's bytes.

    Raises OSError with a ``strerror`` fit for users: FileNotFoundError, TooLargeError beyond
    ``limit`` bytes, and if it is no regular file (opening one never blocks).
    """
    descriptor = _opened(path)
    try:
        size = os.fstat(descriptor).st_size
        if size <= limit:
            # As many bytes as are asked for are allocated first: never the limit for a small file.
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                parts = [file.read(size)]
                left = limit + 1 - len(parts[0])  # it may have grown since
                while left and (more := file.read(min(left, _CHUNK))):
                    parts.append(more)
                    left -= len(more)
            if left:
                return b"".join(parts) if len(parts) > 1 else parts[0]
    finally:
        os.close(descriptor)
    raise TooLargeError(0, f"it is larger than {size_text(limit)}")


def sha256(path: Path, limit: int) -> str:
    """Return a regular file's SHA-256 in hexadecimal, read in chunks. Raises as ``read``."""
    digest = hashlib.sha256()
    with os.fdopen(_opened(path), "rb") as file:
        if os.fstat(file.fileno()).st_size <= limit:
            left = limit + 1  # it may have grown since
            while data := file.read(min(left, _CHUNK)):
                digest.update(data)
                left -= len(data)
            if left:
                return digest.hexdigest()
    raise TooLargeError(0, f"it is larger than {size_text(limit)}")


def _opened(path: Path) -> int:
    # Opening a pipe would block until it has a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except ValueError as error:  # a NUL in the name
        raise OSError(0, "its name cannot be that of a file") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no ordinary file")
    return descriptor


def head(path: Path, count: int) -> tuple[bytes, int]:
    """Return a regular file's first ``count`` bytes and its size in bytes. Raises OSError."""
    descriptor = _opened(path)
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(count), os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def size_text(size: int) -> str:
    """Return a number of bytes in human-readable form."""
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} bytes"
