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
from vb_worker.offline.levels import SHARPEST, levels

# Standard deviations: of position in pixels of the small mask, of colour in 0..1.
PLACE, COLOUR = 0.7, 0.1
TIE = 1e-3  # offset that breaks ties halfway between two pixels, the same way everywhere
LEAST = 1e-2  # weight of a pixel of a very different colour; if all are, position does not matter
CACHED = 16384  # pixels worked on at once: what is made on the way stays in the CPU's cache

# Multiplied by this, the squared distance of two 8-bit colours is the exponent of their weight.
RANGE = np.float32(1 / (255 * COLOUR * 2**0.5))

Index = NDArray[np.intp]
Plane = NDArray[np.float32]


def shown(
    frame: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
    *,
    edges: bool,
    threshold: float = 0.5,
    softness: float = 0.5,
) -> Plane:
    """Return a pipeline's alpha as a viewer sees it: height x width float32, 0..1.

    ``frame``: H x W x 3 uint8 RGB, the whole picture. ``alpha``: uint8, probability times 255.
    ``edges``: enlarge by colour (``upsampled``), as for qualities with ``refine``; otherwise
    bilinearly.
    """
    height, width = frame.shape[:2]
    half = max(softness, SHARPEST) / 2
    unsure = threshold - half, threshold + half
    whole = upsampled(frame, alpha, unsure=unsure) if edges else alpha
    return levels(whole, width, height, threshold=threshold, softness=softness)


def upsampled(
    frame: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
    guide: NDArray[np.uint8] | None = None,
    *,
    unsure: tuple[float, float] = (0.0, 1.0),
) -> Plane:
    """Return ``alpha`` at the frame's size: float32, 0..1.

    ``frame``: H x W x 3 uint8 RGB. ``alpha``: uint8, probability times 255. ``guide``: the small
    picture that ``alpha`` was made from, of its size; None to make one from ``frame``. ``unsure``:
    the range that matters; a result outside it is on the right side of it, but may not be exact.
    """
    height, width = frame.shape[:2]
    tall, wide = alpha.shape
    small = shrunk(frame, wide, tall) if guide is None else guide
    mask = alpha.astype(np.float32) / np.float32(255)
    whole = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR))
    # Where all nine are equal, or beyond the same end of the range, their weights do not matter.
    square = np.ones((3, 3), np.uint8)
    least, most = cv2.erode(alpha, square), cv2.dilate(alpha, square)
    low, high = 255 * unsure[0], 255 * unsure[1]
    rows, columns = np.nonzero((least != most) & (most > low) & (least < high))
    upsampler = _Upsampler(frame, small, mask)
    for start in range(0, rows.size, upsampler.together):
        part = slice(start, start + upsampler.together)
        pixels, values = upsampler(rows[part], columns[part])
        whole.reshape(-1)[pixels] = values
    return np.asarray(whole, np.float32)


class _Runs:
    """One direction of the picture, cut into the runs of pixels whose nearest tap is the same."""

    def __init__(self, length: int, taps: int) -> None:
        """``length`` in pixels of the picture, ``taps`` in pixels of the mask."""
        at = ((np.arange(length) + 0.5) * (taps / length) - 0.5).astype(np.float32)
        nearest = np.floor(at + 0.5 + TIE).astype(np.intp)
        self._first = np.searchsorted(nearest, np.arange(taps))
        self._count = np.searchsorted(nearest, np.arange(taps), side="right") - self._first
        self._last = length - 1
        steps = np.array([-1, 0, 1], np.float32)[:, None]
        place = (at - nearest - steps) ** 2 / np.float32(2 * PLACE**2)
        self._place = np.asarray(place, np.float32)
        self.longest = int(self._count.max())

    def of(self, taps: Index) -> tuple[Index, NDArray[np.bool_], Plane]:
        """Return the runs of n ``taps``, all filled up to the longest.

        Their pixels, longest x n; which of them are no filling; and the negative exponents of
        position for the taps before, at and after the nearest, 3 x longest x n.
        """
        step = np.arange(self.longest)[:, None]
        pixels = np.minimum(self._first[taps] + step, self._last)
        return pixels, step < self._count[taps], self._place[:, pixels]


class _Upsampler:
    """Weighs the taps of one picture."""

    def __init__(self, frame: NDArray[np.uint8], small: NDArray[np.uint8], mask: Plane) -> None:
        self._frame, self._width = frame.reshape(-1), frame.shape[1]
        # With a border of one pixel every tap is inside.
        self._pitch = mask.shape[1] + 2
        self._mask = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE).reshape(-1)
        colours = cv2.split(cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_REPLICATE))
        self._colours = np.array(colours, np.float32).reshape(3, -1) * RANGE
        self._down = _Runs(frame.shape[0], mask.shape[0])
        self._across = _Runs(frame.shape[1], mask.shape[1])
        self.together = max(1, CACHED // (self._down.longest * self._across.longest))
        """How many taps are best given at once."""

    def __call__(self, rows: Index, columns: Index) -> tuple[Index, Plane]:
        """Return the pixels (flat) whose nearest taps these are, and their upsampled mask."""
        y, y_inside, y_place = self._down.of(rows)
        x, x_inside, x_place = self._across.of(columns)
        at = y[:, None] * self._width + x
        red, green, blue = (
            np.multiply(self._frame[3 * at + channel], RANGE, dtype=np.float32)
            for channel in range(3)
        )
        # -|h - g|^2 = 2hg - |h|^2 - |g|^2 needs fewer operations: only 2hg depends on both.
        squares = red * red + green * green + blue * blue
        red, green, blue = 2 * red, 2 * green, 2 * blue
        total, weights = np.zeros_like(squares), np.zeros_like(squares)
        values = np.zeros(rows.size, np.float32)
        spent, exponent, product = (np.empty_like(squares) for _ in range(3))
        nearest = (rows + 1) * self._pitch + columns + 1
        for dy in (-1, 0, 1):
            np.add(squares, y_place[dy + 1][:, None], out=spent)
            for dx in (-1, 0, 1):
                tap = nearest + dy * self._pitch + dx
                r, g, b = self._colours[:, tap]
                np.multiply(red, r, out=exponent)
                exponent += np.multiply(green, g, out=product)
                exponent += np.multiply(blue, b, out=product)
                exponent -= spent
                exponent -= x_place[dx + 1] + (r * r + g * g + b * b)
                weight = np.exp(exponent, out=exponent)
                weights += weight
                value = self._mask[tap]
                values += value
                weight *= value
                total += weight
        # LEAST is added to each of the nine weights.
        total += np.float32(LEAST) * values
        weights += np.float32(9 * LEAST)
        total /= weights
        inside = y_inside[:, None] & x_inside
        return at[inside], total[inside]
