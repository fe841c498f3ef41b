"""Colour histograms of people, to tell them apart when positions do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Cells = NDArray[np.uint16]

_BINS = 8
_ALONG = 0.5 * np.eye(_BINS) + 0.25 * (np.eye(_BINS, k=1) + np.eye(_BINS, k=-1))
_ALONG[0, 0] = _ALONG[-1, -1] = 0.75
_TO_NEIGHBOURS = np.kron(np.kron(_ALONG, _ALONG), _ALONG).astype(np.float32)


def cells(picture: NDArray[np.uint8]) -> Cells:
    """Return each pixel's histogram bin, 8 x 8 x 8 over RGB: uint16 of the picture's size."""
    cell = (picture[..., :3] >> 5).astype(np.uint16)
    return np.asarray(cell[..., 0] << 6 | cell[..., 1] << 3 | cell[..., 2], np.uint16)


def histogram(of: Cells) -> Floats:
    """Return the normalised histogram, smoothed over neighbouring bins as light may change."""
    counts = np.bincount(of.ravel(), minlength=_BINS**3).astype(np.float32)
    return np.asarray(_TO_NEIGHBOURS @ counts / max(counts.sum(), 1.0), np.float32)


def likeness(a: Floats, b: Floats) -> float:
    """Return the Bhattacharyya coefficient of two histograms: 1 if equal, 0 if disjoint."""
    return float(np.sqrt(a * b).sum())
