"""Copies the product out of the checkout, so that OBS's script outlives the checkout."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from vb_install import files
from vb_install.system import InstallError

SOURCE = Path(__file__).resolve().parent.parent.parent
_PARTS = ("install.py", "LICENSE", "models", "obs_script")
_LEFT_OUT = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")


def is_current(app: Path) -> bool:
    """Return whether ``app`` holds exactly what would be copied there."""
    return app == SOURCE or _digest(app) == _digest(SOURCE)


def copy(app: Path) -> bool:
    """Put the product into ``app``; return whether anything had to be done.

    The new copy is complete before it takes the old one's place. Raises InstallError.
    """
    if is_current(app):
        return False
    missing = [part for part in _PARTS if not (SOURCE / part).exists()]
    if missing:
        raise InstallError(f"{SOURCE / missing[0]} is missing: get the product again, whole.")
    new, old = app.with_name("app.new"), app.with_name("app.old")
    try:
        app.parent.mkdir(parents=True, exist_ok=True)
        files.remove_tree(new)
        new.mkdir()
        for part in _PARTS:
            if (SOURCE / part).is_dir():
                shutil.copytree(
                    SOURCE / part, new / part, ignore=shutil.ignore_patterns(*_LEFT_OUT)
                )
            else:
                shutil.copy2(SOURCE / part, new / part)
        files.remove_tree(old)
        if app.exists():
            app.rename(old)
        try:
            new.rename(app)
        except OSError:
            if old.exists():
                old.rename(app)
            raise
    except shutil.Error as error:
        shutil.rmtree(new, ignore_errors=True)
        raise InstallError(f"{app} could not be written: {error.args[0][0][2]}.") from error
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        raise files.explain(error, app) from error
    files.remove_tree(old)
    return True


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in _files(root):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for part in _PARTS:
        top = root / part
        if top.is_file():
            yield top
        for folder, folders, names in os.walk(top):
            folders[:] = sorted(set(folders) - set(_LEFT_OUT))
            yield from (Path(folder) / name for name in sorted(names))
