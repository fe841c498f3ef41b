"""The clean plate: a picture of the empty room, and what differs from it.

Once the room has been seen empty, a pixel that still looks like it is room, however much the model
takes it for a person (chairs, shelves), and what differs from it and hangs together with the
person is theirs (hands, things they hold), except for their shadow. The plate follows slow changes
of light. When much of what the model calls room no longer looks like the plate, or most of the
plate's edges are elsewhere (a plain wall looks alike after the camera was moved), the plate says
that it does not fit and the model's answer stands alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_link.layout import PLATE_FITS as FITS
from vb_link.layout import PLATE_NONE as NONE
from vb_link.layout import PLATE_TAKING as TAKING
from vb_link.layout import PLATE_UNFIT as UNFIT
from vb_worker.matte.movement import small_size

Plane = NDArray[np.float32]
Picture = NDArray[np.uint8]

FRAMES = 12  # that a plate is the mean of
SOMEBODY = 0.01  # of the picture: with more person than this in it no plate is taken
NOISE_TIMES, NOISE_PLUS = 2.5, 4.0  # difference (0..255) up to which a pixel looks like the plate
SURE_PLUS = 16.0  # and from how much more on it surely differs
ROOM = 0.1  # probability up to which the model calls a pixel room
LEAST_ROOM = 0.05  # of the picture: with less room than this nothing can be said of the fit
MISFIT, FIT = 0.5, 0.3  # share of the room that differs: above for a while unfit, below fit again
MISFIT_FRAMES = 15
EDGE = 24.0  # difference (0..255) of neighbours that makes an edge of the plate
LEAST_EDGES = 0.005  # of the picture: fewer tell nothing
WINDOW = 15  # pixels
UNSUPPORTED, SUPPORTED = 0.2, 0.5  # share that differs around a place: below room, above person
REACH = 0.10  # of the width: how far from the person things are that they hold
BELONGS = 0.3  # share of a differing region that the model takes for a person
FOLLOW = 0.03  # of the way that the plate follows the room a frame
SHADOW = 0.5  # a shadow leaves at least this much of the plate's brightness ...
SHADOW_COLOUR = 0.06  # ... and its colour: channels' ratios differ by no more than this


class Plate:
    """The plate of one stream."""

    def __init__(self, room: Picture | None = None) -> None:
        """``room``: a picture of the empty room (H x W x 3 uint8 RGB) to begin with."""
        self.state = NONE if room is None else FITS
        self._room = room
        self._plate: Plane | None = None  # small, x 3, 0..255
        self._seen: list[Plane] = []
        self._noise = 2.0
        self._misfits = 0

    def take(self) -> None:
        """Take a new plate as soon as nobody is in the picture."""
        self.state, self._plate, self._room, self._seen = TAKING, None, None, []

    def drop(self) -> None:
        """Do without a plate."""
        self.state, self._plate, self._room, self._seen = NONE, None, None, []

    def __call__(self, picture: Picture, probability: Plane) -> Plane:
        """Return the probability corrected by the plate, height x width float32, 0..1.

        ``picture``: height x width x 3 uint8 RGB, the one the probability was made for.
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
            # The same room looked at another way; if it is another room, it will not fit.
            self._plate = np.asarray(cv2.resize(self._plate, size), np.float32)
        if self._plate is None:
            self._take(small, mask)
            return probability
        plate = self._lit(small, mask)
        differs = self._differs(small, plate)
        if not self._fits(differs, mask, plate):
            return probability
        kept, added = _evidence(mask, differs, _shadow(small, plate))
        self._follow(small, np.maximum(mask * kept, added), differs)
        share, more = (
            cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
            for plane in (kept, added)
        )
        return np.asarray(cv2.max(cv2.multiply(probability, share), more), np.float32)

    def _take(self, small: Plane, mask: Plane) -> None:
        if float((mask > 0.5).mean()) > SOMEBODY:
            self._seen = []
            return
        if self._seen and self._seen[0].shape != small.shape:
            self._seen = []
        self._seen.append(small)
        if len(self._seen) == FRAMES:
            self._plate = np.asarray(np.mean(self._seen, 0), np.float32)
            self._noise = float(np.mean(np.abs(self._seen[0] - self._plate)))
            self.state, self._seen, self._misfits = FITS, [], 0

    def _lit(self, small: Plane, mask: Plane) -> Plane:
        """Return the plate as bright as the room is now."""
        room = mask < ROOM
        assert self._plate is not None
        if float(room.mean()) < LEAST_ROOM:
            return self._plate
        some = np.s_[1::3, 1::3]  # as good as all, and quicker
        if not room[some].any():
            return self._plate
        now, before = small[some][room[some]], self._plate[some][room[some]]
        gain = np.median((now + 8.0) / (before + 8.0), axis=0).astype(np.float32)
        return self._plate * gain + (8.0 * gain - 8.0)

    def _differs(self, small: Plane, plate: Plane) -> Plane:
        """Return how surely each pixel differs from the plate, 0..1."""
        red, green, blue = cv2.split(cv2.absdiff(small, plate))
        difference = cv2.blur(cv2.max(cv2.max(red, green), blue), (3, 3))
        least = NOISE_TIMES * self._noise + NOISE_PLUS
        return np.asarray(np.clip((difference - least) / SURE_PLUS, 0.0, 1.0), np.float32)

    def _fits(self, differs: Plane, mask: Plane, plate: Plane) -> bool:
        room = mask < ROOM
        if float(room.mean()) >= LEAST_ROOM:
            share = float((differs[room] > 0.5).mean())
            edges = room & _edges(plate)
            if float(edges.mean()) >= LEAST_EDGES:
                share = max(share, float((differs[edges] > 0.5).mean()))
            if share > MISFIT:
                self._misfits += 1
            elif share < FIT:
                self._misfits = 0
        self.state = UNFIT if self._misfits >= MISFIT_FRAMES else FITS
        return self._misfits == 0

    def _follow(self, small: Plane, corrected: Plane, differs: Plane) -> None:
        assert self._plate is not None
        room = (cv2.dilate(corrected, np.ones((9, 9), np.uint8)) < ROOM) & (differs < 0.5)
        if room.any():
            where = room.astype(np.uint8)
            red, green, blue, _ = cv2.mean(cv2.absdiff(small, self._plate), where)
            self._noise += FOLLOW * ((red + green + blue) / 3 - self._noise)
            cv2.accumulateWeighted(small, self._plate, FOLLOW, where)


def _evidence(mask: Plane, differs: Plane, shadow: NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """Return which share of the mask is kept, and what is added to it."""
    # Someone in the room's colours has holes where they do not differ: it is kept what has enough
    # that differs around it, of what the model takes for a person there. Edges are kept too.
    window = (WINDOW, WINDOW)
    around = cv2.blur(differs * mask, window) / (cv2.blur(mask, window) + 0.02)
    support = np.clip((around - UNSUPPORTED) / (SUPPORTED - UNSUPPORTED), 0.0, 1.0)
    edges = cv2.dilate(differs, np.ones((5, 5), np.uint8))
    kept = np.asarray(np.maximum(edges, support), np.float32)
    # What is added keeps off the edges, which the model and the refinement draw better.
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
    """Say where the picture is the plate made darker, without another colour."""
    red, green, blue = cv2.split((small + 4.0) / (np.maximum(plate, 0.0) + 4.0))
    darkest = cv2.min(cv2.min(red, green), blue)
    brightest = cv2.max(cv2.max(red, green), blue)
    return np.asarray(
        (darkest > SHADOW) & (brightest < 1.0) & (brightest - darkest < SHADOW_COLOUR), np.bool_
    )
