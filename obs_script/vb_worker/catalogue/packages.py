"""Downloading a package with its registry's client (npm, pip) and extracting files from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vb_link import bounded, child, limits, whole_file
from vb_worker.atomic import make_folder
from vb_worker.errors import UserError, first_line
from vb_worker.models.manifest import RegistryPackage


def archive_name(source: RegistryPackage) -> str:
    """Return the registry's file name of the package's archive."""
    stem = source.package.lstrip("@").replace("/", "-")
    return f"{stem}-{source.version}.tgz" if source.registry == "npm" else f"{stem}.whl"


def get(source: RegistryPackage, folder: Path) -> Path:
    """Return the package's archive in ``folder``, downloaded by npm or pip unless it exists.

    Raises UserError, one sentence that says which file to put where.
    """
    path = folder / archive_name(source)
    if path.is_file():
        return path
    make_folder(folder)
    by_hand = (
        f"Get {source.package} {source.version} from {source.registry} on another computer, put "
        f"the archive to {path}, and run this again."
    )
    command = _command(source, by_hand)
    with _passing(folder) as inside:
        print(f"Fetching {source.package} {source.version} with {source.registry} ...", flush=True)
        done = subprocess.run(
            command,
            cwd=inside,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **child.UTF8_ENVIRONMENT},
            **child.TEXT,
            **child.QUIET,
        )
        archives = [path for path in inside.iterdir() if path.suffix in {".tgz", ".whl"}]
        if done.returncode or not archives:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            reason = lines[-1] if lines else f"status {done.returncode}"
            raise UserError(f"The package could not be fetched ({reason}). {by_hand}")
        archives[0].replace(path)
    return path


@contextmanager
def _passing(folder: Path) -> Iterator[Path]:
    """Yield a new folder in ``folder`` that is removed at the end. Raises UserError."""
    inside = whole_file.beside(folder / "package")  # says why it is no tempfile
    make_folder(inside)
    try:
        yield inside
    finally:
        shutil.rmtree(inside, ignore_errors=True)


def _command(source: RegistryPackage, by_hand: str) -> list[str]:
    if source.registry == "pypi":
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        return [*command, "--only-binary", ":all:", f"{source.package}=={source.version}"]
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(f"npm is not on this computer: install Node.js. Or: {by_hand}")
    return [npm, "pack", "--silent", "--ignore-scripts", f"{source.package}@{source.version}"]


def _refuse_large(archive: Path, name: str, size: int) -> None:
    if size > limits.MODEL_BYTES:
        most = bounded.size_text(limits.MODEL_BYTES)
        raise UserError(f"{name} in {archive} is larger than {most}, more than any model here.")


def members(archive: Path, names: tuple[str, ...]) -> list[bytes]:
    """Return files from an archive (.tgz, .whl, .zip). Raises UserError if one is missing."""
    try:
        if archive.suffix in {".whl", ".zip"}:
            with zipfile.ZipFile(archive) as zipped:
                for name in names:
                    _refuse_large(archive, name, zipped.getinfo(name).file_size)
                return [zipped.read(name) for name in names]
        found = []
        with tarfile.open(archive) as packed:
            for name in names:
                _refuse_large(archive, name, packed.getmember(name).size)
                member = packed.extractfile(name)
                if member is None:
                    raise KeyError(name)
                found.append(member.read())
        return found
    except KeyError as error:
        raise UserError(f"{archive} does not hold {error.args[0]}.") from error
    except UserError:
        raise
    except Exception as error:  # decompressors may raise anything on a damaged archive
        reason = first_line(error)
        raise UserError(f"{archive} cannot be read ({reason}); delete it and run again.") from error
