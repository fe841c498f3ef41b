"""The product's data folder for an OBS: no one else's files in it are ever replaced or removed.

The usual folder has the product's name and belongs to nothing else. One that the user names in
``OBS_VIRTUAL_BACKGROUND_DATA`` may be any folder, so it gets a marker file when it is set up.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from vb_doctor import report
from vb_install import files, one_at_a_time, recommended
from vb_install.system import InstallError, System
from vb_link import folders

MARK = "obs-virtual-background.txt"
_MARK_TEXT = (
    "This folder belongs to the virtual background for OBS Studio.\n"
    "`install.py --uninstall` takes the product out of it.\n"
)
_SCRIPT = Path("app", "obs_script", "virtual_background.py")  # older versions left no marker
# Entries that also exist without an installation, or stay after one.
_LEFT = ("backups", "models", folders.HOTKEYS, folders.OBS_PYTHON, report.NAME, "state")
_INSTALLED = ("app", "app.new", "app.old", "venv", folders.UNFINISHED, one_at_a_time.LOCK, "demo",
              "demo-venv", "pip", "logs")  # fmt: skip
_KEPT = ("backups", "models")
_WINDOWS_PATH = 259  # characters, unless long paths are enabled
_LONGEST_INSIDE = 150  # characters of a path in the worker's environment: 125 below site-packages


def claim(system: System, folder: Path) -> None:
    """Create the folder and mark it as the product's. Raises InstallError as :func:`check`."""
    check(system, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.explain(error, folder) from error
    if not (folder / MARK).is_file():
        files.write_atomically(folder / MARK, _MARK_TEXT.encode())


def check(system: System, folder: Path) -> None:
    """Raise InstallError if the folder has files of others or its path is too long."""
    if system.name == "win32" and not system.takes_long_paths():
        most = _WINDOWS_PATH - _LONGEST_INSIDE
        if len(str(folder)) > most:
            raise InstallError(
                f"{folder} is too long for Windows ({len(str(folder))} letters, {most} at most): "
                f"let {folders.DATA_VARIABLE} name a shorter folder and run again."
            )
    if _is_ours(system, folder):
        return
    others = [name for name in _names(folder) if name not in _LEFT and not name.startswith(".")]
    if others:
        raise InstallError(
            f"{folder} holds what install.py did not make ({', '.join(others[:3])}): let "
            f"{folders.DATA_VARIABLE} name an empty folder, or unset it, and run again."
        )


def to_remove(system: System, folder: Path, *, purge: bool) -> list[Path]:
    """Return what ``--uninstall`` removes from the folder; with ``purge`` all that we ever made.

    Raises InstallError if there is any, but the folder is not the product's.
    """
    known = {*_INSTALLED, *_LEFT}
    if not purge:
        known -= set(_KEPT)
    found = [folder / name for name in _names(folder) if name in known]
    if not purge:
        found += [path for path in recommended.files(folder) if path.exists()]
    if found and not _is_ours(system, folder):
        raise InstallError(
            f"{folder} was not set up by install.py and stays as it is: let "
            f"{folders.DATA_VARIABLE} name the right folder, or unset it, and run again."
        )
    return found


def let_go(folder: Path) -> list[str]:
    """Remove the folder if only the marker is left in it; return the names of all else in it.

    An empty folder of models goes in any case. Raises InstallError.
    """
    with contextlib.suppress(OSError):
        (folder / "models").rmdir()
    left = [name for name in _names(folder) if name != MARK]
    if not left and folder.is_dir():
        files.remove(folder / MARK)
        try:
            folder.rmdir()
        except OSError as error:
            raise files.explain(error, folder) from error
    return left


def _is_ours(system: System, folder: Path) -> bool:
    named = folder == system.data and system.environment.get(folders.DATA_VARIABLE)
    return not named or (folder / MARK).is_file() or (folder / _SCRIPT).is_file()


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise files.explain(error, folder) from error
