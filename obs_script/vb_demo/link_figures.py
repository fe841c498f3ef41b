"""What the link says of one filter, in plain values."""

from __future__ import annotations

from typing import Any

from vb_link import sentences


def of(segment: Any, index: int) -> dict[str, Any]:
    """Return the account of the filter in channel ``index`` in plain values.

    ``state`` is one of ``vb_link.layout.STATE_*``; ``age_histogram`` counts frames drawn by
    the age of their alpha in frames; ``error`` is the worker's last sentence or empty.
    """
    channel = segment.channels[index]
    names = ("used", "state", "alpha_count", "frame_count", "drawn_frames", "age_frames",
             "age_ms", "preprocess_ms", "inference_ms", "total_ms", "masks_per_second",
             "delay_frames", "delay_ms", "repeated_frames",
             "source_ns", "capture_ns", "draw_ns", "source_width", "source_height")  # fmt: skip
    stats: dict[str, Any] = {name: getattr(channel, name) for name in names}
    stats["age_histogram"] = list(channel.age_histogram)
    for name in ("report_model", "report_compute", "report_error", "status"):
        stats[name.removeprefix("report_")] = sentences.english(getattr(channel, name))
    stats["worker_ready"] = bool(segment.worker_ready)
    return stats
