"""Backgrounds for the person in a video.

``behind(frame, alpha, seconds)`` is called for each frame, with the frame (H x W x 3 uint8 RGB),
the person's alpha (H x W float32, 0..1) and the time since the video's start; it returns
H x W x 3 uint8 RGB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.errors import UsageError, UserError
from vb_worker.models.prepare import resize
from vb_worker.offline.pictures import SUFFIXES, read_picture
from vb_worker.offline.video import open_input, sentence, upright

TRANSPARENT = "transparent"
LARGEST_BLUR = 400.0
SHORTEST_FRAME = 1e-3  # seconds
SAME_TIME = 1e-6  # seconds; sums of frame times are not exact
# The person's weight in the blurred room: visible only where no room is near, where there would be
# no colour at all (the same as in vb_filter/passes.lua).
LEAST_SHARE = 1 / 512
MEAN_SHARE = 1e-6
MOST_SIGMA = 4.0  # of a blur in pixels; wider ones are made smaller

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_BLUR = re.compile(r"blur:(\d+(?:\.\d+)?)")


class Background(Protocol):
    """Something to put behind the person."""

    def behind(
        self, frame: NDArray[np.uint8], alpha: NDArray[np.float32], seconds: float
    ) -> NDArray[np.uint8]:
        """Return the picture for one frame: H x W x 3 uint8 RGB."""


def open_background(text: str) -> Background | None:
    """Return the background that ``text`` names; None is a transparent one.

    Raises UsageError for an unknown name, UserError for a file that cannot be used.
    """
    if text == TRANSPARENT:
        return None
    if _COLOUR.fullmatch(text):
        return Colour(bytes.fromhex(text[1:]))
    blur = _BLUR.fullmatch(text)
    if blur:
        strength = float(blur[1])
        if not 0 < strength <= LARGEST_BLUR:
            raise UsageError(f"blur:{blur[1]} is not between blur:1 and blur:{LARGEST_BLUR:.0f}.")
        return Blur(strength)
    path = Path(text)
    if not path.is_file():
        raise UsageError(
            f"The background {text!r} is neither a file nor #rrggbb, blur:N or {TRANSPARENT}."
        )
    return Picture(path) if path.suffix.lower() in SUFFIXES else LoopedVideo(path)


class Colour:
    """A plain colour."""

    def __init__(self, rgb: bytes) -> None:
        self._rgb = np.frombuffer(rgb, np.uint8)
        self._filled: NDArray[np.uint8] | None = None

    def behind(
        self, frame: NDArray[np.uint8], alpha: NDArray[np.float32], seconds: float
    ) -> NDArray[np.uint8]:
        """Return the colour, frame-sized."""
        if self._filled is None or self._filled.shape != frame.shape:
            self._filled = np.ascontiguousarray(np.broadcast_to(self._rgb, frame.shape))
        return self._filled


class Blur:
    """The frame's own room, blurred; ``sigma`` in pixels of the frame."""

    def __init__(self, sigma: float) -> None:
        self._sigma = sigma

    def behind(
        self, frame: NDArray[np.uint8], alpha: NDArray[np.float32], seconds: float
    ) -> NDArray[np.uint8]:
        """Return the blurred room, without the person wherever any room is near."""
        return weighted_blur(frame, room_weight(alpha), self._sigma)


class Picture:
    """A still picture scaled to cover the frame, cropped if the aspect ratio differs."""

    def __init__(self, path: Path) -> None:
        self._original = read_picture(path)
        self._fitted: NDArray[np.uint8] | None = None

    def behind(
        self, frame: NDArray[np.uint8], alpha: NDArray[np.float32], seconds: float
    ) -> NDArray[np.uint8]:
        """Return the picture, frame-sized."""
        if self._fitted is None or self._fitted.shape != frame.shape:
            self._fitted = cover(self._original, frame.shape[1], frame.shape[0])
        return self._fitted


