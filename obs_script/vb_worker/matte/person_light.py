"""Measures by how much to brighten the person, and what tint to take off.

The filter's shader does it (the look *Brighten me*); what the network sees is not changed.

What is measured is the upper part of the person, where the face is. A face that is bright enough is
left as it is, and so is every colour that skin has in white light. How dark skin is says nothing
about the light: where the person's brightest part, a shirt or a shine, is exposed well, nothing is
brightened.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.time_step import LONGEST_STEP, smoothing

Picture = NDArray[np.uint8]
Gains = NDArray[np.float64]

WIDTH = 160  # pixels: no more is needed
LUMA = np.array((0.2126, 0.7152, 0.0722))  # Rec. 709
SURE = 200  # of the alpha's 255: part of the person
HEAD = 0.35  # of the person's height, from above
LEAST = 0.002  # of the picture: with less of a head nothing is measured
BRIGHT = 0.20  # linear light of a well lit face (sRGB 124)
BRIGHTEST = 0.5  # linear light of the brightest part of a well lit person
LARGEST = 4.0  # two stops: beyond that there is more noise than face
# Linear red and blue of skin, as multiples of its green, in white light.
RED, BLUE = (1.10, 1.85), (0.45, 0.90)
LARGEST_TINT = 1.5
EASE_SECONDS = 1.2  # time constant: a lamp's flicker and a hand before the face change nothing


class PersonLight:
    """The gains of one stream: of linear red, green and blue, 1 where nothing is to be done."""

    def __init__(self) -> None:
        self.gains: Gains = np.ones(3)
        self._known = False

    def __call__(self, frame: Picture, alpha: Picture, passed: float) -> Gains:
        """Return the gains for a frame (H x W x 3 or 4 uint8 RGB) with its alpha (uint8).

        ``passed``: seconds since the last frame.
        """
        wanted = wanted_gains(frame, alpha)
        if wanted is not None:
            share = smoothing(min(passed, LONGEST_STEP), EASE_SECONDS) if self._known else 1.0
            self.gains = self.gains * (wanted / self.gains) ** share
            self._known = True
        return self.gains


def wanted_gains(frame: Picture, alpha: Picture) -> Gains | None:
    """Return the gains for this frame alone; None where no head is seen."""
    height, width = frame.shape[:2]
    scale = min(1.0, WIDTH / max(width, height))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)[..., :3]
    picture = np.asarray(small, np.uint8)
    person = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) >= SURE
    whole = _linear(picture[person]) @ LUMA
    rows = np.flatnonzero(person.any(axis=1))
    if not rows.size:
        return None
    person[rows[0] + max(1, round(HEAD * (rows[-1] + 1 - rows[0]))) :] = False
    linear = _linear(picture[person])
    if len(linear) < LEAST * person.size:
        return None
    light = linear @ LUMA
    low, high = np.percentile(light, (40, 90))  # without hair, and without a shine
    red, green, blue = linear[(light >= low) & (light <= high)].mean(axis=0) + 1e-4
    tint = np.array(
        [np.clip(red / green, *RED) * green / red, 1.0, np.clip(blue / green, *BLUE) * green / blue]
    )
    tint = np.clip(tint, 1 / LARGEST_TINT, LARGEST_TINT)
    seen = float((tint * (red, green, blue)) @ LUMA)
    wanted = min(BRIGHT / seen, BRIGHTEST / max(float(np.percentile(whole, 98)), 1e-4))
    return np.asarray(tint * np.clip(wanted, 1.0, LARGEST), np.float64)


def _linear(colours: Picture) -> Gains:
    """Return the linear light, 0..1, of sRGB colours (N x 3 uint8; IEC 61966-2-1)."""
    share = colours / 255.0
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
