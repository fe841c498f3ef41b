"""From a picture to a network's input tensor."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.manifest import InputSpec

_CONVERSIONS = {
    (3, "BGR"): cv2.COLOR_RGB2BGR,
    (3, "RGBA"): cv2.COLOR_RGB2RGBA,
    (4, "RGB"): cv2.COLOR_RGBA2RGB,
    (4, "BGR"): cv2.COLOR_RGBA2BGR,
}

Box = tuple[int, int, int, int]  # left, top, width, height in pixels


def resize(frame: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return ``frame`` (H x W x channels uint8) at the given size; the same array if it has it.

    Shrinking averages (no aliasing), enlarging interpolates.
    """
    if frame.shape[0] == height and frame.shape[1] == width:
        return frame
    shrinks = frame.shape[0] > height or frame.shape[1] > width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, (width, height), interpolation=how), np.uint8)


def fitted(width: int, height: int, inside: tuple[int, int]) -> Box:
    """Return the letterbox of a ``width`` x ``height`` picture, centred, in ``inside``."""
    scale = min(inside[0] / width, inside[1] / height)
    wide = min(inside[0], max(1, round(width * scale)))
    tall = min(inside[1], max(1, round(height * scale)))
    return (inside[0] - wide) // 2, (inside[1] - tall) // 2, wide, tall


class Preparer:
    """Writes the network's input into one reused buffer (not thread-safe).

    The fastest of the ways that ``tests.bench.pixels`` compares: one multiplication where that is
    all, else a lookup table of 256 values; planes are split before, rows converted after.
    """

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        self._channels = 4 if spec.colour == "RGBA" else 3
        shape = (spec.height, spec.width, self._channels)
        self._planes = spec.layout.endswith("CHW")
        order = (2, 0, 1) if self._planes else (0, 1, 2)
        feed = np.zeros([shape[axis] for axis in order], spec.dtype)
        self._feed: NDArray[Any] = feed[None] if spec.layout.startswith("N") else feed
        # A view of the buffer as height x width x colour, whatever its layout.
        self._pixels = feed.transpose(np.argsort(order))
        self._colours = np.zeros(shape, np.uint8)
        self._plane = np.zeros(shape[:2], np.uint8)
        factor = 1.0 / (spec.scale * np.array(spec.std))
        offset = np.array(spec.mean) / np.array(spec.std)
        self._factor = factor.astype(np.float32)
        self._plain = not offset.any() and (self._planes or len(set(factor)) == 1)
        levels = np.arange(256)[:, None] * factor - offset
        self._table = np.ascontiguousarray(levels[None], np.float32)
        self._tables = [np.ascontiguousarray(self._table[..., c]) for c in range(3)]
        self.box: Box = (0, 0, spec.width, spec.height)
        """Where the last picture lies in the input."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the input's shape."""
        return self._feed.shape

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the network's input (shape and type as the manifest says) for ``frame``.

        ``frame`` is H x W x 3 or 4 uint8, RGB or RGBA, of any size; alpha is ignored. The
        returned array is overwritten by the next call.
        """
        if self._spec.resize == "letterbox":
            size = (self._spec.width, self._spec.height)
            box = fitted(frame.shape[1], frame.shape[0], size)
            if box != self.box:
                self._feed[...] = 0  # the mean after scaling; black for uint8 inputs
                self.box = box
        left, top, width, height = self.box
        picture = resize(frame, width, height)
        whole = (width, height) == (self._spec.width, self._spec.height)
        pixels = self._pixels[top : top + height, left : left + width]
        if self._spec.dtype == "uint8":
            picture = self._in_order(picture, whole)
            if whole and self._spec.layout == "NHWC" and picture.flags.c_contiguous:
                return picture[None]  # no copy needed
            pixels[...] = picture
        elif self._spec.dtype == "float16" or not whole:
            picture = self._in_order(picture, whole)
            pixels[...] = cv2.LUT(picture, self._table)
        elif self._planes:
            self._fill_planes(picture)
        elif self._plain:
            picture = self._in_order(picture, whole)
            np.multiply(picture, self._factor[0], out=pixels, dtype=np.float32)
        else:
            cv2.LUT(self._in_order(picture, whole), self._table, dst=pixels)
        return self._feed

    def _in_order(self, picture: NDArray[np.uint8], whole: bool) -> NDArray[np.uint8]:
        """Return the picture with its channels in the network's order."""
        conversion = _CONVERSIONS.get((picture.shape[2], self._spec.colour))
        if conversion is None:
            return picture
        into = self._colours if whole else None
        return np.asarray(cv2.cvtColor(picture, conversion, dst=into), np.uint8)

    def _fill_planes(self, picture: NDArray[np.uint8]) -> None:
        planes = self._feed.reshape(self._feed.shape[-3:])
        for channel in range(3):
            source = channel if self._spec.colour == "RGB" else 2 - channel
            cv2.extractChannel(picture, source, self._plane)
            if self._plain:
                factor = self._factor[channel]
                np.multiply(self._plane, factor, out=planes[channel], dtype=np.float32)
            else:
                cv2.LUT(self._plane, self._tables[channel], dst=planes[channel])
