"""The time between the frames of a stream, by which what means seconds is counted.

A worker makes 5 masks a second on a busy computer and 60 on an idle one, and not evenly.
"""

from __future__ import annotations

import math

# From one frame to the next no more time counts where something has to last: where OBS stands still
# or draws a frame a second, one odd picture has not yet been there for long.
LONGEST_STEP = 0.2


class TimeStep:
    """The clock of one stream."""

    def __init__(self) -> None:
        self._last: float | None = None

    def __call__(self, now: float | None) -> float:
        """Return the seconds since the last call; 0 for the first and for a still (None)."""
        last, self._last = self._last, now
        return 0.0 if now is None or last is None else max(now - last, 0.0)


def smoothing(passed: float, seconds: float) -> float:
    """Return the part of the way to a new value that is gone in ``passed`` seconds.

    Exponential smoothing with the time constant ``seconds``: after it 63 % of the way is gone,
    in however many steps.
    """
    return -math.expm1(-passed / seconds)
