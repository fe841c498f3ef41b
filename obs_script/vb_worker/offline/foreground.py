"""Foreground colour estimation: the person's colours at soft edges, without the room's.

After Forte, "Approximate fast foreground colour estimation" (ICIP 2021), equations 4 to 7: local
means of the person's and the room's colours, the former corrected by the residual. Unlike there,
mixed pixels hardly count for the means.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.offline.backgrounds import MOST_SIGMA, room_weight, small_weighted_blur
from vb_worker.offline.compose import soft_pixels

REACH = 1 / 80  # of the picture's width: the blur's standard deviation
PURE = 4  # power of alpha that is a pixel's weight in a mean
FOLD = 256


def own_colours(frame: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ``frame`` with the person's colours where alpha is between 0 and 1.

    ``frame`` H x W x 3 uint8 RGB, ``alpha`` H x W float32, 0..1. Elsewhere it is unchanged.
    """
    soft = soft_pixels(alpha)
    if not soft.size:
        return frame
    sigma = max(1.0, REACH * frame.shape[1])
    small, small_alpha = frame, alpha
    if sigma >= MOST_SIGMA:  # once for both means
        size = -(-frame.shape[1] // 2), -(-frame.shape[0] // 2)
        small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        small_alpha = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)
        sigma /= 2
    person, room = (
        _at(small_weighted_blur(small, _power(weight), sigma), soft, frame.shape)
        for weight in (small_alpha, room_weight(small_alpha))
    )
    share = alpha.reshape(-1)[soft, None]
    unexplained = frame.reshape(-1, 3)[soft] - share * person - (1.0 - share) * room
    result = frame.copy()
    found = np.clip(person + share * unexplained, 0.0, 255.0)
    result.reshape(-1, 3)[soft] = np.rint(found).astype(np.uint8)
    return result


def _power(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.pow(weight, PURE), np.float32)


def _at(
    small: NDArray[np.float32], pixels: NDArray[np.intp], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return ``small`` as enlarged to ``shape``, at n ``pixels`` of it (flat): n x 3 float32."""
    rows, columns = np.divmod(pixels, shape[1])
    # OpenCV's pictures are at most 32767 pixels wide: the list is folded.
    places = np.zeros((2, -(-pixels.size // FOLD) * FOLD), np.float32)
    places[0, : pixels.size] = (columns + 0.5) * (small.shape[1] / shape[1]) - 0.5
    places[1, : pixels.size] = (rows + 0.5) * (small.shape[0] / shape[0]) - 0.5
    x, y = places.reshape(2, -1, FOLD)
    found = cv2.remap(small, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, 3)[: pixels.size], np.float32)
