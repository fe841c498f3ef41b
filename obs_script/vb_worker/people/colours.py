"""Colour histograms of people: what tells one from another when places do not."""

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
    """Return each pixel's cell of the colour cube, 8 x 8 x 8."""
    cell = (picture[..., :3] >> 5).astype(np.uint16)
    return np.asarray(cell[..., 0] << 6 | cell[..., 1] << 3 | cell[..., 2], np.uint16)


def histogram(of: Cells) -> Floats:
    """Return the share of each cell, spread to its neighbours: light may change a little."""
    counts = np.bincount(of.ravel(), minlength=_BINS**3).astype(np.float32)
    return np.asarray(_TO_NEIGHBOURS @ counts / max(counts.sum(), 1.0), np.float32)


def likeness(a: Floats, b: Floats) -> float:
    """Return the Bhattacharyya coefficient of two histograms: 1 for equal ones, 0 for apart."""
    return float(np.sqrt(a * b).sum())
