"""Newest-wins hand-over of pictures: three slots each way, a sequence number in each.

A writer fills the slot after the newest one and only then names it newest, so a reader has two
more hand-overs of time before its slot is written again. If it is slower than that, the slot's
sequence number has changed and the reader takes the newer picture: a torn picture is never
returned. Nothing here blocks.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vb_link import layout

# Taking and releasing a lock orders memory on every processor; plain stores do only on x86.
_order = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A whole picture taken from a slot: rows of ``width`` pixels without padding.

    ``depth`` is an alpha's depth plane of the same size, a byte a pixel, if it has one.
    """

    frame_id: int
    generation: int
    width: int
    height: int
    pixels: bytes
    depth: bytes | None = None


def fence() -> None:
    """Let what was written before be seen before what is written after."""
    with _order:
        pass


def write(
    slots: Any, newest: int, *, frame_id: int, generation: int, width: int, height: int,
    pixels: bytes | memoryview, depth: bytes | memoryview | None = None,
    boxes: Sequence[int] | None = None, words: int | None = None,
) -> int:  # fmt: skip
    """Fill the slot after ``newest`` and return its index, which the caller publishes.

    For alphas only: ``depth`` is as large as ``pixels``; ``boxes`` are the slot's, None for the
    whole picture; ``words`` is :func:`sum_of_words` of the pixels where the caller has it.
    Raises ValueError when the picture does not fit a slot or the depth does not fit the picture.
    """
    index = (newest + 1) % layout.SLOTS
    slot = slots[index]
    size = memoryview(pixels).nbytes
    if size > len(slot.pixels):
        raise ValueError(f"{width}x{height} does not fit a slot of {len(slot.pixels)} bytes")
    if depth is not None and memoryview(depth).nbytes != size:
        raise ValueError(f"the depth is not of the alpha's size, {width}x{height}")
    slot.sequence = (slot.sequence + 1) | 1
    fence()
    slot.frame_id, slot.generation = frame_id, generation
    slot.width, slot.height = width, height
    memoryview(slot.pixels).cast("B")[:size] = memoryview(pixels).cast("B")
    if hasattr(slot, "has_depth"):
        whole = (0, 0, width, height) * layout.BOXES
        slot.boxes = type(slot.boxes)(*(whole if boxes is None else boxes))
        slot.sum = sum_of(
            sum_of_words(pixels) if words is None else words,
            frame_id=frame_id, width=width, height=height,
        )  # fmt: skip
        slot.has_depth = depth is not None
        if depth is not None:
            memoryview(slot.depth).cast("B")[:size] = memoryview(depth).cast("B")
    fence()
    slot.sequence += 1
    fence()
    return index


def sum_of_words(pixels: bytes | memoryview) -> int:
    """Return the sum of the pixels' bytes taken as 64-bit words, zeros behind the last ones."""
    data = bytes(pixels)
    return sum(memoryview(data + bytes(-len(data) % 8)).cast("Q"))


def sum_of(words: int, *, frame_id: int, width: int, height: int) -> int:
    """Return what an alpha's slot has in ``sum``, from the sum of its words.

    The sequence number tells an alpha that its writer is changing; this tells one that anybody
    else has changed: the filter adds up what it has copied and draws only what fits.
    """
    return (words + frame_id + (width << 32) + (height << 48)) & 0xFFFFFFFFFFFFFFFF


def read(slots: Any, newest: int, bytes_per_pixel: int) -> Picture | None:
    """Return the picture in slot ``newest``, or None when it is being written or is absurd."""
    if newest >= layout.SLOTS:
        return None
    slot = slots[newest]
    before = slot.sequence
    if before == 0 or before & 1:
        return None
    fence()
    width, height = slot.width, slot.height
    size = width * height * bytes_per_pixel
    if not 0 < size <= len(slot.pixels):
        return None
    frame_id, generation = slot.frame_id, slot.generation
    pixels = ctypes.string_at(ctypes.addressof(slot.pixels), size)
    depth = None
    if getattr(slot, "has_depth", 0):
        depth = ctypes.string_at(ctypes.addressof(slot.depth), size)
    fence()
    if slot.sequence != before:
        return None
    return Picture(frame_id, generation, width, height, pixels, depth)
