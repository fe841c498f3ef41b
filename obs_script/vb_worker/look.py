"""Looking at a picture: as a whole, closely where people are, and in the mirror.

A network sees small people badly in a picture that was shrunk to its input, and sees the same
picture a little differently in a mirror. So each frame is looked at closely, in boxes around the
people (``crops``). The look at the whole picture, which finds the people, and the mirrored close
look, which is averaged with the plain one, are taken in turn, and used only where nothing has
moved since: what moves is seen by looks at this very frame alone, so nothing trails. Movement
outside the boxes calls for the whole picture at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.crops import Box, Tracker, find_boxes, shows_all
from vb_worker.movement import small_size
from vb_worker.quality import Quality

Probability = NDArray[np.float32]
Picture = NDArray[np.uint8]
Answer = Callable[[Picture], Probability]

CLOSE = 0.85  # weight of the close look against the whole picture's
FADE = 0.03  # of a box's longer side: how softly a box ends inside the picture
MOVING = 0.001  # of the picture's area outside the boxes: from here on people may be coming in
DISTRUST = 0.4  # a close look that sees less than this of whom the whole picture shows is dropped
COOL_DOWN = 30  # frames without close looks after that


class Look:
    """The looks at one stream's frames (or, used once, at a still)."""

    def __init__(self, answer: Answer, quality: Quality) -> None:
        """``answer`` is the model: picture H x W x 3 uint8 RGB in, probability of any size out."""
        self._answer = answer
        self._quality = quality
        self._tracker = Tracker(quality.crops)
        self._whole: Probability | None = None
        self._mirrored: Probability | None = None
        self._valid: Probability | None = None  # 1 where ``_mirrored`` is still so
        self._since_whole = self._since_mirrored = 0
        self._cool = 0
        self.seconds = 0.0
        """Time the model took for the last frame."""

    def __call__(self, picture: Picture, still: Probability | None) -> Probability:
        """Return the probability of the next frame, height x width float32, 0..1.

        ``picture``: H x W x 3 uint8 RGB, the same size every time. ``still``: where it stands
        still since the last frame (``movement``), None on a first frame.
        """
        self.seconds = 0.0
        first = self._whole is None or still is None
        height, width = picture.shape[:2]
        self._since_whole += 1
        self._since_mirrored += 1
        if self._valid is not None and still is not None:
            cv2.multiply(self._valid, still, dst=self._valid)
        boxes = [] if first else self._boxes(width, height)
        if self._whole is None or not boxes or self._whole_is_due(boxes, still):
            self._whole = self._see(picture)
            self._since_whole = 0
        if first:
            self._tracker.boxes = find_boxes(self._whole, self._quality.crops)
            boxes = self._boxes(width, height)
        if not boxes:
            everyone = [(0, 0, width, height)]
            # Nobody there, or no time: no need to look twice.
            if not (self._tracker.boxes and self._quality.close):
                result = self._whole
            else:
                result = self._with_mirror(picture, self._whole, everyone, first)
        else:
            result = self._closely(picture, self._whole, boxes, first)
        self._tracker.update(result)
        return result

    def _boxes(self, width: int, height: int) -> list[Box]:
        """Return the boxes worth a closer look."""
        self._cool = max(0, self._cool - 1)
        if self._cool or not self._quality.close:
            return []
        boxes = self._tracker.boxes
        return [] if any(shows_all(box, width, height) for box in boxes) else boxes

    def _whole_is_due(self, boxes: list[Box], still: Probability | None) -> bool:
        if self._since_whole >= self._quality.every or still is None:
            return True
        moved = still < 0.5
        total = moved.shape[0] * moved.shape[1]
        assert self._whole is not None
        scale = moved.shape[1] / self._whole.shape[1]
        for box in boxes:
            left, top, right, bottom = (round(edge * scale) for edge in box)
            moved[top:bottom, left:right] = False
        return int(np.count_nonzero(moved)) > MOVING * total

    def _closely(
        self, picture: Picture, whole: Probability, boxes: list[Box], first: bool
    ) -> Probability:
        close = whole.copy()
        for number, (left, top, right, bottom) in enumerate(boxes):
            place = np.s_[top:bottom, left:right]
            seen = self._see(picture[place])
            # Where two boxes share a place, who is seen in one of them is there.
            for other in boxes[:number]:
                x, y = max(left, other[0]), max(top, other[1])
                shared = np.s_[y : min(bottom, other[3]), x : min(right, other[2])]
                part = seen[y - top :, x - left :][: close[shared].shape[0], : close[shared].shape[1]]
                np.maximum(part, close[shared], out=part)
            close[place] = seen
        close = self._with_mirror(picture, close, boxes, first)
        result = whole.copy()
        for box in boxes:
            left, top, right, bottom = box
            place = np.s_[top:bottom, left:right]
            if _sure(close[place]) < DISTRUST * _sure(whole[place]):
                self._cool = COOL_DOWN
                return whole
            weight = _weight(box, whole.shape)
            result[place] += weight * (close[place] - whole[place])
        return result

    def _with_mirror(
        self, picture: Picture, plain: Probability, boxes: list[Box], first: bool
    ) -> Probability:
        """Return ``plain`` averaged with the mirrored look where that still holds."""
        # In turn with the whole picture's, so that no frame costs much more than another.
        every = self._quality.every
        due = self._since_mirrored >= every and self._since_whole >= every // 2
        # Where the whole picture is looked at every time, that turn never comes.
        if first or due or self._since_mirrored >= 2 * every:
            self._since_mirrored = 0
            self._mirrored = plain.copy()
            for left, top, right, bottom in boxes:
                place = np.s_[top:bottom, left:right]
                seen = self._see(np.ascontiguousarray(picture[place][:, ::-1]))
                self._mirrored[place] = seen[:, ::-1]
            self._valid = None
        if self._mirrored is None:
            return plain
        if self._valid is None:
            width, height = small_size(plain.shape[1], plain.shape[0])
            self._valid = np.full((height, width), 0.5, np.float32)
            return np.asarray(cv2.addWeighted(plain, 0.5, self._mirrored, 0.5, 0.0), np.float32)
        size = (plain.shape[1], plain.shape[0])
        weight = cv2.resize(self._valid, size, interpolation=cv2.INTER_LINEAR)
        change = cv2.multiply(cv2.subtract(self._mirrored, plain), weight)
        return np.asarray(cv2.add(plain, change), np.float32)

    def _see(self, picture: Picture) -> Probability:
        begin = time.perf_counter()
        seen = self._answer(picture)
        self.seconds += time.perf_counter() - begin
        size = (picture.shape[1], picture.shape[0])
        return np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _sure(probability: Probability) -> int:
    return int(np.count_nonzero(probability > 0.5))


@lru_cache(maxsize=64)
def _weight(box: Box, shape: tuple[int, int]) -> Probability:
    """Return the close look's weight in ``box``: it fades where the box ends in the picture."""
    left, top, right, bottom = box
    fade = max(1.0, FADE * max(right - left, bottom - top))
    across = _ramp(right - left, fade, left > 0, right < shape[1])
    down = _ramp(bottom - top, fade, top > 0, bottom < shape[0])
    return np.asarray(CLOSE * down[:, None] * across[None, :], np.float32)


def _ramp(length: int, fade: float, starts: bool, ends: bool) -> Probability:
    at = np.arange(length, dtype=np.float32) + 0.5
    ramp = np.ones(length, np.float32)
    if starts:
        ramp = np.minimum(ramp, at / fade)
    if ends:
        ramp = np.minimum(ramp, (length - at) / fade)
    return np.asarray(ramp, np.float32)
