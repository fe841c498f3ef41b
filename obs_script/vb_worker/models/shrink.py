"""Fast downscaling of pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def shrunk(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return ``picture`` (H x W x channels) at the given size; the same array if it has it.

    First by an integer factor, averaging, at which OpenCV is fast (other factors take ten times as
    long); the remaining factor, below 2, is interpolated. Enlarging interpolates.
    """
    across, down = max(1, picture.shape[1] // width), max(1, picture.shape[0] // height)
    if across > 1 or down > 1:
        size = (picture.shape[1] // across, picture.shape[0] // down)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8
    )
