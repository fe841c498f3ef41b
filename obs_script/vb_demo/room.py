"""A drawn, empty room: what a webcam on a desk would show with nobody in front of it.

Everything is placed in shares of the picture's height and width, so that it looks the same at any
size; the random parts come from generators whose streams are frozen, so that it is the same
picture on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Union

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Canvas = npt.NDArray[np.floating[Any]]
Colour = tuple[float, float, float]
Paint = Union[Colour, Callable[[Canvas, Canvas], npt.NDArray[Any]]]
Points = list[tuple[float, float]]
Box = tuple[float, float, float, float]  # left, top, right, bottom
Area = tuple[slice, slice]

EVERYWHERE: Area = (slice(None), slice(None))

OVERSAMPLING = 2
SHIFT = 4  # sub-pixel bits of OpenCV's drawing calls

WALL: Colour = (178, 190, 198)
WOOD: Colour = (62, 92, 132)
BOOKS: tuple[Colour, ...] = (
    (70, 62, 150), (128, 92, 52), (74, 120, 72), (60, 128, 190), (150, 138, 120), (92, 60, 84),
    (196, 206, 214), (58, 74, 66), (110, 70, 40), (84, 96, 176), (120, 150, 160), (44, 44, 52),
)  # fmt: skip


def _corners(box: Box) -> Points:
    x0, y0, x1, y1 = box
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


class _Painter:
    """Draws shapes given in shares of the picture's width (x) and height (y)."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.canvas: Canvas = np.zeros((height, width, 3), np.float32)
        x = (np.arange(width, dtype=np.float32) + 0.5) / width
        y = (np.arange(height, dtype=np.float32) + 0.5) / height
        self.x, self.y = np.meshgrid(x, y)
        self.aspect = width / height

    def mask(self, points: Points, soft: float = 0.0) -> tuple[Area, Canvas]:
        """Return a polygon's bounding area and its coverage there in 0..1.

        ``soft`` is the standard deviation of its edge blur as a share of the height.
        """
        corners = np.array(points) * (self.width, self.height)
        margin = 2 + 4 * soft * self.height
        x0, y0 = (max(0, int(v)) for v in corners.min(axis=0) - margin)
        x1, y1 = (int(v) + 1 for v in corners.max(axis=0) + margin)
        x1, y1 = max(min(x1, self.width), x0 + 1), max(min(y1, self.height), y0 + 1)
        drawn: npt.NDArray[Any] = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fine = np.round((corners - (x0, y0)) * (1 << SHIFT)).astype(np.int32)
        cv2.fillPoly(drawn, [fine], 255, cv2.LINE_AA, SHIFT)
        if soft:
            drawn = cv2.GaussianBlur(drawn, (0, 0), soft * self.height)
        coverage = np.asarray(drawn / np.float32(255), np.float32)
        area = (slice(y0, y1), slice(x0, x1))
        return area, coverage[: self.height - y0, : self.width - x0]

    def fill(self, coverage: Canvas, colour: Colour, area: Area = EVERYWHERE) -> None:
        part = self.canvas[area]
        part += coverage[..., None] * (np.asarray(colour, np.float32) - part)

    def polygon(self, points: Points, paint: Paint, soft: float = 0.0) -> None:
        """Fill a polygon with a colour, or with ``paint(x, y)`` for shares x and y."""
        area, coverage = self.mask(points, soft)
        part = self.canvas[area]
        colour = paint(self.x[area], self.y[area]) if callable(paint) else np.array(paint)
        part += coverage[..., None] * (colour.astype(np.float32) - part)

    def box(self, box: Box, paint: Paint, soft: float = 0.0) -> None:
        self.polygon(_corners(box), paint, soft)

    def shadow(self, box: Box, depth: float, soft: float) -> None:
        """Darken a soft box by ``depth`` in 0..1."""
        area, coverage = self.mask(_corners(box), soft)
        self.canvas[area] *= (1 - depth * coverage)[..., None]

    def glow(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Add a round light centred at (x, y), with ``radius`` as a share of the height."""
        distance = ((self.x - x) * self.aspect) ** 2 + (self.y - y) ** 2
        light = np.exp(-distance / (2 * radius * radius))
        self.canvas += light[..., None] * np.asarray(colour, np.float32)

    def cloudy(self, seed: int, cells: int) -> Canvas:
        """Return smooth noise around 0 with ``cells`` bumps over the height."""
        state = np.random.RandomState(seed)
        small = state.standard_normal((cells, round(cells * self.aspect) + 1)).astype(np.float32)
        return np.asarray(
            cv2.resize(small, (self.width, self.height), interpolation=cv2.INTER_CUBIC), np.float32
        )


def _shaded(shade: Canvas, colour: Colour | npt.NDArray[Any]) -> npt.NDArray[Any]:
    return shade[..., None] * np.asarray(colour, np.float32)


def _round(
    x: Canvas,
    _y: Canvas,
    *,
    left: float,
    width: float,
    dark: float,
    light: float,
    colour: Colour | npt.NDArray[Any],
) -> npt.NDArray[Any]:
    """Shade an upright cylinder: bright in the middle, dark at its sides."""
    across = np.clip((x - left) / width, 0, 1)
    return _shaded(dark + light * np.sin(np.pi * across), colour)


def _wall(painter: _Painter) -> None:
    light = 1.08 - 0.34 * painter.x + 0.05 * (0.5 - painter.y)
    light += 0.012 * painter.cloudy(1, 5) + 0.008 * painter.cloudy(2, 90)
    painter.canvas[:] = light[..., None] * np.asarray(WALL, np.float32)
    # Skirting board and a strip of floor.
    painter.box((0, 0.93, 1, 0.965), (205, 212, 216))
    painter.box((0, 0.965, 1, 1), (70, 96, 128))
    painter.shadow((0, 0.92, 1, 0.932), 0.25, 0.003)


def _window(painter: _Painter) -> None:
    x0, y0, x1, y1 = 0.035, 0.05, 0.255, 0.60
    painter.shadow((x0 - 0.01, y0, x1 + 0.02, y1 + 0.04), 0.22, 0.015)
    painter.box((x0 - 0.012, y0 - 0.02, x1 + 0.012, y1 + 0.02), (226, 230, 232))
    painter.box(
        (x0, y0, x1, y1),
        lambda x, y: np.stack([252 - 6 * y, 238 + 14 * y, 222 + 40 * y], axis=-1),
    )  # fmt: skip
    pane = np.zeros_like(painter.x)
    area, coverage = painter.mask([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    pane[area] = coverage
    # The outside: clouds, hills, a tree; far out of focus and overexposed.
    clouds = np.clip(painter.cloudy(7, 7) - 0.3, 0, 1) * pane * (painter.y < 0.42)
    painter.fill(clouds.astype(np.float32), (255, 254, 252))
    for base, height, colour, phase in (
        (0.46, 0.035, (196, 206, 178), 0.4),
        (0.52, 0.030, (128, 178, 140), 2.0),
    ):
        line = base + height * np.sin(painter.x * 31 + phase)
        hill = np.clip((painter.y - line) / 0.02, 0, 1) * pane
        painter.fill(hill.astype(np.float32), colour)
    tree = np.zeros_like(pane)
    rng = random.Random(3)
    xs, ys = painter.x[area], painter.y[area]
    for _ in range(70):
        angle, radius = rng.uniform(0, 2 * np.pi), rng.random() ** 0.6
        cx, cy = 0.208 + 0.038 * radius * np.cos(angle), 0.36 + 0.11 * radius * np.sin(angle)
        distance = ((xs - cx) * painter.aspect) ** 2 + (ys - cy) ** 2
        tree[area] = np.maximum(
            tree[area], np.exp(-distance / (2 * rng.uniform(0.012, 0.024) ** 2))
        )
    painter.fill((0.85 * tree * pane).astype(np.float32), (84, 150, 104))
    # Glazing bars and sill.
    middle = (x0 + x1) / 2
    painter.box((middle - 0.005, y0, middle + 0.005, y1), (218, 222, 226))
    painter.box((x0, 0.27, x1, 0.285), (218, 222, 226))
    painter.box((x0 - 0.022, y1 + 0.018, x1 + 0.022, y1 + 0.045), (232, 236, 238))
    painter.shadow((x0 - 0.022, y1 + 0.045, x1 + 0.022, y1 + 0.065), 0.3, 0.006)
    # A curtain with folds.
    edge = [(0.0, 0.0), (0.062, 0.0), (0.058, 0.4), (0.050, 0.72), (0.0, 0.74)]
    painter.polygon(
        edge,
        lambda x, y: _shaded(
            0.86 + 0.14 * np.sin(x * 2 * np.pi / 0.0165 + 1.2 * np.sin(y * 3)), (168, 150, 120)
        ),
    )
    painter.glow(0.15, 0.3, 0.30, (34, 32, 28))


def _books(
    painter: _Painter, ends: tuple[float, float], floor: float, height: float, seed: int
) -> None:
    """Fill a shelf of ``height`` between two ends with books."""
    x0, x1 = ends
    rng = random.Random(seed)
    x = x0 + 0.003
    while x < x1 - 0.014:
        if rng.random() < 0.10:
            x += rng.uniform(0.008, 0.020)
            continue
        width = rng.uniform(0.008, 0.017)
        tall = height * rng.uniform(0.66, 0.95)
        lean = rng.uniform(-0.004, 0.004) if rng.random() < 0.2 else 0.0
        colour = np.asarray(rng.choice(BOOKS), np.float32) * rng.uniform(0.85, 1.1)
        right = min(x + width, x1)
        # A spine is round: bright in the middle, dark at its sides.
        corners = [
            (x + lean, floor - tall), (right + lean, floor - tall), (right, floor), (x, floor)
        ]  # fmt: skip
        painter.polygon(
            corners, partial(_round, left=x, width=width, dark=0.72, light=0.36, colour=colour)
        )
        if rng.random() < 0.7:
            top = floor - tall * rng.uniform(0.70, 0.85)
            blue, green, red = np.minimum(colour * 0.5 + 120, 235)
            painter.box(
                (x + width * 0.2, top, right - width * 0.2, top + tall * 0.09), (blue, green, red)
            )
        x += width + 0.0006


def _shelf(painter: _Painter) -> None:
    x0, y0, x1, y1 = 0.755, 0.075, 0.985, 0.935
    painter.shadow((x0 - 0.018, y0 + 0.02, x1 + 0.01, y1), 0.35, 0.018)
    painter.box(
        (x0, y0, x1, y1),
        lambda x, y: _shaded(1 + 0.05 * np.sin(x * 900 + 6 * np.sin(y * 19 + x * 40)), WOOD),
    )  # fmt: skip
    levels = (0.29, 0.505, 0.715, 0.915)
    top = y0 + 0.018
    for number, floor in enumerate(levels):
        painter.box((x0 + 0.009, top, x1 - 0.009, floor), (48, 66, 88))
        painter.shadow((x0 + 0.009, top, x1 - 0.009, top + 0.05), 0.45, 0.012)
        end = x1 - 0.012 if number != 1 else x0 + 0.125
        _books(painter, (x0 + 0.010, end), floor, floor - top, 11 + number)
        if number == 1:
            _vase(painter, x0 + 0.165, floor)
        painter.shadow((x0 + 0.009, top, x1 - 0.009, top + 0.03), 0.25, 0.01)
        top = floor + 0.018
    painter.box((x0, y0 - 0.012, x1, y0 + 0.006), (82, 116, 160))


def _vase(painter: _Painter, x: float, floor: float) -> None:
    profile = [(0.010, 0.0), (0.020, 0.05), (0.019, 0.08), (0.008, 0.115), (0.011, 0.13)]
    left = [(x - half, floor - up) for half, up in profile]
    right = [(x + half, floor - up) for half, up in reversed(profile)]
    painter.polygon(
        left + right,
        partial(_round, left=x - 0.02, width=0.036, dark=0.65, light=0.5, colour=(190, 168, 128)),
    )


def _picture_frame(painter: _Painter) -> None:
    x0, y0, x1, y1 = 0.315, 0.10, 0.405, 0.335
    painter.shadow((x0 + 0.004, y0 + 0.012, x1 + 0.008, y1 + 0.018), 0.4, 0.008)
    painter.box((x0, y0, x1, y1), (44, 52, 60))
    painter.box((x0 + 0.006, y0 + 0.011, x1 - 0.006, y1 - 0.011), (232, 236, 238))
    a, b, c, d = x0 + 0.016, y0 + 0.030, x1 - 0.016, y1 - 0.030
    painter.box(
        (a, b, c, d),
        lambda x, y: np.stack([176 - 90 * y, 150 + 120 * y, 200 + 100 * y], axis=-1),
    )  # fmt: skip
    painter.polygon([(a, d), (a, 0.26), (a + 0.018, 0.22), (a + 0.036, 0.275), (c, 0.235), (c, d)],
                    (120, 96, 66))  # fmt: skip
    painter.polygon([(a, d), (a, 0.285), (a + 0.03, 0.27), (c, 0.29), (c, d)], (70, 62, 44))


def _lamp(painter: _Painter) -> None:
    x = 0.695
    painter.shadow((x + 0.004, 0.40, x + 0.014, 0.93), 0.25, 0.010)
    painter.box((x - 0.0025, 0.38, x + 0.0025, 0.935), (58, 62, 68))
    painter.box((x - 0.03, 0.925, x + 0.03, 0.94), (52, 56, 62))
    painter.glow(x, 0.30, 0.11, (26, 50, 68))
    painter.polygon(
        [(x - 0.026, 0.235), (x + 0.026, 0.235), (x + 0.042, 0.385), (x - 0.042, 0.385)],
        lambda xs, ys: _shaded(1.08 - 0.25 * ((xs - x) / 0.05) ** 2, (176, 222, 246)),
    )


def _plant(painter: _Painter) -> None:
    x, floor = 0.165, 0.955
    painter.shadow((x - 0.05, floor - 0.02, x + 0.07, floor + 0.02), 0.4, 0.012)
    rng = random.Random(21)
    for _ in range(34):
        angle = rng.uniform(-1.25, 1.25)
        length = rng.uniform(0.16, 0.36)
        bend = rng.uniform(0.2, 0.7) * (1 if angle > 0 else -1)
        green = rng.uniform(0.7, 1.25)
        colour = (62 * green, 118 * green, 70 * green)
        middle: list[tuple[float, float, float]] = []
        px, py, direction = x + rng.uniform(-0.012, 0.012), floor - 0.13, angle
        for step in range(9):
            share = step / 8
            middle.append((px, py, 0.013 * np.sin(np.pi * (0.08 + 0.92 * share)) ** 0.8))
            px += np.sin(direction) * length / 8 / painter.aspect
            py -= np.cos(direction) * length / 8
            direction += bend / 8
        left = [(mx - half / painter.aspect, my - half * 0.3) for mx, my, half in middle]
        right = [(mx + half / painter.aspect, my + half * 0.3) for mx, my, half in reversed(middle)]
        painter.polygon(left + right, colour)
    painter.polygon(
        [(x - 0.036, floor - 0.14), (x + 0.036, floor - 0.14), (x + 0.027, floor),
         (x - 0.027, floor)],
        partial(_round, left=x - 0.035, width=0.07, dark=0.7, light=0.4, colour=(78, 112, 176)),
    )  # fmt: skip
    painter.box((x - 0.039, floor - 0.15, x + 0.039, floor - 0.122), (92, 128, 194))


@lru_cache(maxsize=4)
def _draw(width: int, height: int) -> Image:
    painter = _Painter(width * OVERSAMPLING, height * OVERSAMPLING)
    for part in (_wall, _window, _picture_frame, _plant, _shelf, _lamp):
        part(painter)
    picture: Any = cv2.resize(painter.canvas, (width, height), interpolation=cv2.INTER_AREA)
    # The lens: focused on the person, so the room is slightly blurred; vignetted corners.
    picture = cv2.GaussianBlur(picture, (0, 0), max(0.0036 * height, 0.3))
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    picture *= (1 - 0.10 * (x * x + y * y))[..., None]
    grain = np.random.RandomState(4).standard_normal((height, width, 1)).astype(np.float32)
    picture += 1.2 * grain
    return np.asarray(np.clip(picture + 0.5, 0, 255), np.uint8)


def room(width: int, height: int) -> Image:
    """Return the room, ``height`` x ``width`` x 3 uint8 BGR; the same picture for the same size.

    Raises ValueError for a size below 16 x 16.
    """
    if min(width, height) < 16:
        raise ValueError(f"A room of {width}x{height} is too small to draw: use 16x16 or more.")
    return _draw(width, height).copy()
