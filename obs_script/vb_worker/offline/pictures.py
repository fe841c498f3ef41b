"""Reading and writing still pictures.

All formats become 8-bit RGB as a viewer shows it: EXIF orientation is applied (a mask has the size
of the upright picture), 16-bit values are reduced to 8 bits, grey becomes RGB, and an alpha channel
is dropped (the colours under it are used as they are).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_link import bounded, limits, picture_size
from vb_worker.atomic import replacing
from vb_worker.errors import UserError

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
_STDERR = 2  # the file descriptor that C libraries write to


def pictures_of(given: Path) -> list[Path]:
    """Return ``given`` itself, or the pictures in it, by name, if it is a folder.

    Raises UserError if it is not there or holds no picture.
    """
    return files_of(given, SUFFIXES, "pictures")


def files_of(given: Path, suffixes: frozenset[str], kind: str) -> list[Path]:
    """Return ``given`` itself, or the files of these suffixes in it, by name, if it is a folder.

    Hidden ones are left out. Raises UserError if it is not there or holds none.
    """
    try:
        if not given.is_dir():
            if not given.exists():
                raise UserError(f"{given} does not exist.")
            return [given]
        inside = sorted(path for path in given.iterdir() if path.suffix.lower() in suffixes)
    except OSError as error:
        raise UserError(f"{given} cannot be read: {error.strerror}.") from error
    found = [path for path in inside if not path.name.startswith(".") and path.is_file()]
    if not found:
        raise UserError(f"The folder {given} holds no {kind} ({', '.join(sorted(suffixes))}).")
    return found


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return the picture as H x W x 3 uint8 RGB. Raises UserError, one sentence."""
    try:
        data = bounded.read(path, limits.PICTURE_BYTES)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    # OpenCV's other formats are not used for photographs, and their decoders are less tested.
    size = picture_size.size_of(data)
    if size is not None and size[0] * size[1] > limits.PICTURE_PIXELS:
        most = limits.PICTURE_PIXELS // 1_000_000
        raise UserError(f"{path} has more than {most} million pixels: make it smaller first.")
    picture = None
    if size is not None:
        with _silent_decoders():
            try:
                picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
            except (cv2.error, MemoryError):
                picture = None
    if picture is None:
        raise UserError(f"{path} is not a picture that can be read, or it is damaged.")
    return np.asarray(picture, np.uint8)


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write an 8-bit PNG (H x W, or H x W x 3 RGB), atomically. Raises UserError."""
    pixels = picture if picture.ndim == 2 else picture[..., ::-1]
    done, data = cv2.imencode(".png", pixels)
    if not done:
        raise UserError(f"{path} cannot be written as PNG.")
    with replacing(path) as temporary:
        temporary.write_bytes(data.tobytes())


@contextmanager
def _silent_decoders() -> Iterator[None]:
    """Hide what libpng and others print about a damaged file.

    They write to stderr natively, so its file descriptor has to be redirected.
    """
    try:
        kept = os.dup(_STDERR)
    except OSError:  # the process has no stderr
        yield
        return
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
