"""Lights and skies."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tests.ready_backgrounds import brush
from tests.ready_backgrounds.brush import Canvas

STARS_WIDTH = 2880  # of the sky that passes by


def _disc(canvas: Canvas, at: brush.Point, radius: float, code: Canvas) -> None:
    """Add a light that is out of focus: a disc with a faint rim."""
    size = int(radius * brush.HEIGHT) + 4
    cx, cy = int(at[0] * brush.HEIGHT), int(at[1] * brush.HEIGHT)
    top, bottom = max(cy - size, 0), min(cy + size + 1, canvas.shape[0])
    left, right = max(cx - size, 0), min(cx + size + 1, canvas.shape[1])
    if top >= bottom or left >= right:
        return
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    far = np.hypot(x - cx, y - cy) / (radius * brush.HEIGHT)
    inside = np.clip((1 - far) * radius * brush.HEIGHT / 5.0, 0, 1)
    rim = 0.80 + 0.45 * np.clip((far - 0.55) / 0.45, 0, 1) ** 2
    canvas[top:bottom, left:right] += (inside * rim)[..., None] * code


def lights_warm() -> Canvas:
    """Golden lights in the dark, far out of focus."""
    rng = np.random.default_rng(11)
    _, y = brush.grid()
    canvas = (
        brush.flat("140d0a")
        + brush.color("7a3c14")
        * (0.35 * np.exp(-(((y - 0.62) / 0.30) ** 2)) * (0.8 + 0.15 * brush.clouds(12, 600, 3)))[
            ..., None
        ]
    )
    tints = ["ffb04a", "ff9a3c", "ffcf86", "ffe3b3", "ff7d35"]
    for _ in range(230):
        depth = rng.random()
        at = (rng.uniform(-0.05, 1.83), float(np.clip(rng.normal(0.60, 0.24), -0.1, 1.1)))
        radius = 0.012 + 0.055 * depth**1.7
        bright = rng.uniform(0.05, 0.32) * (0.024 / radius) ** 0.5
        _disc(canvas, at, radius, brush.color(tints[rng.integers(len(tints))], bright))
    return brush.vignette(brush.bloom(np.asarray(canvas, np.float32), 0.3, 45), 0.35)


def lights_city() -> Canvas:
    """A city at night from a high window, out of focus."""
    rng = np.random.default_rng(13)
    _, y = brush.grid()
    sky = np.clip((y - 0.05) / 0.6, 0, 1)[..., None]
    canvas = brush.color("0a1226") * (1 - sky) + brush.color("27325c") * sky
    canvas += brush.color("c06a4a") * (0.16 * np.exp(-(((y - 0.60) / 0.16) ** 2)))[..., None]
    towers = np.zeros_like(canvas)
    left = -0.1
    while left < 1.9:
        wide = rng.uniform(0.05, 0.16)
        top = rng.uniform(0.22, 0.60) + 0.08 * abs(left - 0.9)
        plane = brush.soft(brush.box(left, top, left + wide, 1.1), 9)
        brush.cover(canvas, plane * 0.86, brush.color("0b1122", rng.uniform(0.7, 1.7)))
        for _ in range(int(wide * 150)):
            at = (rng.uniform(left + 0.01, left + wide - 0.01), rng.uniform(top + 0.03, 1.05))
            tint = ["ffc073", "ffdca8", "fff2dc", "9fd0ff"][rng.choice(4, p=[0.42, 0.3, 0.18, 0.1])]
            _disc(towers, at, rng.uniform(0.010, 0.019), brush.color(tint, rng.uniform(0.10, 0.62)))
        left += wide * rng.uniform(0.8, 1.15)
    for _ in range(46):  # cars and signs far below
        at = (rng.uniform(0, 1.78), rng.uniform(0.86, 1.02))
        tint = ["ff4a3d", "ffd9a0", "4fd6e8", "ff8a3c"][rng.integers(4)]
        _disc(towers, at, rng.uniform(0.020, 0.040), brush.color(tint, rng.uniform(0.12, 0.40)))
    return brush.vignette(brush.bloom(np.asarray(canvas + towers, np.float32), 0.28, 40), 0.3)


def _ridge(seed: int, height: float, rough: float, detail: float) -> npt.NDArray[np.float32]:
    """Return the y of a ridge for each column, in heights."""
    rng = np.random.default_rng(seed)
    at = np.linspace(0, 1, brush.WIDTH)
    line = np.full(brush.WIDTH, height)
    for octave in range(8):
        knots = rng.normal(0, 1, 4 * 2**octave + 1)
        line += rough * detail**octave * np.interp(at, np.linspace(0, 1, len(knots)), knots)
    smooth = cv2.GaussianBlur(line[None].astype(np.float32), (0, 0), 2.5)
    return np.asarray(smooth[0], np.float32)


def hills() -> Canvas:
    """Mountains behind mountains in the morning mist."""
    _, y = brush.grid()
    sky = np.clip(y / 0.62, 0, 1)[..., None]
    canvas = brush.color("7fb0d8") * (1 - sky) + brush.color("ffe0bd") * sky
    canvas += brush.color("ffcf8f") * brush.spot((1.28, 0.42), (0.36, 0.22))[..., None] * 0.5
    streaks = np.clip(brush.clouds(14, 380, 5) - 0.4, 0, None)
    streaks = cv2.resize(streaks[:270], (brush.WIDTH, brush.HEIGHT), interpolation=cv2.INTER_CUBIC)
    canvas += (0.05 * np.clip(streaks, 0, 2) * (y < 0.6))[..., None]
    layers = (
        (0.44, 0.055, "bccbd8"), (0.53, 0.060, "93aec2"), (0.63, 0.065, "6689a3"),
        (0.75, 0.060, "3f6480"), (0.88, 0.055, "22445c"),
    )  # fmt: skip
    for number, (height, rough, code) in enumerate(layers):
        top = _ridge(40 + number, height, rough, 0.47)
        below = y - top[None]
        edge = np.clip(below * brush.HEIGHT / (2.2 + 0.8 * (4 - number)) + 0.5, 0, 1)
        mist = np.clip(below / 0.16, 0, 1)[..., None]
        pale = brush.color("f3dcc4") if number < 2 else brush.color("cfdbe2")
        share = 0.34 - 0.05 * number
        shade = brush.color(code) * (1 - share * mist) + pale * share * mist
        canvas += edge[..., None] * (shade - canvas)
    return brush.soft(np.asarray(canvas, np.float32), 2.0)


def stars() -> Canvas:
    """A night sky with the Milky Way, wide enough to pass by."""
    width = STARS_WIDTH
    rng = np.random.default_rng(15)
    x, y = brush.grid(width)
    low = np.clip(y, 0, 1)[..., None]
    canvas = brush.color("060a1c") * (1 - low) + brush.color("152447") * low
    # The band lies at an angle; clouds of dust cut into it.
    across = (y - 0.95 + 0.36 * x - 0.05 * brush.clouds(16, 900, 3, width)) / 0.17
    band = np.exp(-0.5 * across**2)
    dust = np.clip(0.75 + 0.45 * brush.clouds(17, 330, 6, width, gain=0.6), 0, 2)
    lane = 1 - 0.75 * np.exp(-0.5 * ((across + 0.1) / 0.35) ** 2) * np.clip(
        0.5 + 0.7 * brush.clouds(18, 260, 5, width), 0, 1
    )
    milky = (band * dust * lane)[..., None]
    hue = np.clip(0.5 + 0.5 * brush.clouds(19, 500, 3, width), 0, 1)[..., None]
    canvas += milky * (brush.color("6f6fa8") * (1 - hue) + brush.color("b58aa0") * hue) * 0.30
    canvas = np.asarray(canvas, np.float32)
    sky = np.zeros_like(canvas)
    tints = ["ffffff", "cfe0ff", "a9c8ff", "fff0d8", "ffd6ac"]
    for _ in range(5200):
        at = (rng.uniform(0, width - 1), rng.uniform(0, brush.HEIGHT - 1))
        if rng.random() > 0.35 + 0.65 * band[int(at[1]), int(at[0])]:
            continue
        bright = min(0.05 * rng.pareto(1.35) + 0.04, 3.2)
        sky[int(at[1]), int(at[0])] += brush.color(tints[rng.integers(5)], bright)
    canvas += brush.soft(sky, 1.1) * 6.5 + brush.soft(np.clip(sky - 0.5, 0, None), 6) * 22
    return canvas
