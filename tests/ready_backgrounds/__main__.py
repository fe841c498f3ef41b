"""Draws the pictures into the folder that ships, or into the folder given."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tests.ready_backgrounds import brush, rooms, skies, walls
from vb_link import folders
from vb_link.ready_backgrounds import READY_BACKGROUNDS

JPEG_QUALITY = 84
DRAW = {
    name: getattr(module, name)
    for module in (walls, rooms, skies)
    for name in READY_BACKGROUNDS
    if hasattr(module, name)
}


def picture(name: str) -> npt.NDArray[np.uint8]:
    """Return a ready background, H x W x 3 uint8 RGB."""
    return brush.developed(DRAW[name](), seed=READY_BACKGROUNDS.index(name))


def main() -> None:
    """Draw all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else folders.ready_background("x").parent
    folder.mkdir(exist_ok=True)
    for name in READY_BACKGROUNDS:
        bgr = cv2.cvtColor(picture(name), cv2.COLOR_RGB2BGR)
        path = folder / f"{name}.jpg"
        cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
