"""Writes a file atomically: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

# On Windows a file is otherwise opened as text, and handed on to child processes.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NEW |= getattr(os, "O_NOINHERIT", 0)


def beside(path: Path) -> Path:
    """Return the path of a hidden file beside ``path`` that is not there yet.

    The module ``tempfile`` has no place here: in a folder that may not be written it tries one name
    after another on Windows, for hours.
    """
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")


def write(path: Path, body: bytes) -> None:
    """Replace a file's content, keeping its permissions; only the user can read a new file.

    Raises OSError, with the old file untouched and nothing left beside it.
    """
    new = beside(path)
    descriptor = os.open(new, _NEW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
