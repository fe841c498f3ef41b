"""The time between the frames of a stream, for smoothing that is independent of the frame rate.

A worker makes 5 masks per second on a busy computer and 60 on an idle one, unevenly.
"""

from __future__ import annotations

import math

# Upper limit of one step where something has to last for a time: when OBS stalls, or draws one
# frame per second, a single odd frame must not count as long.
LONGEST_STEP = 0.2


class TimeStep:
    """The frame timer of one stream."""

    def __init__(self) -> None:
        self._last: float | None = None

    def __call__(self, now: float | None) -> float:
        """Return the seconds since the last call; 0 for the first and for a still (None)."""
        last, self._last = self._last, now
        return 0.0 if now is None or last is None else max(now - last, 0.0)


def smoothing(passed: float, seconds: float) -> float:
    """Return the weight, 0..1, of a new value after ``passed`` seconds: 1 - exp(-passed / seconds).

    Exponential smoothing with the time constant ``seconds``: after that time the value has moved
    63 % of the way, whatever the number of steps.
    """
    return -math.expm1(-passed / seconds)
