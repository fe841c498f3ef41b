"""What is sent along with an alpha: bounding boxes of its content, and a checksum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vb_link import layout, slots


def sum_of_words(alpha: NDArray[np.uint8]) -> int:
    """Return a number congruent to ``slots.sum_of_words`` modulo 2^64, computed faster."""
    flat = alpha.reshape(-1)
    whole = flat.size // 8 * 8
    words = int(flat[:whole].view(np.uint64).sum(dtype=np.uint64))
    return words + slots.sum_of_words(flat[whole:].tobytes())


def boxes(alpha: NDArray[np.uint8]) -> list[int]:
    """Return the bounding box of all pixels above n / 16, for each n below ``layout.BOXES``.

    ``alpha``: height x width uint8. Each box is left, top, right, bottom in pixels, right and
    bottom excluded; 0, 0, 0, 0 if there are no such pixels.
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
