"""Inference on the whole picture, on a crop around the people, and on the mirrored crop.

A network segments small people badly in a picture that was shrunk to its input, and its answer for
a mirrored picture differs a little. So in every frame the model runs on a crop around the people
(``crops``). Inference on the whole picture, which finds the people, and on the mirrored crop, which
is averaged with the plain one (test-time augmentation), alternate between frames; their answers are
reused only where nothing has moved since. Where something moves only this frame's answer counts,
so nothing trails. Movement outside the crop triggers inference on the whole picture at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.matte.crops import Box, Tracker, find_box, shows_all
from vb_worker.matte.movement import small_size
from vb_worker.matte.quality import Quality

Probability = NDArray[np.float32]
Picture = NDArray[np.uint8]
Answer = Callable[[Picture], Probability]

FADE = 0.03  # of the box's longer side: width of the blend at the box's edges inside the picture
MOVING = 0.001  # of the picture's area, outside the box: above, people may be entering


class CloseLook:
    """Inference on the frames of one stream (or, used once, on a still)."""

    def __init__(self, answer: Answer, quality: Quality) -> None:
        """``answer``: the model, from H x W x 3 uint8 RGB to a probability of any size."""
        self._answer = answer
        self._quality = quality
        self._tracker = Tracker()
        self._whole: Probability | None = None
        self._mirrored: Probability | None = None
        # Weight of the mirrored answer: 0.5, and 0 where something has moved since.
        self._share: Probability | None = None
        self._since_whole = self._since_mirrored = 0
        self.seconds = 0.0
        """Time the model took for the last frame."""
        self.crop: tuple[slice, slice] = np.s_[:, :]
        """Where the last frame's answer shows people, as an index: the box, or all."""

    def __call__(self, picture: Picture, still: Probability | None, passed: float) -> Probability:
        """Return the probability of the next frame, height x width float32, 0..1.

        ``picture``: H x W x 3 uint8 RGB. ``still``: stillness since the last frame, 1 still to 0
        moved (``movement``), None on a first frame. ``passed``: seconds since then.
        """
        self.seconds = 0.0
        size = picture.shape[:2]
        if still is None or self._whole is None or self._whole.shape != size:
            self._share = None
            still = None
        elif self._share is not None:
            cv2.multiply(self._share, still, dst=self._share)
        self._since_whole += 1
        self._since_mirrored += 1
        box = None if still is None else self._box(size)
        whole = self._whole
        if whole is None or still is None or box is None or self._whole_is_due(box, still):
            whole = self._whole = self._see(picture)
            self._since_whole = 0
        if still is None and self._quality.close:
            self._tracker.box = find_box(whole)
            box = self._box(size)
        self.crop = np.s_[:, :] if box is None else np.s_[box[1] : box[3], box[0] : box[2]]
        if box is not None:
            result = self._closely(picture, whole, box)
        elif self._tracker.box is not None:
            result = self._with_mirror(picture, whole, (0, 0, size[1], size[0]))
        else:  # nobody in the picture, or no close look is wanted
            result = whole
        if self._quality.close:
            self._tracker.update(result, passed)
            if self._tracker.box is None:
                # Found in the whole picture only: keep a box, so that the next crop rejects it
                # again; without one it would flicker.
                self._tracker.update(whole, 0.0)
        return result

    def _box(self, size: tuple[int, ...]) -> Box | None:
        """Return the box to crop to, None if that would show no more detail."""
        box = self._tracker.box
        if box is None:
            return None
        return None if shows_all(box, size[1], size[0]) else box

    def _whole_is_due(self, box: Box, still: Probability) -> bool:
        if self._since_whole >= self._quality.every:
            return True
        assert self._whole is not None
        moved = still < 0.5
        scale = moved.shape[1] / self._whole.shape[1]
        left, top, right, bottom = (round(edge * scale) for edge in box)
        moved[top:bottom, left:right] = False
        return int(np.count_nonzero(moved)) > MOVING * moved.size

    def _closely(self, picture: Picture, whole: Probability, box: Box) -> Probability:
        left, top, right, bottom = box
        crop = np.s_[top:bottom, left:right]
        close = self._with_mirror(picture, self._see(picture[crop]), box)
        result = whole.copy()
        result[crop] += _weight(box, whole.shape) * (close - whole[crop])
        return result

    def _with_mirror(self, picture: Picture, plain: Probability, box: Box) -> Probability:
        """Return the answer for ``box``, averaged with the mirrored one where that still holds."""
        if not self._quality.mirror:
            return plain
        every = self._quality.every
        left, top, right, bottom = box
        crop = np.s_[top:bottom, left:right]
        height, width = picture.shape[:2]
        small_width, small_height = small_size(width, height)
        # The box in ``_share``, which is smaller than the picture.
        rows = slice(top * small_height // height, -(-bottom * small_height // height))
        columns = slice(left * small_width // width, -(-right * small_width // width))
        # Halfway between two inferences on the whole picture, so that no frame costs much more
        # than another; where every frame has one, ``2 * every`` below decides.
        due = self._since_mirrored >= every and self._since_whole >= every // 2
        if (
            self._mirrored is None
            or self._share is None
            or due
            or self._since_mirrored >= 2 * every
        ):
            seen = self._see(np.ascontiguousarray(picture[crop][:, ::-1]))
            self._mirrored = np.zeros((height, width), np.float32)
            self._mirrored[crop] = seen[:, ::-1]
            self._share = np.zeros((small_height, small_width), np.float32)
            self._share[rows, columns] = 0.5
            self._since_mirrored = 0
        size = (right - left, bottom - top)
        share = cv2.resize(self._share[rows, columns], size, interpolation=cv2.INTER_LINEAR)
        change = cv2.multiply(cv2.subtract(self._mirrored[crop], plain), share, dst=share)
        return np.asarray(cv2.add(plain, change, dst=change), np.float32)

    def _see(self, picture: Picture) -> Probability:
        begin = time.perf_counter()
        seen = self._answer(picture)
        self.seconds += time.perf_counter() - begin
        size = (picture.shape[1], picture.shape[0])
        return np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_LINEAR), np.float32)


@lru_cache(maxsize=64)
def _weight(box: Box, shape: tuple[int, int]) -> Probability:
    """Return the crop's weight in ``box``: it fades at edges that lie inside the picture."""
    left, top, right, bottom = box
    fade = max(1.0, FADE * max(right - left, bottom - top))
    across = _ramp(right - left, fade, left > 0, right < shape[1])
    down = _ramp(bottom - top, fade, top > 0, bottom < shape[0])
    return np.asarray(down[:, None] * across[None, :], np.float32)


def _ramp(length: int, fade: float, starts: bool, ends: bool) -> Probability:
    at = np.arange(length, dtype=np.float32) + 0.5
    ramp = np.ones(length, np.float32)
    if starts:
        ramp = np.minimum(ramp, at / fade)
    if ends:
        ramp = np.minimum(ramp, (length - at) / fade)
    return np.asarray(ramp, np.float32)
