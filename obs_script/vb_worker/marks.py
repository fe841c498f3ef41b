"""The places that a user marked as the person's or as the room's: rectangles and a painting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_link import layout
from vb_worker.models.errors import ModelError

NOTHING, KEEP, DROP = 0, 1, 2
PAINTED = 0.2  # share of a small pixel from which it is painted: strokes may be thin
LARGEST_FILE = 1 << 26  # bytes


@dataclass(frozen=True)
class Rectangle:
    """``kind`` is KEEP or DROP; edges in shares of the picture's width and height."""

    kind: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Marks:
    """All marks of one scene. ``picture``: a painting's path ("" for none): green keeps."""

    rectangles: tuple[Rectangle, ...] = ()
    picture: str = ""

    def __bool__(self) -> bool:
        return bool(self.rectangles or self.picture)


def marks_of(channel: Any) -> Marks:
    """Return the marks of a filter's channel; edges that are no numbers count as the middle."""
    edges = np.clip(np.nan_to_num(np.array(channel.mark_edges), nan=0.5), 0.0, 1.0)
    rectangles = tuple(
        Rectangle(int(kind), *(float(edge) for edge in edges[4 * index : 4 * index + 4]))
        for index, kind in enumerate(channel.mark_kinds)
        if kind in (KEEP, DROP)
    )
    return Marks(rectangles, channel.mark_picture.decode("utf-8", "replace"))


def read_painting(path: str) -> NDArray[np.float32] | None:
    """Return how much each pixel is painted (H x W x 2 float32, 0..1: keep, drop).

    None for no path. Green keeps and red drops, as in a picture of zones. Raises ModelError.
    """
    if not path:
        return None
    pixels: Any = None
    try:
        file = Path(path)
        if file.stat().st_size <= LARGEST_FILE:
            data = np.frombuffer(file.read_bytes(), np.uint8)
            pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except (OSError, ValueError, cv2.error) as error:
        raise ModelError("BadPainting", path=path) from error
    if pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise ModelError("BadPainting", path=path)
    blue, green, red = (pixels[..., index].astype(np.float32) / 255 for index in range(3))
    keep = np.clip(2 * (green - np.maximum(red, blue)), 0.0, 1.0)
    drop = np.clip(2 * (red - np.maximum(green, blue)), 0.0, 1.0)
    opaque = pixels[..., 3:].astype(np.float32) / 255 if pixels.shape[2] == 4 else 1.0
    return np.asarray(np.stack([keep, drop], -1) * opaque, np.float32)


def drawn(
    marks: Marks, painting: NDArray[np.float32] | None, width: int, height: int
) -> NDArray[np.uint8]:
    """Return the marks as a picture, height x width uint8 of NOTHING, KEEP, DROP.

    What is marked both ways is dropped. A rectangle has at least one pixel.
    """
    kinds = np.zeros((height, width), np.uint8)
    for kind in (KEEP, DROP):
        for box in marks.rectangles:
            if box.kind == kind:
                left, right = sorted((box.left * width, box.right * width))
                top, bottom = sorted((box.top * height, box.bottom * height))
                x, y = min(int(left), width - 1), min(int(top), height - 1)
                kinds[y : max(round(bottom), y + 1), x : max(round(right), x + 1)] = kind
        if painting is not None:
            painted = cv2.resize(painting, (width, height), interpolation=cv2.INTER_AREA)
            kinds[painted[..., kind - 1] > PAINTED] = kind
    return kinds


assert (NOTHING, KEEP, DROP) == (layout.MARK_NONE, layout.MARK_KEEP, layout.MARK_DROP)
