"""Installing a model that has a manifest: download, verify, convert, try, move into place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from vb_link import folders
from vb_worker.atomic import make_folder, replacing
from vb_worker.catalogue import quarantine
from vb_worker.catalogue.sources import fetcher_of
from vb_worker.errors import ModelError, UserError
from vb_worker.models import sample_check
from vb_worker.models.kinds import open_model
from vb_worker.models.manifest import Manifest
from vb_worker.runtime import onnx_check

# Licences that allow any use and only require their text to be kept.
PERMISSIVE = frozenset({"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC"})


def downloads() -> Path:
    """Return the folder for downloads until the model is installed."""
    return folders.user_models_dir() / "downloads"


def terms(manifest: Manifest) -> str:
    """Return what the user must know about the licence before installing; "" if nothing."""
    if not manifest.commercial:
        return (
            f"{manifest.title} is under {manifest.licence}, which does NOT allow commercial use "
            "(streams that earn money included)."
        )
    if manifest.licence not in PERMISSIVE:
        return (
            f"{manifest.title} is under {manifest.licence}: you may use it commercially, but who "
            "passes it on must do so under the same licence."
        )
    return ""


def install(manifest: Manifest, files: Sequence[Path] = (), *, quiet: bool = False) -> float:
    """Install the model's file; return how well it finds the person in the test picture, 0..1.

    ``files``: the package, its members, or the model itself, if downloaded by hand. Raises
    UserError or ModelError, one sentence; nothing is then left half installed.
    """
    pieces = _given(manifest, files) if files else _fetched(manifest, quiet)
    data = _converted(manifest, pieces)
    path = folders.user_models_dir() / manifest.file
    make_folder(path.parent)
    digest = hashlib.sha256(data).hexdigest()
    if manifest.sha256 and digest != manifest.sha256:
        raise UserError(f"The file is not the {manifest.title} that its manifest names.")
    found = _tried(manifest, data, digest)
    with ExitStack() as both:  # both are written before either is renamed, the checksum first
        both.enter_context(replacing(path)).write_bytes(data)
        if not manifest.sha256:
            sum_file = both.enter_context(replacing(path.with_suffix(".sha256")))
            sum_file.write_text(f"{digest}\n", encoding="ascii")
    _clear_downloads(manifest)
    return found


def _tried(manifest: Manifest, data: bytes, digest: str) -> float:
    """Try the file in a temporary folder, so that a bad one is never among the models."""
    folder = downloads()
    make_folder(folder)
    path = folder / f"trying-{manifest.file}"
    try:
        path.write_bytes(data)
        tried = replace(manifest, path=folder / manifest.path.name, file=path.name, sha256=digest)
        try:
            quarantine.check_file(path)
            return sample_check.check(open_model(tried))
        except ModelError as error:
            # Report the path of the real manifest, not of its temporary copy.
            text = str(error).replace(str(tried.path), str(manifest.path))
            raise ModelError(text) from error
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        path.unlink(missing_ok=True)


def _fetched(manifest: Manifest, quiet: bool) -> list[bytes]:
    fetcher = fetcher_of(manifest.source, downloads())
    if fetcher is None:
        page = f" {manifest.source.page} says where its weights are;" if manifest.source else ""
        raise UserError(
            f"{manifest.title} cannot be fetched:{page} export them to ONNX and run "
            f"`virtual-background models install {manifest.name} --file FILE.onnx`."
        )
    return fetcher.fetch(quiet)


def _given(manifest: Manifest, files: Sequence[Path]) -> list[bytes]:
    for path in files:
        if not path.is_file():
            raise UserError(f"{path} does not exist.")
    source = manifest.source
    fetcher = fetcher_of(source, downloads())
    if fetcher is not None and len(files) == 1:
        unpacked = fetcher.unpack(files[0])
        if unpacked is not None:
            return unpacked
    data = [onnx_check.load(path) for path in files]
    if source is not None and source.sums:
        by_sum = {hashlib.sha256(weights).hexdigest(): weights for weights in data}
        if all(wanted in by_sum for wanted in source.sums):
            return [by_sum[wanted] for wanted in source.sums]
        if len(data) == 1 and set(source.twins) & by_sum.keys():
            return data
        names = ", ".join(source.files)
        raise UserError(f"The file is not the one that is needed for {manifest.name}: {names}.")
    return data


def _converted(manifest: Manifest, pieces: list[bytes]) -> bytes:
    source = manifest.source
    twin = source is not None and hashlib.sha256(pieces[0]).hexdigest() in source.twins
    if source is None or (source.convert == "none" and not twin):
        return pieces[0]
    try:
        # onnx and the readers of other formats are only needed here.
        from vb_worker.convert import onnx_files  # noqa: PLC0415
    except ImportError as error:
        raise UserError(
            f"{manifest.title} has to be converted, and {error.name} is not installed: run "
            "install.py --convert, or pip install obs-virtual-background[convert]."
        ) from error
    return onnx_files.from_source("onnx" if twin else source.convert, pieces, manifest)


def _clear_downloads(manifest: Manifest) -> None:
    fetcher = fetcher_of(manifest.source, downloads())
    if fetcher is not None:
        fetcher.path.unlink(missing_ok=True)
    folder = downloads()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
