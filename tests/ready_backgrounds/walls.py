"""Walls and colours: no objects, nothing that distracts."""

from __future__ import annotations

import cv2
import numpy as np

from tests.ready_backgrounds import brush
from tests.ready_backgrounds.brush import Canvas

CENTER = brush.WIDTH / brush.HEIGHT / 2


def studio_light() -> Canvas:
    """A pale paper backdrop, lit from the upper left."""
    canvas = brush.flat("dcdbd9")
    light = brush.spot((CENTER - 0.25, 0.36), (0.85, 0.6))
    canvas *= (0.62 + 0.62 * light)[..., None]
    # The paper bends into the floor.
    _, y = brush.grid()
    canvas *= (1 + 0.10 * np.clip((y - 0.8) / 0.2, 0, 1))[..., None]
    canvas *= (1 + 0.012 * brush.clouds(1, 500, 4))[..., None]
    warm = brush.color("fff3e4") / brush.color("ffffff")
    return np.asarray(canvas * (1 + (warm - 1) * light[..., None] * 0.5), np.float32)


def studio_dark() -> Canvas:
    """A mottled dark blue cloth with a pool of light behind the person."""
    canvas = brush.flat("2a3442")
    cloth = 0.16 * brush.clouds(2, 420, 6, gain=0.6) + 0.05 * brush.clouds(3, 60, 3)
    canvas *= np.exp(cloth)[..., None]
    light = brush.spot((CENTER, 0.46), (0.5, 0.42))
    canvas *= (0.30 + 2.2 * light)[..., None]
    tint = brush.color("6f8299") * light[..., None] ** 2 * 0.12
    return brush.vignette(canvas + tint, 0.4)


def wood() -> Canvas:
    """Upright wooden slats with warm light from above."""
    x, y = brush.grid()
    pitch = 1 / 19
    along = x / pitch
    number = np.floor(along).astype(int)
    within = along - number
    rng = np.random.default_rng(4)
    slats = number.max() + 1
    tone = rng.normal(1, 0.13, slats).astype(np.float32)[number]
    hue = rng.normal(0, 0.05, slats).astype(np.float32)[number]
    grain = np.zeros_like(x)
    for seed, fine in ((5, 3), (6, 9)):
        noise = np.random.default_rng(seed).standard_normal((24, brush.WIDTH // fine + 2))
        grain += _stretched(noise.astype(np.float32), fine)
    wooden = brush.color("9a6a43") * np.ones((*x.shape, 1), np.float32)
    wooden *= (tone * np.exp(0.10 * grain))[..., None]
    wooden *= 1 + hue[..., None] * np.array([0.6, 0.0, -1.0], np.float32)
    # A slat's rounded front, and the dark gap beside it.
    face = 0.34
    distance = np.abs(within - 0.45) / face
    front = np.clip(1.25 - 0.55 * distance**3 - 0.25 * (within - 0.45), 0, None)
    edge = np.clip((1.0 - distance) * face * pitch * brush.HEIGHT / 2.2, 0, 1)
    canvas = wooden * front[..., None]
    gap = brush.color("120c08")
    canvas = gap + edge[..., None] * (canvas - gap)
    fall = np.exp(-1.9 * y)
    pools = sum(brush.spot((at, -0.05), (0.21, 0.62)) for at in (0.25, 0.89, 1.53))
    light = 0.13 + 0.35 * fall + 1.0 * np.asarray(pools, np.float32)
    canvas = canvas * light[..., None] * (brush.color("ffd9ae") / 0.85)
    return brush.vignette(brush.soft(np.asarray(canvas, np.float32), 2.2), 0.35)


def _stretched(noise: brush.Plane, fine: int) -> brush.Plane:
    size = (noise.shape[1] * fine, brush.HEIGHT)
    wide = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide[:, : brush.WIDTH], np.float32)


def _mesh(base: str, spots: list[tuple[str, brush.Point, float]], power: float = 2.0) -> Canvas:
    """Mix colours by their distance, as design programs' mesh gradients do."""
    x, y = brush.grid()
    total = np.full((*x.shape, 1), 0.12, np.float32)
    canvas = brush.flat(base) * total
    for code, (left, top), radius in spots:
        far = ((x - left) ** 2 + (y - top) ** 2) / radius**2
        weight = (1 / (0.08 + far) ** power)[..., None] * 0.02
        canvas += brush.color(code) * weight
        total += weight
    return np.asarray(brush.soft(np.asarray(canvas / total, np.float32), 30), np.float32)


def dawn() -> Canvas:
    """Pale peach, rose and sky blue."""
    return _mesh(
        "f6d9cf",
        [
            ("ffd9b0", (0.15, 0.95), 0.55),
            ("ffb7a8", (0.75, 0.8), 0.5),
            ("f2c4de", (1.25, 0.45), 0.5),
            ("bcd0f7", (1.65, 0.05), 0.6),
            ("cfe3fb", (0.75, -0.05), 0.5),
            ("fff0dc", (0.3, 0.3), 0.4),
            ("c9b8f0", (1.75, 0.9), 0.45),
        ],
    )


def dusk() -> Canvas:
    """Deep blue, violet and a glow of magenta."""
    canvas = _mesh(
        "141432",
        [
            ("0c1a3d", (0.1, 0.1), 0.5),
            ("2b1a5e", (0.6, 0.35), 0.45),
            ("8a2a7d", (1.35, 0.85), 0.42),
            ("d0567a", (1.75, 1.1), 0.34),
            ("103e63", (0.15, 0.95), 0.5),
            ("1b1445", (1.1, 0.0), 0.5),
            ("3a2a86", (1.7, 0.3), 0.4),
        ],
    )
    return brush.vignette(canvas, 0.25)


def neon() -> Canvas:
    """A dark plaster wall between two strips of light, magenta and cyan.

    Their light reaches the middle: of 9:16 that is all there is.
    """
    canvas = brush.flat("1b1b24")
    relief = brush.clouds(7, 180, 6, gain=0.62)
    x, y = brush.grid()
    glow = np.zeros_like(canvas)
    tubes = np.zeros_like(canvas)
    for code, (low, high) in (("ff2f9c", (0.13, 0.33)), ("23c8ff", (1.64, 1.44))):
        left = low + (high - low) * (1 - y)
        far = np.abs(x - left) * 0.98
        strip = np.exp(-0.5 * (far / 0.006) ** 2)
        glow += brush.color(code) * (0.05 / (0.05 + far))[..., None] ** 1.5 * 0.75
        glow += brush.color(code) * np.exp(-((far / 0.75) ** 2))[..., None] * 0.1
        tubes += (brush.color(code) * 1.2 + 0.5) * strip[..., None]
    canvas = canvas * 0.45 + glow * (0.55 + 0.10 * relief)[..., None]
    return brush.vignette(brush.bloom(brush.soft(canvas + tubes, 5), 0.25, 40), 0.35)
