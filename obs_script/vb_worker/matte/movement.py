"""Motion detection: where a picture is still from one frame to the next."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Mean difference of brightness (0..255) around a pixel: still below STILL, moved above MOVED.
# Sensor noise is about 1 to 2 at the size that is compared here.
STILL, MOVED = 3.0, 9.0
NEIGHBOURHOOD = (5, 5)
LARGEST_AREA = 256 * 144  # pixels of the pictures that are compared; finer movement is noise

_STILLNESS = np.asarray(np.interp(np.arange(256), [STILL, MOVED], [1.0, 0.0]), np.float32)


class Movement:
    """Motion detection for one stream: keeps the last frame."""

    def __init__(self) -> None:
        self._last: NDArray[np.uint8] | None = None

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Return the stillness of each pixel: float32, 1 still to 0 moved; None on a first frame.

        ``picture``: H x W x 3 or 4 uint8, RGB or RGBA. The result has ``small_size``: it is
        smaller than the picture if that has more than ``LARGEST_AREA`` pixels.
        """
        grey = _brightness(picture)
        last, self._last = self._last, grey
        if last is None or last.shape != grey.shape:
            return None
        moved = cv2.blur(cv2.absdiff(grey, last), NEIGHBOURHOOD)
        return np.asarray(cv2.LUT(moved, _STILLNESS), np.float32)


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return the size (width, height) of the results for pictures of the given size."""
    scale = min(1.0, (LARGEST_AREA / (height * width)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _brightness(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    code = cv2.COLOR_RGBA2GRAY if picture.shape[2] == 4 else cv2.COLOR_RGB2GRAY
    grey = cv2.cvtColor(picture, code)
    size = small_size(picture.shape[1], picture.shape[0])
    if size != (picture.shape[1], picture.shape[0]):
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)
