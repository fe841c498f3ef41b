"""Aligning a mask's edges with the picture's.

A fast guided filter with colour as the guide (He, Sun, Tang, "Guided image filtering", TPAMI
2013, equations 19 to 21; He, Sun, "Fast guided filter", 2015). In a window around each pixel the
mask is a linear function of red, green and blue. The four coefficients are computed on a small
picture, where that is cheap, and applied to the model's input picture, whose edges, down to hair,
become the mask's.

Applied to the camera's full picture they would carry its noise and texture into the mask: measured,
and worse in both edges and temporal stability.

Two further steps were measured on the result: solving for alpha in a trimap's unknown band by the
colour line between the pure colours nearby (as in blur fusion), and a grey guided filter with a
radius of two and four pixels in that band. Boundaries and gradients came out the same or worse,
for 4 to 36 ms per picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

WORKING_AREA = 512 * 288  # pixels of the picture that the mask is made from
SMALL_AREA = 128 * 72  # pixels of the picture that coefficients are computed on
RADIUS = 3  # the window is 7 x 7 of those pixels
EPSILON = 1e-4  # variance of colour (0..1): regularisation; weaker edges are smoothed


def refined(picture: NDArray[np.uint8], mask: Plane, area: int | None = None) -> Plane:
    """Return the mask with the picture's edges: height x width float32, 0..1.

    ``picture``: height x width x 3 uint8 RGB. ``mask``: height x width float32, 0..1. ``area``:
    pixels of the whole picture if these are a part of it, else None.
    """
    height, width = mask.shape
    area = area or height * width
    # A window is the same share of the whole picture, whatever part of it this is.
    scale = min(1.0, (SMALL_AREA / area) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    shrunk = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    coefficients = _coefficients(np.asarray(small, np.uint8), np.asarray(shrunk, np.float32))
    *factors, offset = (
        cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in coefficients
    )
    for factor, colour in zip(factors, cv2.split(picture)):
        cv2.multiply(factor, colour.astype(np.float32), dst=factor, scale=1 / 255)
        cv2.add(offset, factor, dst=offset)
    return np.asarray(np.clip(offset, 0.0, 1.0, out=offset), np.float32)


def _coefficients(picture: NDArray[np.uint8], mask: Plane) -> tuple[Plane, ...]:
    """Return the coefficients of red, green and blue (0..1) and the offset, a plane each."""
    r, g, b = (np.asarray(plane, np.float32) / np.float32(255) for plane in cv2.split(picture))
    mean_r, mean_g, mean_b, mean_mask = _mean(r), _mean(g), _mean(b), _mean(mask)
    # The colours' covariance is a symmetric 3 x 3 matrix per pixel, inverted by Cramer's rule.
    rr = _mean(r * r) - mean_r * mean_r + EPSILON
    gg = _mean(g * g) - mean_g * mean_g + EPSILON
    bb = _mean(b * b) - mean_b * mean_b + EPSILON
    rg = _mean(r * g) - mean_r * mean_g
    rb = _mean(r * b) - mean_r * mean_b
    gb = _mean(g * b) - mean_g * mean_b
    to_r = _mean(r * mask) - mean_r * mean_mask
    to_g = _mean(g * mask) - mean_g * mean_mask
    to_b = _mean(b * mask) - mean_b * mean_mask
    inverse_rr, inverse_rg, inverse_rb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    inverse_gg, inverse_gb, inverse_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = inverse_rr * rr + inverse_rg * rg + inverse_rb * rb
    red = (inverse_rr * to_r + inverse_rg * to_g + inverse_rb * to_b) / determinant
    green = (inverse_rg * to_r + inverse_gg * to_g + inverse_gb * to_b) / determinant
    blue = (inverse_rb * to_r + inverse_gb * to_g + inverse_bb * to_b) / determinant
    offset = mean_mask - red * mean_r - green * mean_g - blue * mean_b
    return _mean(red), _mean(green), _mean(blue), _mean(offset)


def _mean(values: Plane) -> Plane:
    """Return the mean over each pixel's window (a box filter); border pixels are replicated."""
    side = 2 * RADIUS + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)
