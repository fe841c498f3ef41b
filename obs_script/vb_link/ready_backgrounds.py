"""The pictures that ship as backgrounds (``folders.ready_background``)."""

from __future__ import annotations

# Drawn by tests/ready_backgrounds; in the order of the list *Background*.
READY_BACKGROUNDS = (
    "studio_light",
    "studio_dark",
    "wood",
    "neon",
    "room_day",
    "room_evening",
    "bookshelf",
    "dawn",
    "dusk",
    "lights_warm",
    "lights_city",
    "hills",
    "stars",
)
# Wider than the screen: they pass by.
MOVING_BACKGROUNDS = ("stars",)
