"""Where in an alpha there is anything, so that the filter need not draw the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vb_link import layout


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
