"""Lock-free hand-over of the newest picture: three slots each way, each a seqlock.

A writer fills the slot after the newest one and only then publishes it as the newest, so a reader
has the time of two more hand-overs before its slot is overwritten. If it is slower than that, the
slot's sequence number has changed and the reader takes the newer picture: a torn picture is never
returned. Nothing here blocks.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vb_link import layout

# Acquiring and releasing a lock is a memory barrier on every CPU; plain stores are ordered only on
# x86.
_order = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A complete picture from a slot: rows of ``width`` pixels without padding.

    ``depth`` is an alpha's depth plane of the same size, one byte per pixel, if it has one.
    """

    frame_id: int
    generation: int
    width: int
    height: int
    pixels: bytes
    depth: bytes | None = None


def fence() -> None:
    """A memory barrier: what was written before becomes visible before what is written after."""
    with _order:
        pass


def write(
    slots: Any, newest: int, *, frame_id: int, generation: int, width: int, height: int,
    pixels: bytes | memoryview, depth: bytes | memoryview | None = None,
    boxes: Sequence[int] | None = None, words: int | None = None,
) -> int:  # fmt: skip
    """Fill the slot after ``newest`` and return its index, which the caller publishes.

    For alphas only: ``depth`` is as large as ``pixels``; ``boxes`` are the slot's, None for the
    whole picture; ``words`` is :func:`sum_of_words` of the pixels if the caller has it.
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
    """Return the sum of the pixels' bytes as 64-bit words, zero-padded at the end."""
    data = bytes(pixels)
    return sum(memoryview(data + bytes(-len(data) % 8)).cast("Q"))


def sum_of(words: int, *, frame_id: int, width: int, height: int) -> int:
    """Return the checksum of an alpha's slot (``sum``) from the sum of its words.

    The sequence number reveals an alpha that its writer is changing; the checksum reveals one that
    anybody else has changed: the filter computes it of its copy and draws only what matches.
    """
    return (words + frame_id + (width << 32) + (height << 48)) & 0xFFFFFFFFFFFFFFFF


def read(slots: Any, newest: int, bytes_per_pixel: int) -> Picture | None:
    """Return the picture in slot ``newest``, or None if it is being written or is invalid."""
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
