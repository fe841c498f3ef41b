"""Downloading files, with a verified SHA-256; interrupted downloads are resumed."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from io import FileIO
from pathlib import Path

from tqdm import tqdm

from vb_link import bounded, limits
from vb_worker.atomic import make_folder
from vb_worker.errors import UserError

_CHUNK = 1 << 18
_SECONDS = 30.0
_TRIES = 3


def fetch(url: str, path: Path, sha256: str, *, quiet: bool = False) -> None:
    """Download ``url`` to ``path`` unless it is there already.

    A partial download is kept in ``path`` with ``.part`` added, and resumed by the next call.
    Raises UserError, one sentence that says which file to put where.
    """
    if path.is_file() and _has_sum(path, sha256):
        return
    make_folder(path.parent)
    part = path.with_name(f"{path.name}.part")
    by_hand = f"Get it on another computer and put it to {path}, then run this again."
    for attempt in range(_TRIES):
        try:
            _download(url, part, quiet)
            break
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            # An HTTP error would only repeat; a broken connection is worth another try.
            final = isinstance(error, urllib.error.HTTPError) or attempt == _TRIES - 1
            if final or not (part.is_file() and part.stat().st_size):
                raise UserError(f"{url} could not be downloaded ({reason}). {by_hand}") from error
    if not _has_sum(part, sha256):
        part.unlink()
        raise UserError(f"What {url} gave is not the file that was asked for. {by_hand}")
    part.replace(path)


def _has_sum(path: Path, sha256: str) -> bool:
    try:
        return bounded.sha256(path, limits.MODEL_BYTES) == sha256
    except bounded.TooLargeError:
        return False


def _write(file: FileIO, chunk: bytes, part: Path) -> None:
    """Write all of ``chunk``. Raises UserError where the disk fails: another try would not help."""
    left = memoryview(chunk)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        raise UserError(
            f"{part} cannot be written ({error.strerror}); what was fetched so far is kept, and "
            "the next try goes on from there."
        ) from error


def _download(url: str, part: Path, quiet: bool) -> None:
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.urlopen(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            return  # the file is complete; its checksum decides
        raise
    with answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            have = 0  # the server does not resume: start over
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        with (
            part.open("ab" if have else "wb", buffering=0) as file,
            tqdm(
                total=total, initial=have, unit="B", unit_scale=True, desc=part.stem, disable=quiet
            ) as bar,
        ):
            while chunk := answer.read(_CHUNK):
                _write(file, chunk, part)
                if file.tell() > limits.MODEL_BYTES:
                    most = bounded.size_text(limits.MODEL_BYTES)
                    raise UserError(f"{url} is larger than {most}, more than any model here.")
                bar.update(len(chunk))
    if total is not None and part.stat().st_size < total:
        raise TimeoutError("the connection broke off")
