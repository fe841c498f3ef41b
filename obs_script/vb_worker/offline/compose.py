"""Alpha compositing of the person over a background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.offline.backgrounds import weighted_blur

FILL_SIGMA = 12.0


def soft_pixels(alpha: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the flat indices of the pixels whose alpha is between 0 and 1."""
    return np.flatnonzero((alpha > 0.0) & (alpha < 1.0))


def over(
    frame: NDArray[np.uint8], alpha: NDArray[np.float32], background: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the frame over the background, both H x W x 3 uint8; alpha H x W float32, 0..1.

    Where alpha is exactly 1 the frame is unchanged, where it is exactly 0 the background is.
    """
    result = background.copy()
    cv2.copyTo(frame, (alpha >= 1.0).view(np.uint8), result)
    soft = soft_pixels(alpha)
    share = alpha.reshape(-1)[soft, None]
    person = frame.reshape(-1, 3)[soft].astype(np.float32)
    behind = background.reshape(-1, 3)[soft].astype(np.float32)
    mixed = behind + share * (person - behind)
    result.reshape(-1, 3)[soft] = np.rint(mixed).astype(np.uint8)
    return result


def cut_out(frame: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the person alone: H x W x 4 uint8 RGBA, straight alpha.

    ``frame`` H x W x 3 uint8 RGB, ``alpha`` H x W float32, 0..1. Fully transparent pixels do not
    keep the room's colours, which anyone could uncover, but get the person's, blurred outwards;
    encoders then draw no fringe around the person either.
    """
    colour = frame.copy()
    hidden = alpha <= 0.0
    colour[hidden] = weighted_blur(frame, alpha, FILL_SIGMA)[hidden]
    return np.dstack([colour, np.rint(alpha * 255.0).astype(np.uint8)])
