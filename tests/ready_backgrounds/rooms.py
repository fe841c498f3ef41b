"""Rooms, out of focus as a good lens shows them."""

from __future__ import annotations

import numpy as np

from tests.ready_backgrounds import brush
from tests.ready_backgrounds.brush import Canvas


def _leaves(canvas: Canvas, root: brush.Point, count: int, size: float, seed: int) -> None:
    """Paint a pot plant's leaves."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        turn = rng.uniform(-165, -15)
        length = size * rng.uniform(0.55, 1.0)
        angle = np.radians(turn)
        tip = (root[0] + np.cos(angle) * length * 0.6, root[1] + np.sin(angle) * length * 0.9)
        green = brush.color(["3f6b45", "557f4b", "2d5239", "7a9a5c"][rng.integers(4)])
        brush.cover(canvas, brush.oval(tip, (length * 0.42, length * 0.12), turn), green)


def _books(canvas: Canvas, left: float, right: float, floor: float, seed: int) -> None:
    """Paint a row of books that stands on ``floor``."""
    rng = np.random.default_rng(seed)
    tints = [
        "7d4e3a",
        "b08a63",
        "31485a",
        "8f9a91",
        "d8cbb5",
        "5a3036",
        "3d5a4b",
        "c9a15a",
        "ece4d6",
    ]
    at = left
    while at < right - 0.012:
        wide = rng.uniform(0.012, 0.030)
        high = rng.uniform(0.105, 0.165)
        if rng.random() < 0.06:
            at += rng.uniform(0.02, 0.05)
            continue
        code = brush.color(tints[rng.integers(len(tints))], rng.uniform(0.7, 1.1))
        end = min(at + wide, right)
        brush.cover(canvas, brush.box(at, floor - high, end, floor), code)
        brush.cover(canvas, brush.box(at, floor - high, at + 0.003, floor) * 0.45, code * 0.3)
        for band in (0.16, 0.8):
            top = floor - high * band
            brush.cover(canvas, brush.box(at, top - 0.006, end, top) * 0.5, code * 1.9)
        at = end


def room_day() -> Canvas:
    """A bright room: a window on the left, a plant, a shelf."""
    canvas = brush.flat("e6e0d8")
    x, y = brush.grid()
    canvas *= (0.62 + 0.55 * np.exp(-((x / 1.15) ** 2)) - 0.10 * y)[..., None]
    # The window: sky, trees, and its frame.
    view = brush.color("dff0ff") * 1.9 * np.ones_like(canvas)
    trees = np.clip(brush.clouds(21, 150, 4) * 0.35 + (y - 0.40) * 3.4, 0, 1)[..., None]
    view += trees * (brush.color("a9c48d") * 1.35 - view)
    brush.cover(canvas, brush.box(0.09, 0.05, 0.66, 0.74), brush.color("f6f3ee", 1.15))
    pane = np.zeros_like(x)
    for left, right in ((0.12, 0.365), (0.385, 0.63)):
        for top, bottom in ((0.08, 0.385), (0.405, 0.71)):
            pane = np.maximum(pane, brush.box(left, top, right, bottom))
    canvas += pane[..., None] * (view - canvas)
    brush.cover(canvas, brush.box(0.06, 0.74, 0.69, 0.765), brush.color("f4efe8", 1.1))
    # A sheer curtain.
    folds = (0.55 + 0.30 * np.sin(x * 150 + 3 * np.sin(x * 31))) * brush.box(0.60, 0.0, 0.80, 0.98)
    brush.cover(canvas, folds * 0.75, brush.color("fbf7f0", 1.12))
    # Shelf, books, picture, sideboard, plant.
    brush.cover(canvas, brush.box(1.10, 0.452, 1.70, 0.472), brush.color("a87f58"))
    brush.cover(canvas, brush.box(1.10, 0.472, 1.70, 0.51) * 0.35, brush.color("8f8a84"))
    _books(canvas, 1.14, 1.38, 0.452, 22)
    brush.cover(canvas, brush.oval((1.49, 0.405), (0.030, 0.050)), brush.color("c98f74"))
    brush.cover(canvas, brush.oval((1.585, 0.415), (0.045, 0.040)), brush.color("7f98a3"))
    brush.cover(canvas, brush.box(1.22, 0.09, 1.52, 0.30), brush.color("4c463f"))
    brush.cover(canvas, brush.box(1.232, 0.102, 1.508, 0.288), brush.color("f1ebe0"))
    brush.cover(canvas, brush.oval((1.33, 0.21), (0.06, 0.055)), brush.color("d9a58a"))
    brush.cover(canvas, brush.box(1.37, 0.16, 1.45, 0.26) * 0.8, brush.color("8aa39b"))
    brush.cover(canvas, brush.box(1.02, 0.80, 1.80, 1.05), brush.color("c7a27a", 0.95))
    brush.cover(canvas, brush.box(1.02, 0.80, 1.80, 0.815), brush.color("e0c19c"))
    for left in (1.28, 1.54):
        brush.cover(canvas, brush.box(left, 0.82, left + 0.006, 1.05), brush.color("8d6b48"))
    brush.cover(canvas, brush.box(1.545, 0.68, 1.675, 0.80), brush.color("efe7dc"))
    _leaves(canvas, (1.61, 0.68), 42, 0.22, 23)
    canvas = brush.defocus(np.asarray(canvas, np.float32), 13)
    return brush.bloom(canvas, 0.22, 70) * 0.86


def room_evening() -> Canvas:
    """A quiet room in the evening: a lamp, pictures, a sofa, lights outside."""
    canvas = brush.flat("39434a")
    x, y = brush.grid()
    lamp = (1.42, 0.40)
    canvas *= (0.30 + 0.02 * brush.clouds(24, 300, 4))[..., None]
    warm = brush.color("ffb46b")
    far = np.hypot(x - lamp[0], (y - lamp[1]) * 0.9)
    canvas += warm * (0.085 / (0.07 + far**1.5))[..., None] * 0.33
    # A window with the blue hour.
    brush.cover(canvas, brush.box(0.12, 0.10, 0.60, 0.70), brush.color("1c2226"))
    evening = brush.color("16264a") * (1 - y[..., None]) + brush.color("5a5a82") * y[..., None]
    view = evening * np.ones_like(canvas)
    rng = np.random.default_rng(25)
    for _ in range(60):
        at = (rng.uniform(0.13, 0.59), rng.uniform(0.42, 0.68))
        tint = ["ffc880", "ffe2b8", "ff9d63"][rng.integers(3)]
        view += brush.color(tint, rng.uniform(0.6, 3.2)) * brush.oval(at, (0.005, 0.005))[..., None]
    for left, right in ((0.135, 0.352), (0.368, 0.585)):
        canvas += brush.box(left, 0.115, right, 0.685)[..., None] * (view - canvas)
    # Pictures on the wall.
    for left, top, wide, high, inner in (
        (0.86, 0.16, 0.17, 0.23, "8a7a66"), (1.07, 0.11, 0.13, 0.17, "5c6f78"),
        (1.07, 0.31, 0.13, 0.10, "a08a70"),
    ):  # fmt: skip
        lit = float(np.interp(abs(left + wide / 2 - lamp[0]), [0.2, 0.7], [0.75, 0.32]))
        brush.cover(canvas, brush.box(left, top, left + wide, top + high), brush.color("15120f"))
        brush.cover(
            canvas, brush.box(left + 0.012, top + 0.012, left + wide - 0.012, top + high - 0.012),
            brush.color(inner, lit),
        )  # fmt: skip
    # The lamp.
    brush.cover(canvas, brush.box(1.412, 0.48, 1.428, 1.05), brush.color("2a2018"))
    shade = brush.shape([(1.345, 0.29), (1.495, 0.29), (1.535, 0.49), (1.305, 0.49)])
    glow = brush.color("ffcf91") * (1.5 - 1.1 * np.abs(y - 0.43) / 0.14)[..., None]
    canvas += shade[..., None] * (glow - canvas)
    # A sofa with a cushion, and a plant in front of the window.
    for part in (
        brush.box(0.50, 0.80, 1.28, 1.1), brush.oval((0.50, 0.93), (0.06, 0.15)),
        brush.oval((1.28, 0.93), (0.06, 0.15)),
    ):  # fmt: skip
        light = np.interp(x, [0.4, 1.3], [0.28, 0.95])[..., None].astype(np.float32)
        canvas += part[..., None] * (brush.color("7a5a4a") * light - canvas)
    brush.cover(canvas, brush.oval((1.10, 0.86), (0.085, 0.075), -12), brush.color("b9794a", 0.8))
    dark = canvas.copy()
    _leaves(dark, (0.17, 0.86), 38, 0.30, 26)
    canvas += 0.30 * (dark - canvas) - 0.62 * np.clip(canvas - dark, 0, None)
    canvas = brush.defocus(np.asarray(np.clip(canvas, 0, 6), np.float32), 13)
    return brush.vignette(brush.bloom(canvas, 0.26, 80), 0.3)


def bookshelf() -> Canvas:
    """Shelves full of books, with light from above each row."""
    canvas = brush.flat("5a4030")
    _, y = brush.grid()
    canvas *= 0.35
    rows = (0.02, 0.245, 0.47, 0.695, 0.92)
    seed = 27
    for top, bottom in zip(rows, (*rows[1:], 1.145)):
        for left, right in ((-0.03, 0.42), (0.44, 0.89), (0.91, 1.36), (1.38, 1.83)):
            seed += 1
            _books(
                canvas,
                left + 0.01,
                right - np.random.default_rng(seed).uniform(0, 0.12),
                bottom,
                seed,
            )
        fall = np.exp(-np.clip(y - top, 0, None) * 7.5) * (y > top) * (y <= bottom)
        lit = (y > top) & (y <= bottom)
        canvas *= np.where(lit, 0.32 + 1.25 * fall, 1.0)[..., None]
    board = brush.color("8a6442")
    for bottom in rows:
        brush.cover(canvas, brush.box(-0.1, bottom - 0.002, 1.9, bottom + 0.018), board * 0.8)
        brush.cover(canvas, brush.box(-0.1, bottom + 0.012, 1.9, bottom + 0.018), board * 0.3)
    for side in (0.43, 0.90, 1.37):
        brush.cover(canvas, brush.box(side - 0.010, -0.1, side + 0.010, 1.1), board * 0.62)
    canvas *= brush.color("ffdcb0") / 0.8
    pool = 0.55 + 0.75 * brush.spot((0.89, 0.38), (0.75, 0.55))
    canvas = brush.defocus(np.asarray(canvas * pool[..., None], np.float32), 9)
    return brush.vignette(brush.bloom(canvas, 0.2, 50) * 1.25, 0.3)
