"""Changes files atomically: a crash, a full disk or a power cut leaves the old or the new one."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from vb_install.system import InstallError
from vb_link import whole_file

_IN_USE = (32, 33)  # Windows' sharing and lock violations, whose errno is EACCES


def explain(error: OSError, path: Path) -> InstallError:
    """Return the InstallError, with a sentence for the user, for an OSError about a file."""
    if error.errno == errno.ENOSPC:
        return InstallError(
            f"The disk that holds {path} is full: free some space and run again.", "disk"
        )
    if getattr(error, "winerror", None) in _IN_USE:
        return InstallError(
            f"{path} is in use by another program: close OBS and what else may have it open, and "
            "run again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InstallError(
            f"{path} may not be changed ({error.strerror}): "
            "give your user the right to write there and run again.",
            "permission",
        )
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return InstallError(
            f"{path} cannot be used, as a file is where a folder has to be: "
            "move that file away and run again."
        )
    return InstallError(f"{path} could not be changed ({error}): mend that and run again.")


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's content, keeping its permissions; follows a symbolic link.

    Raises InstallError, with the old file untouched and nothing left beside it.
    """
    path = path.resolve()
    try:
        whole_file.write(path, data)
    except OSError as error:
        raise explain(error, path) from error


def remove(path: Path) -> bool:
    """Delete a file, a link or a folder with its content; return whether there was one.

    Raises InstallError.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()
        else:
            return False
    except OSError as error:
        raise explain(error, path) from error
    return True
