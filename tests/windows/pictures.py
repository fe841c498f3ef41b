"""What the bench puts before the camera and behind it, and how it judges what is drawn."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tests.obs import stage
from tests.windows.obs_host import SIZE, Bits, Image

ZONE_WIDTH, ZONE_HEIGHT = 0.2, 0.5  # shares of the picture: its top left corner is kept
ROOM_MARGIN = 10  # pixels round the person where the room may still shine through an edge
ROOM_LEVELS = 80  # from the secret colour: nothing else here comes so near it
RIM_LEVELS = 2
PART_CORRELATION = 0.9  # of a moving background with its file


def camera() -> tuple[Image, Image]:
    """Return the camera's picture with the secret room, and the person's true alpha."""
    return stage.person(0.0, SIZE, room=stage.SECRET)


def dark_camera() -> Image:
    """Return the camera's picture with little light on the person."""
    picture, alpha = camera()
    light = (picture / 255.0) ** 2.2 * 0.12
    dark = (light ** (1 / 2.2) * 255).astype(np.uint8)
    dark[alpha == 0] = stage.SECRET
    return dark


def background() -> Image:
    """Return a background with detail in all three channels and none of the room's colour."""
    x, y = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    checks = (np.floor(x * 16) + np.floor(y * 9)) % 2
    return np.stack([60 + 60 * x, 40 + 60 * y, 90 + 80 * checks], axis=2).astype(np.uint8)


def layer() -> Image:
    image = background()[..., ::-1].copy()
    cv2.circle(image, (SIZE[0] // 2, SIZE[1] // 2), SIZE[1] // 4, (30, 30, 200), -1)
    return image


def hidden(keeps_zone: bool = False) -> Bits:
    """Return where the room must not show: away from the person, and from a zone that is kept."""
    kernel = np.ones((2 * ROOM_MARGIN + 1, 2 * ROOM_MARGIN + 1), np.uint8)
    bits: Bits = cv2.dilate(camera()[1], kernel) == 0
    if keeps_zone:
        width, height = round(SIZE[0] * ZONE_WIDTH), round(SIZE[1] * ZONE_HEIGHT)
        bits[: height + ROOM_MARGIN, : width + ROOM_MARGIN] = False
    return bits


def room_pixels(picture: Image, where: Bits) -> int:
    """Count the pixels of the room's colour."""
    distance = np.abs(picture[..., :3].astype(int) - stage.SECRET).max(axis=2)
    return int(((distance < ROOM_LEVELS) & where).sum())


def shows_part_of(picture: Image, file: Path) -> bool:
    """Return whether ``picture`` has a part of the picture in ``file``, as high as itself.

    Its upper left is looked at, where no person is.
    """
    whole = cv2.imread(str(file))
    assert whole is not None, file
    height, width = picture.shape[:2]
    wide = cv2.resize(whole, (round(whole.shape[1] * height / whole.shape[0]), height),
                      interpolation=cv2.INTER_AREA)  # fmt: skip
    # Blurred, as another way to shrink it leaves other pixels.
    wide, seen = (cv2.blur(each[: height // 4], (5, 5)) for each in (wide, picture[..., :3]))
    found = cv2.matchTemplate(
        wide, np.ascontiguousarray(seen[:, : width // 4]), cv2.TM_CCOEFF_NORMED
    )
    return bool(found.max() > PART_CORRELATION)


def differing(ours: Image, other: Image) -> int:
    """Count pixels that differ by more than :data:`RIM_LEVELS` and are no rim.

    A rim is at most two pixels wide, one on either side of an edge: it vanishes where only pixels
    count whose eight neighbours differ, too.
    """
    levels = np.abs(ours[..., :3].astype(int) - other[..., :3]).max(axis=2)
    beyond: npt.NDArray[np.uint8] = (levels > RIM_LEVELS).astype(np.uint8)
    return int(cv2.erode(beyond, np.ones((3, 3), np.uint8)).sum())
