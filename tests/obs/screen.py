"""What is on an X display, windows included."""

from __future__ import annotations

import numpy as np
import pytest

from tests.obs.secret_room import MIXED
from tests.obs.stage import Image

Xlib_display = pytest.importorskip("Xlib.display")
X = pytest.importorskip("Xlib.X")


def picture(name: str) -> Image:
    """Return the whole screen of the display ``name``, BGR."""
    display = Xlib_display.Display(name)
    try:
        root = display.screen().root
        size = root.get_geometry()
        raw = root.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF)
        image = np.frombuffer(raw.data, np.uint8).reshape(size.height, size.width, 4)
        return np.asarray(image[..., :3], np.uint8)
    finally:
        display.close()


def room_in(screen: Image) -> int:
    """Count the pixels of the secret room's colour."""
    blue, green, red = (screen[..., index].astype(int) for index in range(3))
    return int((np.minimum(blue, green) - red > 2 * MIXED).sum())
