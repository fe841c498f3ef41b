"""Threshold and softness: the same formula as in the filter's shader."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SHARPEST = 1.0 / 255.0


def levels(
    alpha: NDArray[np.uint8] | NDArray[np.float32],
    width: int,
    height: int,
    *,
    threshold: float = 0.5,
    softness: float = 0.5,
) -> NDArray[np.float32]:
    """Return a pipeline's alpha at ``height`` x ``width``, thresholded: float32, 0..1.

    ``alpha`` is uint8, probability times 255, or float32, 0..1 (overwritten if it already has that
    size). It is enlarged bilinearly (half-pixel centres, edges clamped), then
    ``clamp((p - threshold) / max(softness, 1/255) + 0.5, 0, 1)``: exactly 0 and exactly 1 where
    the model is sure.
    """
    scale = 255.0 if alpha.dtype == np.uint8 else 1.0
    p = np.asarray(alpha, np.float32)
    if p.shape != (height, width):
        p = np.asarray(cv2.resize(p, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    factor = 1.0 / max(softness, SHARPEST)
    np.multiply(p, np.float32(factor / scale), out=p)
    np.add(p, np.float32(0.5 - threshold * factor), out=p)
    return np.clip(p, 0.0, 1.0, out=p)
