"""What can go wrong with an OBS of our own."""

from __future__ import annotations


class ObsError(Exception):
    """OBS could not be started or driven; the message says what to do."""
