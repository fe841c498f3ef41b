"""What a filter tells the worker, with a checksum: the filter's settings and its user's strokes.

Other processes of the user can write into the shared memory. Settings that nobody made, above all
strokes, would make the worker keep a part of the room, so it takes over only what the checksum
fits.
"""

from __future__ import annotations

import ctypes
from typing import Any

from vb_link import layout
from vb_link.slots import fence, sum_of_words

assert layout.TOLD_OFFSET + layout.Told.settings_sum.offset == layout.Channel.settings_sum.offset


def _sum(told: bytes, sequence: int) -> int:
    """Return the checksum of a ``layout.Told`` as bytes: its 64-bit words and the sequence."""
    words = sum_of_words(told[: layout.Told.settings_sum.offset])
    return (words + sequence) & 0xFFFFFFFFFFFFFFFF


def _copied(channel: Any) -> bytes:
    place = ctypes.addressof(channel) + layout.TOLD_OFFSET
    return ctypes.string_at(place, ctypes.sizeof(layout.Told))


def tell(channel: Any) -> None:
    """Announce what was written into a channel, as the filter does."""
    sequence = (int(channel.settings_sequence) + 1) & 0xFFFFFFFF
    channel.settings_sum = _sum(_copied(channel), sequence)
    fence()
    channel.settings_sequence = sequence


def read(channel: Any) -> Any:
    """Return a copy of what the filter tells (``layout.Told``), or None where the sum differs."""
    copied = _copied(channel)
    told = layout.Told.from_buffer_copy(copied)
    intact = told.settings_sum == _sum(copied, int(channel.settings_sequence))
    return told if intact else None
