"""What filters still wait for, read from the link's shared memory. A busy worker answers late.

``probe.py`` runs this in OBS's Python: standard library only.
"""

from __future__ import annotations

from typing import Any


def awaited(segment: Any) -> int:
    """Return how many sources filters wait for, and how many pictures have no mask yet.

    ``segment`` is a ``vb_link.layout.Segment``.
    """
    wishes = sum(
        bool(a.used and a.wish_kind and a.taken != a.wish_sequence) for a in segment.assets
    )
    return wishes + sum(bool(c.used) and not _is_answered(c) for c in segment.channels)


def masks_made(segment: Any) -> int:
    """Return how many masks the filters' channels have got."""
    return sum(int(c.alpha_count) for c in segment.channels if c.used)


def has_depth(segment: Any) -> bool:
    """Return whether the newest mask of a filter has a depth map."""
    return any(c.used and _newest(c.alphas, c.alpha_newest).has_depth for c in segment.channels)


def _is_answered(channel: Any) -> bool:
    sent = _newest(channel.frames, channel.frame_newest)
    mask = _newest(channel.alphas, channel.alpha_newest)
    return bool(sent.frame_id == mask.frame_id and sent.generation == mask.generation)


def _newest(slots: Any, index: int) -> Any:
    return slots[index % len(slots)]
