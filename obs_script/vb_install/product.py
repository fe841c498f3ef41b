"""Copies the product from the checkout or the wheel, so that OBS's script does not depend on it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from vb_install import files
from vb_install.system import InstallError
from vb_link import folders

SOURCE = folders.PACKAGES.parent
_PARTS = ("install.py", "LICENSE", "models", "obs_script")
_LEFT_OUT = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
# Where a wheel has the files that are beside obs_script in a checkout, and those in obs_script.
_SHIPPED = Path("vb_install", "shipped")
_SHIPPED_MODELS = Path("vb_worker", "shipped_models")
_IN_WHEEL = ("vb_demo", "vb_doctor", "vb_filter", "vb_install", "vb_link", "vb_script", "vb_worker")


def is_current(app: Path) -> bool:
    """Return whether ``app`` holds exactly the files that would be copied there."""
    if app == SOURCE:
        return True
    try:
        installed = _digest(_in_folder(app))
    except InstallError:  # a new copy fixes that, or reports what is wrong
        return False
    return installed == _digest(_source())


def copy(app: Path) -> bool:
    """Copy the product to ``app``; return whether anything had to be done.

    The new copy is complete before it replaces the old one. Raises InstallError.
    """
    if is_current(app):
        return False
    source = _source()
    for part in _PARTS:
        if not any(name == part or name.startswith(f"{part}/") for name in source):
            raise InstallError(f"{SOURCE / part} is missing: get the product again, whole.")
    new, old = app.with_name("app.new"), app.with_name("app.old")
    try:
        app.parent.mkdir(parents=True, exist_ok=True)
        files.remove(new)
        for name, path in source.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            _copy_content(path, new / name)
        files.remove(old)
        if app.exists():
            app.rename(old)
        try:
            new.rename(app)
        except OSError:
            if old.exists():
                old.rename(app)
            raise
    except (OSError, InstallError) as error:
        shutil.rmtree(new, ignore_errors=True)
        if isinstance(error, InstallError):
            raise
        raise files.explain(error, app) from error
    files.remove(old)
    return True


def _copy_content(path: Path, target: Path) -> None:
    """Copy a file's content and permissions.

    Its other metadata is left out: the mark of the web (Windows) or the quarantine flag (macOS) of
    a download would only hinder OBS and Python.
    """
    target.write_bytes(_read(path))
    shutil.copymode(path, target)


def _read(path: Path) -> bytes:
    """Return a file of the product. Raises InstallError: in OneDrive it may be a placeholder."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InstallError(
            f"{path} cannot be read ({error.strerror or error}): unpack the product again, whole, "
            "into a folder of this computer, and run install.py there."
        ) from error


def _source() -> dict[str, Path]:
    """Return the product's files by their paths in a checkout, also if run from a wheel."""
    packages = folders.PACKAGES
    return _in_wheel(packages) if (packages / _SHIPPED).is_dir() else _in_folder(SOURCE)


def _in_folder(root: Path) -> dict[str, Path]:
    found = {}
    for part in _PARTS:
        for path in _files(root / part):
            found[path.relative_to(root).as_posix()] = path
    return found


def _in_wheel(packages: Path) -> dict[str, Path]:
    found = {}
    shipped, models = packages / _SHIPPED, packages / _SHIPPED_MODELS
    for path in _files(shipped):
        found[path.relative_to(shipped).as_posix()] = path
    for path in _files(models):
        found[f"models/{path.relative_to(models).as_posix()}"] = path
    for path in (path for name in _IN_WHEEL for path in _files(packages / name)):
        if shipped not in path.parents and models not in path.parents:
            found[f"obs_script/{path.relative_to(packages).as_posix()}"] = path
    return found


def _digest(product: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, path in sorted(product.items()):
        body = _read(path)
        digest.update(f"{name}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()


def _files(top: Path) -> Iterator[Path]:
    if top.is_file():
        yield top
    for folder, inner, names in os.walk(top):
        inner[:] = sorted(set(inner) - set(_LEFT_OUT))
        yield from (Path(folder) / name for name in sorted(names))
