"""Alpha compositing of the person over a background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.offline.backgrounds import weighted_blur

FILL_SIGMA = 12.0


def over(
    frame: NDArray[np.uint8], alpha: NDArray[np.float32], background: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the frame over the background, both H x W x 3 uint8; alpha H x W float32, 0..1.

    Where alpha is exactly 1 the frame is unchanged, where it is exactly 0 the background is.
    """
    return np.asarray(cv2.blendLinear(frame, background, alpha, 1.0 - alpha), np.uint8)


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
