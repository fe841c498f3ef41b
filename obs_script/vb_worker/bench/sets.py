"""Sets of pictures and sequences whose true alpha is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vb_worker.errors import UserError
from vb_worker.offline.pictures import pictures_of, read_picture
from vb_worker.offline.video import SUFFIXES as VIDEOS
from vb_worker.offline.video import Source, upright

Alpha = NDArray[np.float32]
Truth = tuple[NDArray[np.uint8], Alpha]

RATE = 30.0  # frames per second, as of cameras, where the files do not say


@dataclass(frozen=True)
class Pair:
    """A picture and its ground truth, a mask of the same name."""

    picture: Path
    mask: Path

    def read(self) -> Truth:
        """Return picture (H x W x 3 uint8 RGB) and alpha (H x W float32). Raises UserError."""
        return _matched(read_picture(self.picture), read_picture(self.mask), self.mask)


@dataclass(frozen=True)
class FrameSequence:
    """Frames that follow each other, and their true alphas: each a folder of pictures or a video.

    The n-th alpha is that of the n-th frame, by name; grey, 255 is the person.
    """

    frames: Path
    alphas: Path

    @property
    def rate(self) -> float:
        """Return the frames per second."""
        if self.frames.is_dir():
            return RATE
        source = Source(self.frames)
        rate = float(source.video.average_rate or RATE)
        source.close()
        return rate

    def read(self) -> Iterator[Truth]:
        """Yield each frame (H x W x 3 uint8 RGB) and its alpha (H x W float32).

        Only one of each is in memory. Raises UserError, also where there are more of one.
        """
        for frame, alpha in zip_longest(_pictures(self.frames), _pictures(self.alphas)):
            if frame is None or alpha is None:
                fewer = self.alphas if alpha is None else self.frames
                raise UserError(f"{fewer} ends early: each frame needs its alpha.")
            yield _matched(frame, alpha, self.alphas)


def sequence_of(folder: Path) -> FrameSequence | None:
    """Return the sequence in ``folder``: its ``frames`` and ``alphas``; None if it has no frames.

    Raises UserError if it has frames and no alphas.
    """
    found = [_named(folder, name) for name in ("frames", "alphas")]
    if found[0] is None:
        return None
    if found[1] is None:
        raise UserError(f"{folder} has frames, but no alphas (a folder or a video of that name).")
    return FrameSequence(found[0], found[1])


def pairs_of(folder: Path) -> list[Pair]:
    """Return a set's pairs by name. Raises UserError if it is no set or lacks a mask."""
    for name in ("images", "masks"):
        if not (folder / name).is_dir():
            raise UserError(
                f"{folder} is no set: it needs a folder {name}, or frames and alphas of a sequence."
            )
    masks = {path.stem: path for path in pictures_of(folder / "masks")}
    pairs = []
    for picture in pictures_of(folder / "images"):
        if picture.stem not in masks:
            raise UserError(f"{picture} has no mask of its name in {folder / 'masks'}.")
        pairs.append(Pair(picture, masks[picture.stem]))
    return pairs


def _named(folder: Path, name: str) -> Path | None:
    """Return the folder called ``name`` in ``folder``, or the video; None if there is neither."""
    if (folder / name).is_dir():
        return folder / name
    videos = [folder / f"{name}{suffix}" for suffix in sorted(VIDEOS)]
    return next((video for video in videos if video.is_file()), None)


def _pictures(given: Path) -> Iterator[NDArray[np.uint8]]:
    if given.is_dir():
        yield from map(read_picture, pictures_of(given))
        return
    source = Source(given)
    try:
        # Sound is passed over.
        frames: Iterator[Any] = (piece for piece in source if isinstance(piece, av.VideoFrame))
        yield from map(upright, frames)
    finally:
        source.close()


def _matched(picture: NDArray[np.uint8], mask: NDArray[np.uint8], where: Path) -> Truth:
    truth = mask[..., 0]
    if truth.shape != picture.shape[:2]:
        raise UserError(
            f"{where} is {truth.shape[1]}x{truth.shape[0]} and its picture "
            f"{picture.shape[1]}x{picture.shape[0]}: they must have one size."
        )
    return picture, truth.astype(np.float32) / np.float32(255)
