"""What a set-up started from OBS tells about how far it is: one JSON object a line.

``{"step": NAME, "share": 0 to 1, "detail": TEXT}``, then ``{"done": true, "model": whether
the recommended one is there}`` or ``{"fault": WORD, "said": SENTENCE}``.
"""

from __future__ import annotations

import json
from typing import Any

# The steps in their order, and from where to where in percent each moves the bar.
STEPS = {
    "python": (0, 2),
    "environment": (2, 10),
    "packages": (10, 60),
    "unpack": (60, 85),
    "check": (85, 92),
    "model": (92, 100),
}


def line(**what: object) -> str:
    """Return the line that tells this."""
    return json.dumps(what)


def read(text: str) -> dict[str, Any]:
    """Return the object in a line, or {} if it holds none."""
    try:
        found = json.loads(text) if text.startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def percent(step: str, share: float) -> int:
    """Return how much of the whole is done."""
    first, last = STEPS[step]
    return round(first + (last - first) * min(max(share, 0.0), 1.0))
