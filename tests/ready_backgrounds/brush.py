"""What the pictures are drawn with.

All colour is linear light: float32, H x W x 3 RGB, 1 is white.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Canvas = npt.NDArray[np.float32]
Plane = npt.NDArray[np.float32]
Point = tuple[float, float]

HEIGHT = 1080
WIDTH = 1920


def color(code: str, strength: float = 1.0) -> Canvas:
    """Return the linear colour of an sRGB code such as "ffcc88", times ``strength``."""
    srgb = np.array([int(code[at : at + 2], 16) for at in (0, 2, 4)], np.float32) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear * strength, np.float32)


def flat(code: str, width: int = WIDTH) -> Canvas:
    """Return a canvas of one colour."""
    return np.tile(color(code), (HEIGHT, width, 1))


def grid(width: int = WIDTH) -> tuple[Plane, Plane]:
    """Return the x and y of each pixel, in heights of the picture."""
    y, x = np.mgrid[:HEIGHT, :width].astype(np.float32) / HEIGHT
    return x, y


def spot(at: Point, radius: Point, width: int = WIDTH) -> Plane:
    """Return a Gaussian spot, 1 at its centre; ``at`` and ``radius`` in heights."""
    x, y = grid(width)
    return np.exp(-0.5 * (((x - at[0]) / radius[0]) ** 2 + ((y - at[1]) / radius[1]) ** 2))


def clouds(
    seed: int, size: int, octaves: int = 5, width: int = WIDTH, *, gain: float = 0.5
) -> Plane:
    """Return fractal noise with mean 0 and deviation 1; its largest parts are ``size`` pixels."""
    rng = np.random.default_rng(seed)
    total = np.zeros((HEIGHT, width), np.float32)
    for octave in range(octaves):
        step = max(size / 2**octave, 2.0)
        shape = (int(HEIGHT / step) + 3, int(width / step) + 3)
        coarse = rng.standard_normal(shape).astype(np.float32)
        full = cv2.resize(
            coarse, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC
        )[:HEIGHT, :width]  # fmt: skip
        total += gain**octave * full
    return np.asarray((total - total.mean()) / total.std(), np.float32)


def cover(canvas: Canvas, plane: Plane, code: Canvas) -> None:
    """Mix a colour into the canvas where ``plane`` is 1."""
    canvas += plane[..., None] * (code - canvas)


def shape(points: list[Point], width: int = WIDTH) -> Plane:
    """Return a filled polygon, anti-aliased; the points are in heights."""
    plane = np.zeros((HEIGHT, width), np.uint8)
    fixed = np.round(np.array(points) * HEIGHT * 16).astype(np.int32)
    cv2.fillPoly(plane, [fixed], 255, cv2.LINE_AA, shift=4)
    return np.asarray(plane / 255.0, np.float32)


def box(left: float, top: float, right: float, bottom: float) -> Plane:
    """Return a filled rectangle."""
    return shape([(left, top), (right, top), (right, bottom), (left, bottom)])


def oval(at: Point, radius: Point, turn: float = 0.0) -> Plane:
    """Return a filled ellipse, turned by ``turn`` degrees."""
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    center = (round(at[0] * HEIGHT * 16), round(at[1] * HEIGHT * 16))
    axes = (round(radius[0] * HEIGHT * 16), round(radius[1] * HEIGHT * 16))
    cv2.ellipse(plane, center, axes, turn, 0, 360, 255, -1, cv2.LINE_AA, shift=4)
    return np.asarray(plane / 255.0, np.float32)


def soft(plane: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    """Return a plane or canvas blurred by ``sigma`` pixels."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def defocus(canvas: Canvas, radius: int) -> Canvas:
    """Return the canvas as a wide open lens shows what is out of focus: each point a disc."""
    side = 2 * radius + 1
    disc = np.zeros((side, side), np.uint8)
    cv2.circle(disc, (radius, radius), radius, 255, -1, cv2.LINE_AA)
    kernel = disc.astype(np.float32) / disc.sum()
    return np.asarray(cv2.filter2D(canvas, -1, kernel, borderType=cv2.BORDER_REPLICATE))


def bloom(canvas: Canvas, share: float, sigma: float) -> Canvas:
    """Add the haze of bright light in a lens."""
    return np.asarray((1 - share) * canvas + share * soft(canvas, sigma), np.float32)


def vignette(canvas: Canvas, strength: float) -> Canvas:
    """Return the canvas, darker towards its corners."""
    height, width = canvas.shape[:2]
    x, y = grid(width)
    out = ((x - width / HEIGHT / 2) / (width / height / 2)) ** 2 + ((y - 0.5) / 0.5) ** 2
    return np.asarray(canvas * (1 - strength * out[..., None] / 2), np.float32)


def developed(canvas: Canvas, seed: int) -> npt.NDArray[np.uint8]:
    """Return the canvas as sRGB bytes (RGB). Highlights roll off; fine noise hides banding."""
    shoulder = np.where(canvas > 0.7, 0.7 + 0.3 * np.tanh((canvas - 0.7) / 0.3), canvas)
    shoulder = np.clip(shoulder, 0, 1)
    srgb = np.where(shoulder <= 0.0031308, shoulder * 12.92, 1.055 * shoulder ** (1 / 2.4) - 0.055)
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.9, canvas.shape[:2]).astype(np.float32)[..., None]
    return np.asarray(np.clip(np.round(srgb * 255 + noise), 0, 255), np.uint8)
