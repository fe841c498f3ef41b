"""Foreground colour estimation: the person's colours at soft edges, without the room's.

After Forte, "Approximate fast foreground colour estimation" (ICIP 2021), equations 4 to 7: local
means of the person's and the room's colours, the former corrected by the residual. Unlike there,
mixed pixels hardly count for the means.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.offline.backgrounds import room_weight, weighted_blur

REACH = 1 / 80  # of the picture's width: the blur's standard deviation
PURE = 4  # power of alpha that is a pixel's weight in a mean


def own_colours(frame: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ``frame`` with the person's colours where alpha is between 0 and 1.

    ``frame`` H x W x 3 uint8 RGB, ``alpha`` H x W float32, 0..1. Elsewhere it is unchanged.
    """
    rows, columns = np.nonzero((alpha > 0.0) & (alpha < 1.0))
    if not rows.size:
        return frame
    sigma = max(1.0, REACH * frame.shape[1])
    person, room = (
        weighted_blur(frame, weight**PURE, sigma)[rows, columns].astype(np.float32)
        for weight in (alpha, room_weight(alpha))
    )
    share = alpha[rows, columns][:, None]
    unexplained = frame[rows, columns] - share * person - (1.0 - share) * room
    result = frame.copy()
    result[rows, columns] = cv2.convertScaleAbs(np.clip(person + share * unexplained, 0.0, 255.0))
    return result
