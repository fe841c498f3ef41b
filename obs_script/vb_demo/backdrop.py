"""A drawn landscape at dusk as the background, unlike the room.

``python -m vb_demo.backdrop OUT.png [--size WxH]``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vb_demo.clip import size_of

Image = npt.NDArray[np.uint8]
Field = npt.NDArray[np.floating[Any]]

# (height, BGR): from the zenith down to the horizon.
SKY = ((0.0, (92, 48, 34)), (0.25, (132, 82, 70)), (0.45, (150, 124, 158)),
       (0.58, (136, 168, 232)), (0.66, (150, 206, 252)))  # fmt: skip
# Ridges (height, roughness, BGR, seed), from the farthest to the nearest.
RIDGES = (
    (0.615, 0.050, (148, 132, 164), 3),
    (0.675, 0.060, (120, 96, 116), 8),
    (0.745, 0.055, (88, 64, 72), 15),
)
SHORE = 0.80


def _ridge(x: Field, base: float, rough: float, seed: int) -> Field:
    phases = np.random.RandomState(seed).uniform(0, 2 * np.pi, 7)
    line = np.full_like(x, base)
    for octave, phase in enumerate(phases):
        line -= rough * 0.6**octave * np.sin(2.1 * 1.9**octave * x + phase)
    return line


def backdrop(width: int, height: int) -> Image:
    """Return the landscape, ``height`` x ``width`` x 3 uint8 BGR; the same for the same size."""
    column = (np.arange(height, dtype=np.float32) + 0.5) / height
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * (width / height)
    heights = [stop for stop, _ in SKY]
    sky = np.stack(
        [np.interp(column, heights, [colour[c] for _, colour in SKY]) for c in range(3)], axis=-1
    )
    picture = np.repeat(sky[:, None], width, axis=1).astype(np.float32)
    y = column[:, None]
    # The sun has just set, left of the centre.
    distance = (x[None] - 0.28 * width / height) ** 2 + (1.6 * (y - 0.64)) ** 2
    picture += np.exp(-distance / 0.06)[..., None] * np.array((20, 52, 70), np.float32)
    edge = 1.2 / height
    for base, rough, colour, seed in RIDGES:
        line = _ridge(x, base, rough, seed)[None]
        cover = np.clip((y - line) / edge, 0, 1)
        mist = np.clip((y - line) / 0.16, 0, 1)[..., None] * np.array((26, 26, 34), np.float32)
        picture += cover[..., None] * (np.array(colour, np.float32) + mist - picture)
    # A lake reflects what is above its shore, with long ripples.
    shore = round(SHORE * height)
    below = height - shore
    mirror: Any = picture[shore - below : shore][::-1]
    if mirror.shape[0] == below:
        mirror = cv2.GaussianBlur(mirror, (0, 0), sigmaX=0.012 * height, sigmaY=0.004 * height)
        depth = np.linspace(0, 1, below, dtype=np.float32)[:, None]
        ripple = np.sin(220 * depth**0.6 + 2 * np.sin(7 * x[None] + 30 * depth))
        picture[shore:] = mirror * (0.82 - 0.25 * depth + 0.025 * ripple)[..., None]
    # Fine grain (dithering) avoids banding in the long gradients.
    picture += np.random.RandomState(2).standard_normal((height, width, 1)).astype(np.float32)
    return np.asarray(np.clip(picture + 0.5, 0, 255), np.uint8)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m vb_demo.backdrop", description="Draw the demo's landscape."
    )
    parser.add_argument("output", type=Path, metavar="OUT.png")
    parser.add_argument("--size", type=size_of, default=(1280, 720), metavar="WxH")
    options = parser.parse_args(arguments)
    if not cv2.imwrite(str(options.output), backdrop(*options.size)):
        print(f"{options.output} cannot be written.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
