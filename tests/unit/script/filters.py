"""Our filters in a made-up OBS."""

from __future__ import annotations

from typing import Any

from tests.unit.fake_obspython import Source
from vb_link.settings import FILTER_ID


def camera_filter(kind: str = FILTER_ID, **settings: Any) -> Source:
    """Return a filter of that kind with these settings."""
    return Source("Virtual Background", kind, settings)
