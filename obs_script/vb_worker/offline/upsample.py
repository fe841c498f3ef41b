"""Enlarging a mask to the picture's size, as the filter's shader does (refine.effect).

Joint bilateral upsampling (Kopf, Cohen, Lischinski, Uyttendaele, SIGGRAPH 2007): the nine nearest
pixels of the small mask are weighted by how similar their colour in the small picture is to the
colour here. So the mask's edge follows the picture's; interpolation would blur it over some pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.shrink import shrunk
from vb_worker.offline.levels import levels

# Standard deviations: of position in pixels of the small mask, of colour in 0..1.
PLACE, COLOUR = 0.7, 0.1
TIE = 1e-3  # offset that breaks ties halfway between two pixels, the same way everywhere
LEAST = 1e-2  # weight of a pixel of a very different colour; if all are, position does not matter


def shown(
    frame: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
    *,
    edges: bool,
    threshold: float = 0.5,
    softness: float = 0.5,
) -> NDArray[np.float32]:
    """Return a pipeline's alpha as a viewer sees it: height x width float32, 0..1.

    ``frame``: H x W x 3 uint8 RGB, the whole picture. ``alpha``: uint8, probability times 255.
    ``edges``: enlarge by colour (``upsampled``), as for qualities with ``refine``; otherwise
    bilinearly.
    """
    height, width = frame.shape[:2]
    whole = upsampled(frame, alpha) if edges else alpha
    return levels(whole, width, height, threshold=threshold, softness=softness)


def upsampled(
    frame: NDArray[np.uint8], alpha: NDArray[np.uint8], guide: NDArray[np.uint8] | None = None
) -> NDArray[np.float32]:
    """Return ``alpha`` at the frame's size: float32, 0..1.

    ``frame``: H x W x 3 uint8 RGB. ``alpha``: uint8, probability times 255. ``guide``: the small
    picture that ``alpha`` was made from, of its size; None to make one from ``frame``.
    """
    height, width = frame.shape[:2]
    tall, wide = alpha.shape
    small = shrunk(frame, wide, tall) if guide is None else guide
    mask = alpha.astype(np.float32) / np.float32(255)
    whole = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR))
    # Where all nine are equal the weights do not matter.
    square = np.ones((3, 3), np.uint8)
    mixed = cv2.dilate(alpha, square) != cv2.erode(alpha, square)
    places = cv2.resize(mixed.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    rows, columns = np.nonzero(cv2.dilate(places, square))
    if rows.size:
        whole[rows, columns] = _weighed(frame, small, mask, rows, columns)
    return np.asarray(whole, np.float32)


def _weighed(
    frame: NDArray[np.uint8],
    small: NDArray[np.uint8],
    mask: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Return the upsampled mask at the frame's pixels ``rows``, ``columns``."""
    tall, wide = mask.shape
    y = ((rows + 0.5) * (tall / frame.shape[0]) - 0.5).astype(np.float32)
    x = ((columns + 0.5) * (wide / frame.shape[1]) - 0.5).astype(np.float32)
    near_y = np.floor(y + 0.5 + TIE).astype(np.intp)
    near_x = np.floor(x + 0.5 + TIE).astype(np.intp)
    here = frame[rows, columns].astype(np.float32)
    total = np.zeros(rows.size, np.float32)
    weights = np.zeros(rows.size, np.float32)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            at_y, at_x = near_y + down, near_x + across
            inside = np.clip(at_y, 0, tall - 1), np.clip(at_x, 0, wide - 1)
            off = here - small[inside]
            colour = (off[:, 0] ** 2 + off[:, 1] ** 2 + off[:, 2] ** 2) / np.float32(255**2)
            place = (y - at_y) ** 2 + (x - at_x) ** 2
            weight = np.exp(-place / (2 * PLACE**2) - colour / (2 * COLOUR**2)) + LEAST
            total += weight * mask[inside]
            weights += weight
    return np.asarray(total / weights, np.float32)
