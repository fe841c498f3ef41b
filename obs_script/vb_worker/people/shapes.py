"""One person of a stream: their shape, its motion, and how a shared region is split."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.people.colours import Cells, Floats
from vb_worker.time_step import smoothing

Mask = NDArray[np.uint8]

LEAST_SEEN = 0.12  # of a hidden person's area that must be visible before they are back
SPREAD = 2.0  # working pixels; how fast a person's likelihood falls outside their shape
HIDDEN_SPREAD = 40.0  # added to it per second they are hidden
MOTION_SECONDS = 0.05  # time constant with which a person's motion is learnt
STAY = 1.0  # bonus of a pixel's last owner, in units of log likelihood
_FLOOR = 1e-3


@dataclass
class Person:
    """One person. Lengths in working pixels, ``motion`` per second, times in seconds.

    ``shape``, ``area`` and ``colours`` are from when they were last seen whole; the shape moves
    with them. ``lost``: seconds for which that was a guess. ``touched``: label -> time of the last
    contact.
    """

    label: int
    shape: Mask
    area: float
    colours: Floats
    centre: tuple[float, float]
    born: float
    seen: float
    motion: tuple[float, float] = (0.0, 0.0)
    visible: bool = True
    lost: float = 0.0
    touched: dict[int, float] = field(default_factory=dict)

    def move(self, step: tuple[float, float], weight: float, passed: float) -> None:
        """Update the motion from a step (working pixels, in ``passed`` seconds), and move on.

        ``weight``, 0..1: how reliable the step is; 0 while they are not visible.
        """
        if passed <= 0.0:
            return
        part = weight * smoothing(passed, MOTION_SECONDS)
        x, y = self.motion
        x += part * (step[0] / passed - x)
        y += part * (step[1] / passed - y)
        self.motion = (x, y)
        self.shape = shifted(self.shape, (x * passed, y * passed))
        self.centre = (self.centre[0] + x * passed, self.centre[1] + y * passed)


def split(
    inside: NDArray[np.bool_],
    where: tuple[slice, slice],
    moved: Mask,
    bins: Cells,
    people: list[Person],
) -> Mask:
    """Return the label of each pixel of a shared region; ``inside`` and the result have its box.

    Each pixel goes to the person of the highest score: log likelihood of its colour, less the
    distance from their shape, plus ``STAY`` for its last owner.
    """
    best = np.full(inside.shape, -np.inf, np.float32)
    label = np.zeros(inside.shape, np.uint8)
    for person in people:
        was = moved[where] == person.label
        outside = np.asarray(~was & (person.shape[where] == 0), np.uint8)
        spread = SPREAD + HIDDEN_SPREAD * person.lost
        away = cv2.distanceTransform(outside, cv2.DIST_L2, 3)
        colour = np.log(person.colours + _FLOOR)[bins[where]]
        score = cv2.blur(colour, (5, 5)) - away / spread + STAY * was
        wins = score > best
        best[wins] = score[wins]
        label[wins] = person.label
    if min(label.shape) > 1:
        label = np.asarray(cv2.medianBlur(label, 5), np.uint8)  # removes islands of a few pixels
    shown = [person.label for person in people if person.visible] or [people[0].label]
    for person in people:
        mine = inside & (label == person.label)
        if np.count_nonzero(mine) < LEAST_SEEN * person.area and person.label != shown[0]:
            label[mine] = shown[0]
    label[~np.isin(label, [person.label for person in people])] = shown[0]
    return label


@lru_cache(maxsize=4)
def grid(height: int, width: int) -> Floats:
    """Return each pixel's coordinates, height x width x (column, row) float32."""
    rows, columns = np.indices((height, width), np.float32)
    return np.stack([columns, rows], -1)


def shifted(shape: Mask, motion: tuple[float, float]) -> Mask:
    """Return a mask moved by ``motion``, (columns, rows) in pixels; what comes in is 0."""
    move = np.array([[1, 0, motion[0]], [0, 1, motion[1]]], np.float32)
    size = (shape.shape[1], shape.shape[0])
    moved = cv2.warpAffine(shape * np.uint8(255), move, size)
    return np.asarray(moved > 127, np.uint8)
