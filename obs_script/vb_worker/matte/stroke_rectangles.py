"""The strokes of a user as rectangles: what belongs to the person (KEEP) or the room (DROP)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_link import layout

NOTHING, KEEP, DROP = 0, 1, 2


@dataclass(frozen=True)
class Rectangle:
    """``kind`` is KEEP or DROP; edges are fractions of the picture's width and height, 0..1."""

    kind: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class SceneStrokes:
    """All strokes of one scene."""

    rectangles: tuple[Rectangle, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rectangles)


def strokes_of(channel: Any) -> SceneStrokes:
    """Return the strokes in a filter's channel; an edge that is NaN becomes 0.5."""
    edges = np.clip(np.nan_to_num(np.array(channel.stroke_edges), nan=0.5), 0.0, 1.0)
    rectangles = tuple(
        Rectangle(int(kind), *(float(edge) for edge in edges[4 * index : 4 * index + 4]))
        for index, kind in enumerate(channel.stroke_kinds)
        if kind in (KEEP, DROP)
    )
    return SceneStrokes(rectangles)


def drawn(strokes: SceneStrokes, width: int, height: int) -> NDArray[np.uint8]:
    """Rasterise strokes: height x width uint8 of NOTHING, KEEP, DROP.

    DROP wins where both are marked. A rectangle has at least one pixel.
    """
    kinds = np.zeros((height, width), np.uint8)
    for kind in (KEEP, DROP):
        for box in strokes.rectangles:
            if box.kind == kind:
                left, right = sorted((box.left * width, box.right * width))
                top, bottom = sorted((box.top * height, box.bottom * height))
                x, y = min(int(left), width - 1), min(int(top), height - 1)
                kinds[y : max(round(bottom), y + 1), x : max(round(right), x + 1)] = kind
    return kinds


assert (NOTHING, KEEP, DROP) == (layout.STROKE_NONE, layout.STROKE_KEEP, layout.STROKE_DROP)
