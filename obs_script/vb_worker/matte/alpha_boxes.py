"""What goes with an alpha: where in it there is anything, and the sum it is checked by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vb_link import layout, slots


def sum_of_words(alpha: NDArray[np.uint8]) -> int:
    """Return what :func:`vb_link.slots.sum_of_words` does, sooner, but for a multiple of 2^64."""
    flat = alpha.reshape(-1)
    whole = flat.size // 8 * 8
    words = int(flat[:whole].view(np.uint64).sum(dtype=np.uint64))
    return words + slots.sum_of_words(flat[whole:].tobytes())


def boxes(alpha: NDArray[np.uint8]) -> list[int]:
    """Return left, top, right, bottom of what is above n / 16 for each n below ``layout.BOXES``.

    ``alpha``: height x width uint8. Right and bottom lie beyond; 0, 0, 0, 0 where nothing is.
    """
    columns, rows = alpha.max(0), alpha.max(1)
    found: list[int] = []
    for level in range(layout.BOXES):
        above = level * 255 / 16
        across, down = np.nonzero(columns > above)[0], np.nonzero(rows > above)[0]
        if across.size:
            found += [int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1]
        else:
            found += [0, 0, 0, 0]
    return found
