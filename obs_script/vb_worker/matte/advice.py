"""Says why a mask must be poor, from the small picture and its mask.

A few times a second a look at one frame names what is wrong; a problem counts once it has lasted
for seconds, and is over once it was absent for as long. The limits are set so that ordinary
pictures are silent: ``python -m tests.advice`` counts hits and false alarms.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_link.layout import ADVICE

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

EVERY_SECONDS = 0.5  # between two looks
LASTING_SECONDS = 4.0
WIDTH = 192  # pixels: no look needs more
LEAST_PERSON, LEAST_ROOM = 0.004, 0.05  # of the picture: with less of it nothing is said

# Brightness is 0..255 as in the picture.
DARK_PERSON, DARK_PICTURE = 42, 95  # the person's upper quarter, the picture's highlights
# The brightest of the person, so that dark clothes do not count, and the room's upper quarter.
AGAINST_PERSON, AGAINST_ROOM = 100, 190
FAR_AREA, FAR_LENGTH = 0.03, 0.33  # shares of the picture and of its height
ALIKE_COLOR, ALIKE_EDGE = 9.0, 0.55  # distance in CIELAB, share of the person's outline
BLURRED = 0.16  # of the detail that a sharp picture of the same contrast has
SHOWS = 11.0  # mean change of brightness between two looks, in a screen that shows something
SCREEN_LEAST, SCREEN_MOST, SCREEN_FILLED = 0.015, 0.4, 0.72  # of the picture; of its rectangle
SCREEN_LOOKS = 8  # looks over which that change is averaged
SLOW_MS = 125.0


class Advisor:
    """What is said about one stream: ``word`` is one of ``ADVICE``, "" for nothing."""

    def __init__(self) -> None:
        self.word = ADVICE[0]
        self._looked = -EVERY_SECONDS
        self._begun: dict[str, float] = {}  # when a problem was first seen without a break
        self._ended: dict[str, float] = {}
        self._before: Plane | None = None
        self._change: Plane | None = None

    def __call__(self, frame: Picture, alpha: Picture, milliseconds: float, now: float) -> str:
        """Return the word for the frame (H x W x 4 uint8 RGBA) with this alpha (uint8).

        ``milliseconds``: what a mask takes. ``now`` in seconds.
        """
        if now - self._looked < EVERY_SECONDS:
            return self.word
        self._looked = now
        seen = self._seen(frame, alpha)
        if milliseconds > SLOW_MS:
            seen.add("slow")
        for word in ADVICE[1:]:
            if word in seen:
                self._begun.setdefault(word, now)
                self._ended.pop(word, None)
            elif now - self._ended.setdefault(word, now) >= LASTING_SECONDS or word != self.word:
                self._begun.pop(word, None)
        lasting = [w for w in ADVICE[1:] if now - self._begun.get(w, now) >= LASTING_SECONDS]
        self.word = lasting[0] if lasting else ADVICE[0]
        return self.word

    def _seen(self, frame: Picture, alpha: Picture) -> set[str]:
        picture, mask = _small(frame, alpha)
        look = Look(picture, mask)
        seen = {word for word, is_so in CHECKS.items() if look.tells and is_so(look)}
        if self._shows_screen(look):
            seen.add("screen")
        return seen

    def _shows_screen(self, look: Look) -> bool:
        """Return whether a rectangle of the room has kept changing, as a film or a game does."""
        light = look.light.astype(np.float32)
        before, self._before = self._before, light
        if before is None or before.shape != light.shape:
            self._change = None
            return False
        change = np.abs(light - before)
        known = self._change
        if known is None:
            known = np.zeros_like(change)
        self._change = known + (change - known) / SCREEN_LOOKS
        active = (self._change > SHOWS) & ~cv2.dilate(look.person.astype(np.uint8), RIM).astype(
            bool
        )
        plane = cv2.morphologyEx(active.astype(np.uint8), cv2.MORPH_CLOSE, RIM)
        _, _, stats, _ = cv2.connectedComponentsWithStats(plane)
        for _left, _top, wide, high, area in stats[1:]:
            share = area / active.size
            filled = area / (wide * high)
            if SCREEN_LEAST < share < SCREEN_MOST and filled > SCREEN_FILLED:
                return True
        return False


RIM = np.ones((7, 7), np.uint8)


class Look:
    """A small picture (H x W x 3 uint8 RGB) and what is measured on it more than once."""

    def __init__(self, picture: Picture, alpha: Picture) -> None:
        self.picture = picture
        self.light = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        self.person: Mask = alpha >= 128
        self.room: Mask = cv2.dilate((alpha > 24).astype(np.uint8), RIM) == 0
        self.share = float(self.person.mean())
        self.tells = self.share >= LEAST_PERSON and float(self.room.mean()) >= LEAST_ROOM

    def percentile(self, where: Mask, percent: float) -> float:
        """Return a percentile of the brightness in a part of the picture."""
        return float(np.percentile(self.light[where], percent))


def is_dark(look: Look) -> bool:
    """Return whether there is too little light."""
    everywhere = np.ones_like(look.person)
    return (
        look.percentile(look.person, 75) < DARK_PERSON
        and look.percentile(everywhere, 95) < DARK_PICTURE
    )


def is_against_light(look: Look) -> bool:
    """Return whether the light comes from behind: a dark person before a bright room."""
    return (
        look.percentile(look.person, 95) < AGAINST_PERSON
        and look.percentile(look.room, 75) > AGAINST_ROOM
    )


def is_far(look: Look) -> bool:
    """Return whether the person is small in the picture."""
    rows = np.flatnonzero(look.person.any(axis=1))
    columns = np.flatnonzero(look.person.any(axis=0))
    length = max(np.ptp(rows) / look.person.shape[0], np.ptp(columns) / look.person.shape[1])
    return look.share < FAR_AREA and float(length) < FAR_LENGTH


def is_alike(look: Look) -> bool:
    """Return whether the person has the colour of the room along most of the outline."""
    lab = cv2.cvtColor(look.picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    planes = []
    for part in (look.person, look.room):
        weight = cv2.erode(part.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        total = cv2.blur(weight, (21, 21))
        mean = cv2.blur(lab * weight[..., None], (21, 21)) / np.maximum(total, 1e-6)[..., None]
        planes.append((mean, total > 0.04))
    (inside, near), (outside, beyond) = planes
    outline = cv2.morphologyEx(look.person.astype(np.uint8), cv2.MORPH_GRADIENT, RIM[:3, :3]) > 0
    outline &= near & beyond
    if not outline.any():
        return False
    distance = np.linalg.norm(inside - outside, axis=2)[outline]
    return float(np.mean(distance < ALIKE_COLOR)) > ALIKE_EDGE


def is_blurred(look: Look) -> bool:
    """Return whether the person has far less detail than such a picture should have: its fine
    differences are small beside its coarse ones.
    """
    where = cv2.erode(look.person.astype(np.uint8), RIM).astype(bool)
    if where.mean() < LEAST_PERSON:
        return False
    light = look.light.astype(np.float32)
    fine = light - cv2.GaussianBlur(light, (0, 0), 0.8)
    coarse = cv2.GaussianBlur(light, (0, 0), 2.0) - cv2.GaussianBlur(light, (0, 0), 6.0)
    contrast = float(np.std(coarse[where]))
    return contrast > 4.0 and float(np.std(fine[where])) < BLURRED * contrast


CHECKS: dict[str, Callable[[Look], bool]] = {
    "dark": is_dark,
    "backlight": is_against_light,
    "far": is_far,
    "alike": is_alike,
    "blurred": is_blurred,
}


def _small(frame: Picture, alpha: Picture) -> tuple[Picture, Picture]:
    height, width = frame.shape[:2]
    scale = min(1.0, WIDTH / max(width, height))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    picture = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    if picture.shape[2] == 4:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB)
    mask = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    return np.asarray(picture, np.uint8), np.asarray(mask, np.uint8)
