"""The clean plate: background subtraction with a picture of the empty room.

A pixel that looks like the plate is room even where the model takes it for a person (chairs,
shelves). What differs from the plate and is connected to the person belongs to them (hands, objects
they hold), except for their shadow. The plate follows slow changes of light. When much of what the
model calls room differs from the plate, or most of the plate's edges have moved (a plain wall looks
the same after the camera was moved), the plate reports that it does not fit, and the model's answer
is used alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_link.layout import PLATE_FITS as FITS
from vb_link.layout import PLATE_NONE as NONE
from vb_link.layout import PLATE_TAKING as TAKING
from vb_link.layout import PLATE_UNFIT as UNFIT
from vb_worker.matte.movement import small_size
from vb_worker.time_step import LONGEST_STEP, smoothing

Plane = NDArray[np.float32]
Picture = NDArray[np.uint8]

TAKE_SECONDS = 0.36  # of an empty room, which a plate is the mean of, and
LEAST_FRAMES = 3  # at least this number of frames
SOMEBODY = 0.01  # of the picture: no plate is taken while more than this is person
NOISE_TIMES, NOISE_PLUS = 2.5, 4.0  # difference (0..255) up to which a pixel looks like the plate
SURE_PLUS = 16.0  # difference above that from which it surely differs
ROOM = 0.1  # probability below which the model calls a pixel room
LEAST_ROOM = 0.05  # of the picture: with less room the fit cannot be judged
TELLING = 32.0  # brightness (0..255) of pixels that a change of light is measured on,
ENOUGH = 0.05  # if at least this share of the room is as bright
MISFIT, FIT = 0.5, 0.3  # share of the room that differs: unfit above for a while, fits again below
MISFIT_SECONDS = 0.5
EDGE = 24.0  # difference (0..255) between neighbours that is an edge of the plate
LEAST_EDGES = 0.005  # of the picture: fewer say nothing about the fit
WINDOW = 15  # pixels
UNSUPPORTED, SUPPORTED = 0.2, 0.5  # share that differs around a pixel: room below, person above
REACH = 0.10  # of the width: distance from the person up to which an object may be held
BELONGS = 0.3  # share of a differing region that the model takes for a person
FOLLOW_SECONDS = 1.1  # time constant with which the plate follows the room
SHADOW = 0.5  # a shadow leaves at least this much of the plate's brightness ...
SHADOW_COLOUR = 0.06  # ... and its colour: channels' ratios differ by no more than this


@dataclass
class _Taken:
    """Frames of the empty room so far: the first one and the sum of all (small, x 3)."""

    first: Plane
    total: Plane
    count: int = 1
    seconds: float = 0.0


class Plate:
    """The plate of one stream."""

    def __init__(self, room: Picture | None = None) -> None:
        """``room``: a picture of the empty room (H x W x 3 uint8 RGB), if there is one."""
        self.state = NONE if room is None else FITS
        self._room = room
        self._plate: Plane | None = None  # small, x 3, 0..255
        self._taken: _Taken | None = None
        self._noise = 2.0
        self._misfit: float | None = None  # seconds without a fit; None: it fits

    def take(self) -> None:
        """Take a new plate as soon as nobody is in the picture."""
        self.state, self._plate, self._room, self._taken = TAKING, None, None, None

    def drop(self) -> None:
        """Remove the plate."""
        self.state, self._plate, self._room, self._taken = NONE, None, None, None

    def __call__(self, picture: Picture, probability: Plane, passed: float) -> Plane:
        """Return the probability corrected by the plate, height x width float32, 0..1.

        ``picture``: height x width x 3 uint8 RGB, which the probability was made from.
        ``passed``: seconds since the last one.
        """
        if self.state == NONE:
            return probability
        height, width = probability.shape
        size = small_size(width, height)
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
        mask = np.asarray(cv2.resize(probability, size, interpolation=cv2.INTER_AREA), np.float32)
        if self._plate is None and self._room is not None:
            room = cv2.resize(self._room, size, interpolation=cv2.INTER_AREA)
            self._plate, self._room = np.asarray(room, np.float32), None
        if self._plate is not None and self._plate.shape != small.shape:
            # The same room at another size; if it is another room, it will not fit.
            self._plate = np.asarray(cv2.resize(self._plate, size), np.float32)
        if self._plate is None:
            self._take(small, mask, passed)
            return probability
        plate = self._lit(small, mask)
        differs = self._differs(small, plate)
        if not self._fits(differs, mask, plate, passed):
            return probability
        kept, added = _evidence(mask, differs, _shadow(small, plate))
        self._follow(small, plate, np.maximum(mask * kept, added), differs, passed)
        share, more = (
            cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
            for plane in (kept, added)
        )
        return np.asarray(cv2.max(cv2.multiply(probability, share), more), np.float32)

    def _take(self, small: Plane, mask: Plane, passed: float) -> None:
        if float((mask > 0.5).mean()) > SOMEBODY:
            self._taken = None
            return
        taken = self._taken
        if taken is None or taken.first.shape != small.shape:
            self._taken = _Taken(small, small.copy())
            return
        cv2.accumulate(small, taken.total)
        taken.count += 1
        taken.seconds += min(passed, LONGEST_STEP)
        if taken.seconds >= TAKE_SECONDS and taken.count >= LEAST_FRAMES:
            self._plate = taken.total / np.float32(taken.count)
            # The mean includes the first frame, so their difference understates its noise.
            apart = float(np.mean(np.abs(taken.first - self._plate)))
            self._noise = apart / (1.0 - 1.0 / taken.count) ** 0.5
            self.state, self._taken, self._misfit = FITS, None, None

    def _lit(self, small: Plane, mask: Plane) -> Plane:
        """Return the plate with the brightness of the room now."""
        room = mask < ROOM
        assert self._plate is not None
        if float(room.mean()) < LEAST_ROOM:
            return self._plate
        some = np.s_[1::3, 1::3]  # a ninth of the pixels, which is as good and faster
        if not room[some].any():
            return self._plate
        gain = _gain(small[some][room[some]], self._plate[some][room[some]])
        return self._plate * gain + (8.0 * gain - 8.0)

    def _differs(self, small: Plane, plate: Plane) -> Plane:
        """Return how surely each pixel differs from the plate, 0..1."""
        red, green, blue = cv2.split(cv2.absdiff(small, plate))
        difference = cv2.blur(cv2.max(cv2.max(red, green), blue), (3, 3))
        least = NOISE_TIMES * self._noise + NOISE_PLUS
        return np.asarray(np.clip((difference - least) / SURE_PLUS, 0.0, 1.0), np.float32)

    def _fits(self, differs: Plane, mask: Plane, plate: Plane, passed: float) -> bool:
        room = mask < ROOM
        if float(room.mean()) >= LEAST_ROOM:
            share = float((differs[room] > 0.5).mean())
            edges = room & _edges(plate)
            if float(edges.mean()) >= LEAST_EDGES:
                share = max(share, float((differs[edges] > 0.5).mean()))
            if share > MISFIT:
                self._misfit = (self._misfit or 0.0) + min(passed, LONGEST_STEP)
            elif share < FIT:
                self._misfit = None
        lasts = self._misfit is not None and self._misfit >= MISFIT_SECONDS
        self.state = UNFIT if lasts else FITS
        return self._misfit is None

    def _follow(
        self, small: Plane, lit: Plane, corrected: Plane, differs: Plane, passed: float
    ) -> None:
        """Move the plate towards the visible room; where it is hidden, only towards its light."""
        assert self._plate is not None
        room = (cv2.dilate(corrected, np.ones((9, 9), np.uint8)) < ROOM) & (differs < 0.5)
        if room.any():
            where = room.astype(np.uint8)
            part = smoothing(min(passed, FOLLOW_SECONDS), FOLLOW_SECONDS)
            # Compared with the lit plate: a change of light is no noise.
            red, green, blue, _ = cv2.mean(cv2.absdiff(small, lit), where)
            self._noise += part * ((red + green + blue) / 3 - self._noise)
            target = lit.copy()
            cv2.copyTo(small, where, target)
            cv2.accumulateWeighted(target, self._plate, part)


def _gain(now: Plane, before: Plane) -> NDArray[np.float32]:
    """Return the gain of pixels (n x 3 float32) for red, green and blue: the median ratio.

    A channel that too few pixels are bright in gets the gain of the others.
    """
    ratio = (now + 8.0) / (before + 8.0)
    telling = before >= TELLING
    if not telling.any():
        return np.asarray(np.median(ratio, axis=0), np.float32)
    enough = np.count_nonzero(telling, axis=0) >= ENOUGH * len(before)
    every = None if enough.all() else np.median(ratio[telling])
    gains = [
        np.median(ratio[telling[:, channel], channel]) if enough[channel] else every
        for channel in range(3)
    ]
    return np.array(gains, np.float32)


def _evidence(mask: Plane, differs: Plane, shadow: NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """Return the share of the mask that is kept, and what is added to it: planes of 0..1."""
    # Clothes in the room's colours do not differ from it and would be holes: a pixel is kept if
    # enough of the mask around it differs. Edges are kept too.
    window = (WINDOW, WINDOW)
    around = cv2.blur(differs * mask, window) / (cv2.blur(mask, window) + 0.02)
    support = np.clip((around - UNSUPPORTED) / (SUPPORTED - UNSUPPORTED), 0.0, 1.0)
    edges = cv2.dilate(differs, np.ones((5, 5), np.uint8))
    kept = np.asarray(np.maximum(edges, support), np.float32)
    # What is added stays inside the edges, which the model and the refinement draw better.
    own = cv2.erode(np.where(shadow, np.float32(0.0), differs), np.ones((3, 3), np.uint8))
    person = mask * kept > 0.5
    reach = 2 * round(REACH * mask.shape[1]) + 1
    near = cv2.dilate(person.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    regions = ((own > 0.5) & near).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(regions, connectivity=4)
    inside = np.bincount(labels[person], minlength=count) / np.maximum(stats[:, 4], 1)
    belongs = inside >= BELONGS
    belongs[0] = False
    return kept, np.asarray(np.where(belongs[labels], own, 0.0), np.float32)


def _edges(plate: Plane) -> NDArray[np.bool_]:
    steps = cv2.morphologyEx(plate, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return np.asarray(steps.max(-1) > EDGE, np.bool_)


def _shadow(small: Plane, plate: Plane) -> NDArray[np.bool_]:
    """Return where the picture is the plate, darker but of the same colour."""
    red, green, blue = cv2.split((small + 4.0) / (np.maximum(plate, 0.0) + 4.0))
    darkest = cv2.min(cv2.min(red, green), blue)
    brightest = cv2.max(cv2.max(red, green), blue)
    return np.asarray(
        (darkest > SHADOW) & (brightest < 1.0) & (brightest - darkest < SHADOW_COLOUR), np.bool_
    )
