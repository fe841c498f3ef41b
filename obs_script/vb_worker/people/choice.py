"""Keeping one of several people in the mask: the largest, the most central, or a tracked one."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.people.shapes import Person
from vb_worker.people.tracker import People
from vb_worker.time_step import LONGEST_STEP

MODES = ("all", "largest", "central", "follow")
# Hysteresis: another person takes over only when better by this much for this long.
LARGER = 1.3  # times the area
NEARER = 0.08  # of the picture's width, to the middle
CHANGE_SECONDS = 0.5


def point_of(mode: str, x: float, y: float) -> tuple[str, float, float]:
    """Return what ``PersonChoice.set`` takes for values that may be anything.

    An unknown mode becomes "all"; a point outside the picture (or NaN) is moved into it. Modes
    that need no point get the middle, so that moving it does not restart the choice.
    """
    if mode not in MODES:
        return "all", 0.5, 0.5
    if mode != "follow":
        return mode, 0.5, 0.5
    inside = np.clip(np.nan_to_num([x, y], nan=0.5), 0.0, 1.0)
    return mode, float(inside[0]), float(inside[1])


class PersonChoice:
    """The choice for one stream, with its state. ``x``, ``y``: fractions of the picture, 0..1.

    "follow" starts with the person nearest to (x, y). While they are hidden nobody is shown; after
    ``tracker.FORGET_SECONDS`` the person nearest to their last place takes over.
    """

    def __init__(
        self,
        mode: str = "all",
        x: float = 0.5,
        y: float = 0.5,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """``clock`` returns seconds. Raises ValueError for an unknown mode."""
        self._clock = clock
        self._clocked, self._now = clock(), 0.0
        self._mode, self._x, self._y = "all", 0.5, 0.5
        self.reset()
        self.set(mode, x, y)

    def set(self, mode: str, x: float = 0.5, y: float = 0.5) -> None:
        """Set the choice; a changed one restarts. Raises ValueError for an unknown mode."""
        if mode not in MODES:
            raise ValueError(f"{mode!r} is not one of {', '.join(MODES)}")
        if (mode, x, y) != (self._mode, self._x, self._y):
            self._mode, self._x, self._y = mode, x, y
            self._chosen = 0
            self._place = (x, y)
            if mode == "all":
                self.reset()

    @property
    def chooses(self) -> bool:
        """Whether anyone is left out."""
        return self._mode != "all"

    def reset(self) -> None:
        """Forget everyone; the next picture counts as the first."""
        self._people = People()
        self._chosen = 0  # a label, 0: nobody yet
        self._place = (self._x, self._y)  # where the chosen person was last, 0..1
        self._rival, self._since = 0, 0.0

    def __call__(
        self,
        probability: NDArray[np.float32],
        picture: NDArray[np.uint8],
        instances: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return the probability of the chosen person alone: height x width float32, 0..1.

        ``probability``: height x width float32; not written to, and returned itself for "all".
        ``picture``: RGB or RGBA uint8 of the same view. ``instances``: count x height x width
        float32, a mask per person, from models that tell people apart.
        """
        if self._mode == "all":
            return probability
        clocked = self._clock()
        self._now += min(clocked - self._clocked, LONGEST_STEP)
        self._clocked = clocked
        owner = self._people.update(probability, picture, self._now, instances)
        self._choose(self._now)
        return _kept(probability, owner, self._chosen)

    def _choose(self, now: float) -> None:
        people = self._people.people
        seen = [person for person in people.values() if person.visible]
        chosen = people.get(self._chosen)
        if self._mode == "follow":
            if chosen is None and seen:
                chosen = min(seen, key=self._distance)
        elif seen and (chosen is None or now - chosen.seen > CHANGE_SECONDS):
            chosen = max(seen, key=self._merit)
        elif chosen is not None and chosen.visible:
            chosen = self._better(chosen, seen, now)
        self._chosen = chosen.label if chosen is not None else 0
        if chosen is not None:
            chosen.born = -np.inf  # so that they are never absorbed as a newcomer
            height, width = self._people.owner.shape
            self._place = (chosen.centre[0] / width, chosen.centre[1] / height)

    def _distance(self, person: Person) -> float:
        """Return the squared distance of the person from the last place, in working pixels."""
        height, width = self._people.owner.shape
        rows, columns = np.nonzero(self._people.owner == person.label)
        x, y = self._place[0] * width, self._place[1] * height
        return float(((columns - x) ** 2 + (rows - y) ** 2).min())

    def _merit(self, person: Person) -> float:
        if self._mode == "largest":
            return float(np.count_nonzero(self._people.owner == person.label))
        height, width = self._people.owner.shape
        x, y = person.centre
        return -float(np.hypot(x / width - 0.5, (y - height / 2) / width))

    def _better(self, chosen: Person, seen: list[Person], now: float) -> Person:
        """Return the chosen person, or another who has been clearly better for a while."""
        best = max(seen, key=self._merit)
        merit, old = self._merit(best), self._merit(chosen)
        clearly = merit > old * LARGER if self._mode == "largest" else merit > old + NEARER
        if best.label == chosen.label or not clearly:
            self._rival = 0
            return chosen
        if self._rival != best.label:
            self._rival, self._since = best.label, now
        if now - self._since < CHANGE_SECONDS:
            return chosen
        self._rival = 0
        return best


def _kept(
    probability: NDArray[np.float32], owner: NDArray[np.uint8], label: int
) -> NDArray[np.float32]:
    """Return the probability where the nearest owned pixel is ``label``'s, else 0.

    So everyone keeps their soft edge, up to halfway between two people.
    """
    owned = owner > 0
    if not label or not owned.any():
        return np.zeros_like(probability)
    if (owner[owned] == label).all():
        return probability
    _, nearest = cv2.distanceTransformWithLabels(
        np.asarray(~owned, np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    owner_of[nearest[owned]] = owner[owned]
    weight = np.asarray(owner_of[nearest] == label, np.float32)
    height, width = probability.shape
    weight = np.asarray(cv2.resize(weight, (width, height)), np.float32)
    return np.asarray(cv2.multiply(probability, weight), np.float32)
