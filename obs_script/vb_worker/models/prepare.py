"""From a picture to what a network is fed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.manifest import InputSpec

_CONVERSIONS = {
    (3, "BGR"): cv2.COLOR_RGB2BGR,
    (4, "RGB"): cv2.COLOR_RGBA2RGB,
    (4, "BGR"): cv2.COLOR_RGBA2BGR,
}


def resize(frame: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return ``frame`` (H x W x channels, uint8) at the given size; the same array if it fits.

    Shrinking averages (no aliasing), enlarging interpolates.
    """
    if frame.shape[0] == height and frame.shape[1] == width:
        return frame
    shrinks = frame.shape[0] > height or frame.shape[1] > width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, (width, height), interpolation=how), np.uint8)


class Preparer:
    """Makes the network's input, into the same buffer every time (one thread at a time)."""

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        shape = (spec.height, spec.width, 3)
        order = (0, 1, 2) if spec.layout == "NHWC" else (2, 0, 1)
        self._feed = np.zeros((1, *(shape[axis] for axis in order)), np.float32)
        # The buffer seen as height x width x colour, whatever its layout.
        self._pixels = self._feed[0].transpose(np.argsort(order))
        self._colours = np.zeros(shape, np.uint8)
        factor = 1.0 / (spec.scale * np.array(spec.std))
        offset = np.array(spec.mean) / np.array(spec.std)
        self._same = len(set(factor)) == 1
        self._factor = factor.astype(np.float32)
        self._offset = offset.astype(np.float32)

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the input (1 x 3 channels x size, float32) for ``frame``.

        ``frame`` is H x W x 3 or 4, uint8, RGB or RGBA, of any size; alpha is not looked at. The
        array returned is overwritten by the next call.
        """
        picture = resize(frame, self._spec.width, self._spec.height)
        conversion = _CONVERSIONS.get((picture.shape[2], self._spec.colour))
        if conversion is not None:
            picture = np.asarray(cv2.cvtColor(picture, conversion, dst=self._colours), np.uint8)
        factor = self._factor[0] if self._same else self._factor
        np.multiply(picture, factor, out=self._pixels, dtype=np.float32)
        if self._offset.any():
            np.subtract(self._pixels, self._offset, out=self._pixels)
        return self._feed
