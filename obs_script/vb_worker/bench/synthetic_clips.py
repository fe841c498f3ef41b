"""Synthetic clips of a person in front of a room, made from stills, with exact alpha.

A clip has four parts of equal length: the person stands still; sways slowly (sub-pixel steps and
rotation); stands still while the light changes; sways fast. Noise and JPEG compression are added
to every frame, as webcams do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PARTS = 4
SLOW, FAST = 1, 3  # indices of the swaying parts
STEP = {SLOW: 0.0015, FAST: 0.015}  # largest step per frame, in widths of the picture
TURN = {SLOW: 0.5, FAST: 3.0}  # degrees each way
LIGHT = 0.2  # amplitude of the change of brightness
NOISE = 3.0  # standard deviation, in levels of 0..255
JPEG_QUALITY = 85


@dataclass(frozen=True)
class Clip:
    """What a clip is made of. Pictures RGB uint8, ``alpha`` float32 0..1 of the person's size."""

    person: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    room: NDArray[np.uint8]
    width: int = 640
    height: int = 360
    frames: int = 96
    seed: int = 1

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        """Yield frames (H x W x 3 uint8 RGB, alpha H x W float32), the same ones each time."""
        random = np.random.default_rng(self.seed)
        room = _fill(self.room, self.width, self.height)
        layers = np.dstack([self.person.astype(np.float32) * self.alpha[..., None], self.alpha])
        for shift, turn, light in self._path():
            placed = self._place(layers, shift, turn)
            truth = np.clip(placed[..., 3], 0.0, 1.0)
            picture = (placed[..., :3] + room * (1.0 - truth[..., None])) * light
            picture += random.normal(0.0, NOISE, picture.shape).astype(np.float32)
            yield _compressed(np.rint(picture).clip(0, 255).astype(np.uint8)), truth

    def _path(self) -> Iterator[tuple[float, float, float]]:
        """Yield (shift in pixels, rotation in degrees, factor of brightness) per frame."""
        length = self.frames // PARTS
        for number in range(self.frames):
            part, at = min(number // length, PARTS - 1), (number % length) / length
            # Whole periods of a sine start and end where the person stands still. The fast part
            # has two: with one its steps would lead out of the picture.
            periods = 2 if part == FAST else 1
            phase = 2 * np.pi * periods * at
            reach = STEP.get(part, 0.0) * self.width * length / (2 * np.pi * periods)
            shift = reach * float(np.sin(phase))
            turn = TURN.get(part, 0.0) * float(np.sin(phase))
            light = 1.0 - LIGHT * float(np.sin(np.pi * at)) if part == 2 else 1.0
            yield shift, turn, light

    def _place(self, layers: NDArray[np.float32], shift: float, turn: float) -> NDArray[np.float32]:
        """Warp the person's premultiplied layers into the frame, standing on its lower border."""
        tall, wide = layers.shape[:2]
        scale = 0.85 * min(self.height / tall, self.width / wide)
        # Rotated about the middle of the lower border, a little lower, so that no gap opens.
        move = cv2.getRotationMatrix2D((wide / 2, tall), turn, scale)
        move[0, 2] += self.width / 2 + shift - wide / 2
        move[1, 2] += self.height - tall + 0.03 * self.height
        return np.asarray(
            cv2.warpAffine(layers, move, (self.width, self.height), flags=cv2.INTER_AREA),
            np.float32,
        )


def cut_to_person(
    picture: NDArray[np.uint8], alpha: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]] | None:
    """Return picture and alpha cropped to the person's bounding box; None without a person."""
    rows, columns = np.nonzero((alpha > 0.5).any(1))[0], np.nonzero((alpha > 0.5).any(0))[0]
    if not rows.size:
        return None
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return picture[box], alpha[box]


def drawn_room(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Draw a wall with shelves and boxes and some texture: H x W x 3 uint8 RGB."""
    random = np.random.default_rng(seed)
    room = np.empty((height, width, 3), np.float32)
    room[:] = random.uniform(60, 200, 3)
    room *= np.linspace(0.8, 1.15, width, dtype=np.float32)[None, :, None]
    for _ in range(14):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        w, h = int(random.integers(width // 20, width // 4)), int(random.integers(8, height // 3))
        room[y : y + h, x : x + w] = random.uniform(20, 235, 3)
    grain = cv2.GaussianBlur(random.normal(0, 25, (height, width, 1)).astype(np.float32), (0, 0), 2)
    return np.asarray(np.clip(room + grain[..., None] * 2.0, 0, 255), np.uint8)


def _fill(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float32]:
    """Return the picture scaled to cover the given size, aspect kept, centre crop."""
    tall, wide = picture.shape[:2]
    scale = max(width / wide, height / tall)
    w, h = max(width, round(wide * scale)), max(height, round(tall * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    large = cv2.resize(picture, (w, h), interpolation=how)
    x, y = (w - width) // 2, (h - height) // 2
    return large[y : y + height, x : x + width].astype(np.float32)


def _compressed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    done, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert done
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)
