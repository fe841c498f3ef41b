"""The recipe of ``astronaut_cutout.png``: one person without her background, with a soft alpha.

The source is NASA's portrait of Eileen Collins as the scikit-image package ships it. The outline
below was placed by hand; in a band along it the alpha is solved with closed-form matting, except
along smooth, hard objects that resemble the background behind them (the metal ring, the helmet),
where the outline itself is the alpha. The foreground colour is estimated in the band, so that no
colour of the old background is left in hair and edges.

Run it again with::

    python -m venv recipe
    recipe/bin/pip install scikit-image==0.26.0 PyMatting==1.1.16 opencv-python-headless==5.0.0.93
    recipe/bin/python make_cutout.py
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

SCIKIT_IMAGE = "0.26.0"
SOURCE_SHA256 = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"
OUTPUT = Path(__file__).resolve().parent / "astronaut_cutout.png"

# Outlines in pixels of the 512 x 512 source, clockwise, from the crown of the head.
Points = tuple[tuple[float, float], ...]
HAIR_RIGHT: Points = (
    (232.5, 15.3), (241.7, 16.3), (251.7, 19.2), (261.7, 23.3), (276.7, 30.8), (285.8, 39.2),
    (292.5, 50), (297, 62.5), (300, 75), (301.7, 86.7), (300, 97.5), (296.7, 108.3),
    (289.2, 119.2), (281.7, 127.5),
)  # fmt: skip
FACE_RIGHT: Points = (
    (278.3, 132.5), (271.7, 137), (267.8, 136.7), (266.7, 143.3), (264, 150), (258, 160),
    (255.4, 173),
)  # fmt: skip
RING_AND_SHOULDER_RIGHT: Points = (
    (262, 177), (276, 187), (290, 202), (299, 217), (303.6, 231), (304.4, 234), (310, 237),
    (321, 244), (328, 251), (336, 256), (343, 266), (347, 276), (349, 283), (351.6, 287),
    (355, 299), (357.4, 310), (358.6, 322), (362.4, 331), (360, 333), (361, 341), (365, 348),
)  # fmt: skip
HELMET: Points = (
    (374, 346), (386, 344.4), (400, 344), (415, 346), (430, 350), (443, 358), (455, 367.5),
    (475, 390), (487.5, 415), (495, 440), (496.5, 452), (505, 462), (506, 520),
)  # fmt: skip
SLEEVE_LEFT: Points = (
    (37, 520), (27, 495), (24, 475), (23.3, 450), (23.7, 440), (22, 425), (20, 407), (20, 390),
    (22.5, 373), (25, 357), (25.3, 343), (30, 331), (33.3, 318), (37.5, 308), (40, 297),
    (42.5, 286.7), (46.7, 277.5), (54, 265), (63.3, 250), (72.5, 240), (80, 233.7),
    (91.7, 225.8), (100, 217.5), (105.8, 213.3), (111.7, 205.8),
)  # fmt: skip
RING_LEFT: Points = (
    (113.3, 200), (114, 195), (113, 189), (115.8, 185.8), (118.3, 185), (123.3, 177.5),
    (126.7, 170), (132.5, 162.5), (141.7, 155.8), (155, 150.3), (170, 147.8), (184.5, 147.8),
)  # fmt: skip
FACE_LEFT: Points = (
    (183.3, 143), (182.5, 138.3), (181.7, 131.7), (179, 131.3), (175, 127.5), (170.8, 120),
    (168.3, 115.8),
)  # fmt: skip
HAIR_LEFT: Points = (
    (162.5, 110), (156.7, 101.7), (154.2, 88.3), (153, 71.7), (155, 61.7), (161.7, 52.5),
    (170, 44.2), (180, 39.2), (190, 35.8), (192.5, 30), (200, 24.2), (210, 20), (221.7, 17.5),
    (232.5, 15.3),
)  # fmt: skip
OUTLINE: Points = (
    *HAIR_RIGHT, *FACE_RIGHT, *RING_AND_SHOULDER_RIGHT, *HELMET,
    *SLEEVE_LEFT, *RING_LEFT, *FACE_LEFT, *HAIR_LEFT,
)  # fmt: skip

# Half the width of the band in which the alpha is solved, in pixels.
HARD_BAND = 2.5
HAIR_BAND = 6.0
FINE = 8  # sub-pixel factor at which outlines are drawn


def _fine(points: Points) -> npt.NDArray[np.int32]:
    # Outlines are in corner coordinates: a pixel's centre is half a pixel from its corner.
    return np.round(np.array(points) * FINE).astype(np.int32)


def trimap(size: int) -> npt.NDArray[np.float64]:
    """Return ``size`` x ``size``: 1 person, 0 background, 0.5 to be solved."""
    shape = (size * FINE, size * FINE)
    inside: Any = np.zeros(shape, np.uint8)
    cv2.fillPoly(inside, [_fine(OUTLINE)], 255)
    band: Any = np.zeros(shape, np.uint8)
    cv2.polylines(band, [_fine(OUTLINE)], True, 255, round(2 * HARD_BAND * FINE))
    for points in (HAIR_RIGHT, HAIR_LEFT):
        cv2.polylines(band, [_fine(points)], False, 255, round(2 * HAIR_BAND * FINE))
    inside, band = (
        cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) for image in (inside, band)
    )
    result: npt.NDArray[np.float64] = (inside > 127).astype(np.float64)
    result[band > 0] = 0.5
    return result


def drawn(size: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the outline's own alpha, blurred as by a lens, and the mask where it is used."""
    inside: Any = np.zeros((size * FINE, size * FINE), np.uint8)
    cv2.fillPoly(inside, [_fine(OUTLINE)], 255)
    inside = cv2.GaussianBlur(inside, (0, 0), 0.6 * FINE)
    coverage = cv2.resize(inside, (size, size), interpolation=cv2.INTER_AREA) / 255.0
    where: Any = np.zeros((size * FINE, size * FINE), np.uint8)
    for points in (RING_LEFT, HELMET):
        cv2.polylines(where, [_fine(points)], False, 255, round(2 * HARD_BAND * FINE))
    return coverage, cv2.resize(where, (size, size), interpolation=cv2.INTER_AREA) > 0


def main() -> int:
    """Write the cut-out. Returns 1 with a sentence when the source is not the pinned one."""
    # Only this recipe needs these two.
    pymatting: Any = importlib.import_module("pymatting")
    skimage: Any = importlib.import_module("skimage")
    source = Path(skimage.__file__).parent / "data" / "astronaut.png"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if digest != SOURCE_SHA256:
        print(f"{source} is not the picture of scikit-image {SCIKIT_IMAGE}.", file=sys.stderr)
        return 1
    read: Any = cv2.imread(str(source))
    picture = read / 255.0
    alpha = pymatting.estimate_alpha_cf(picture, trimap(picture.shape[0]))
    # Snap values close to 0 and 1 to exactly 0 and 1.
    alpha = np.clip((alpha - 0.04) / 0.92, 0, 1)
    coverage, where = drawn(picture.shape[0])
    alpha[where] = coverage[where]
    foreground = pymatting.estimate_foreground_ml(picture, alpha)
    colour = np.where(alpha[..., None] == 1, picture, foreground)
    colour[alpha == 0] = 0
    cutout = np.dstack([colour, alpha])
    cv2.imwrite(
        str(OUTPUT), np.round(cutout * 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9]
    )
    print(f"{OUTPUT}: sha256 {hashlib.sha256(OUTPUT.read_bytes()).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
