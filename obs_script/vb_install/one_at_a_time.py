"""Two set-ups never work in one data folder at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vb_install import files
from vb_install.system import InstallError

LOCK = "set-up.lock"  # in the data folder; the system lets it go when its holder ends


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the data folder's lock during the block. Raises InstallError if another has it."""
    path = folder / LOCK
    try:
        file = path.open("ab")
    except OSError as error:
        raise files.explain(error, path) from error
    with file:
        try:
            _lock(file)
        except OSError as error:
            raise InstallError(
                "Another set-up is under way: wait until it has ended, then run again.", "busy"
            ) from error
        yield


def _lock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        return
    import fcntl  # noqa: PLC0415

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