class LoopedVideo:
    """A looped video scaled to cover the frame, synchronised with the frame's time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames = self._endless()
        self._shown: Any = None
        self._next: tuple[float, Any] = next(self._frames)
        self._fitted: NDArray[np.uint8] | None = None

    def behind(
        self, frame: NDArray[np.uint8], alpha: NDArray[np.float32], seconds: float
    ) -> NDArray[np.uint8]:
        """Return the picture for ``seconds``, frame-sized; ``seconds`` must not decrease."""
        changed = self._shown is None
        while self._next[0] <= seconds + SAME_TIME or self._shown is None:
            self._shown = self._next[1]
            self._next = next(self._frames)
            changed = True
        if changed or self._fitted is None or self._fitted.shape != frame.shape:
            self._fitted = cover(upright(self._shown), frame.shape[1], frame.shape[0])
        return self._fitted

    def _endless(self) -> Iterator[tuple[float, Any]]:
        """Yield (seconds, decoded frame) in an endless loop."""
        begin = 0.0
        while True:
            container = open_input(self._path)
            stream = container.streams.video[0]
            step = max(float(1 / (stream.average_rate or 30)), SHORTEST_FRAME)
            first, last = None, None
            try:
                for frame in container.decode(stream):
                    time = frame.time if frame.time is not None else (last or 0.0) + step
                    first = time if first is None else first
                    last = time
                    yield begin + time - first, frame
            except av.error.FFmpegError as error:
                raise UserError(f"{self._path} cannot be read: {sentence(error)}.") from error
            finally:
                container.close()
            if first is None or last is None:
                raise UserError(f"{self._path} holds no picture that can be decoded.")
            # In a damaged file timestamps may decrease; ours must increase.
            begin += max(last - first, 0.0) + step


def cover(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return ``picture`` scaled to cover ``height`` x ``width``, aspect kept, centre crop."""
    tall, wide = picture.shape[:2]
    scale = max(width / wide, height / tall)
    cut_wide = min(wide, max(1, round(width / scale)))
    cut_tall = min(tall, max(1, round(height / scale)))
    left, top = (wide - cut_wide) // 2, (tall - cut_tall) // 2
    return resize(picture[top : top + cut_tall, left : left + cut_wide], width, height)


def room_weight(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each pixel's weight in a blur of the room; ``alpha`` is the person's."""
    return np.asarray(1.0 + LEAST_SHARE - alpha, np.float32)


def weighted_blur(
    frame: NDArray[np.uint8], weight: NDArray[np.float32], sigma: float
) -> NDArray[np.uint8]:
    """Return ``frame`` blurred by a weighted Gaussian (normalised convolution).

    ``frame`` H x W x 3 uint8, ``weight`` H x W float32, ``sigma`` in pixels. Where nothing near
    has weight the result is the weighted mean of the frame.
    """
    height, width = frame.shape[:2]
    small = np.rint(small_weighted_blur(frame, weight, sigma)).astype(np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def small_weighted_blur(
    frame: NDArray[np.uint8], weight: NDArray[np.float32], sigma: float
) -> NDArray[np.float32]:
    """Return what ``weighted_blur`` enlarges: height x width x 3 float32, 0..255."""
    height, width = frame.shape[:2]
    # A wide blur has no detail that a smaller picture would lose (the same as in
    # vb_filter/passes.lua).
    factor = 1
    while sigma / factor >= MOST_SIGMA:
        factor *= 2
    if factor > 2:
        # Half the way before the weights are applied: four times fewer pixels to multiply, and
        # only pixels of an edge's width mix person and room.
        size = (max(1, -(-width // 2)), max(1, -(-height // 2)))
        frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        weight = np.asarray(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), np.float32)
    size = (max(1, -(-width // factor)), max(1, -(-height // factor)))
    weighted = cv2.multiply(frame, cv2.merge([weight] * 3), dtype=cv2.CV_32F)
    colour = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    mean = np.array(cv2.mean(colour)[:3], np.float32) / max(cv2.mean(share)[0], 1e-6)
    small_sigma = sigma / factor
    colour = cv2.GaussianBlur(colour, (0, 0), small_sigma, borderType=cv2.BORDER_REPLICATE)
    share = cv2.GaussianBlur(share, (0, 0), small_sigma, borderType=cv2.BORDER_REPLICATE)
    # The mean's weight is so small that it only shows where there is next to no other.
    colour = (colour + MEAN_SHARE * mean) / (share + MEAN_SHARE)[..., None]
    return np.asarray(np.clip(colour, 0, 255), np.float32)
