"""Rotation and mirroring of the camera's picture: the model is shown it upright.

Networks are trained on upright people. Only the model's input is rotated, and its output rotated
back; the picture itself and everything else stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_link.settings import TURNS

Value = TypeVar("Value", np.uint8, np.float32)
Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom excluded

_CLOCKWISE = (None, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)


@dataclass(frozen=True)
class Turn:
    """The picture is rotated clockwise by ``quarters`` of a full turn (0 to 3).

    ``mirrored``: it was flipped left to right before that.
    """

    quarters: int = 0
    mirrored: bool = False

    def upright(self, picture: NDArray[Value]) -> NDArray[Value]:
        """Return the picture (H x W or H x W x channels) rotated to upright."""
        way = _CLOCKWISE[-self.quarters % 4]
        if way is not None:
            picture = _array(cv2.rotate(picture, way), picture)
        return _array(cv2.flip(picture, 1), picture) if self.mirrored else picture

    def back(self, plane: NDArray[Value]) -> NDArray[Value]:
        """Undo ``upright`` for a plane or picture (H x W or H x W x channels)."""
        if self.mirrored:
            plane = _array(cv2.flip(plane, 1), plane)
        way = _CLOCKWISE[self.quarters]
        return plane if way is None else _array(cv2.rotate(plane, way), plane)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size (width, height) after ``upright``, which is also that after ``back``."""
        return (height, width) if self.quarters % 2 else (width, height)

    def box_back(self, box: Box, width: int, height: int) -> Box:
        """Return a box of the upright picture, of the given size, in the picture as it is."""
        left, top, right, bottom = box
        if self.mirrored:
            left, right = width - right, width - left
        for _ in range(self.quarters):
            left, top, right, bottom = height - bottom, left, height - top, right
            width, height = height, width
        return left, top, right, bottom


UPRIGHT = Turn()


def turn_of(degrees: str, mirrored: bool) -> Turn:
    """Return the turn that the settings name; unknown values are upright."""
    return Turn(TURNS.index(degrees) if degrees in TURNS else 0, mirrored)


def _array(turned: object, like: NDArray[Value]) -> NDArray[Value]:
    return np.asarray(turned, like.dtype)
