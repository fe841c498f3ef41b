"""What the quality presets do."""

from __future__ import annotations

from dataclasses import dataclass

from vb_link.settings import QUALITIES


@dataclass(frozen=True)
class Quality:
    """One preset.

    ``close``: the model also looks closely at where people are (``look``), which keeps out more
    of the room than anything else. ``mirror``: and at the same place in the mirror. ``every``:
    how many frames old the look at the whole picture and the mirrored look may get where nothing
    moves. It is a count and no time: it shares the work out, and a slow computer is not to get
    more of it a frame. ``refine``: stray regions are left out and edges follow the picture's
    colours; without it edges show the network's own grid, a comb of steps.
    """

    name: str
    close: bool
    mirror: bool
    every: int
    refine: bool


PRESETS = {
    preset.name: preset
    for preset in (
        Quality("fast", close=True, mirror=False, every=8, refine=True),
        Quality("balanced", close=True, mirror=True, every=8, refine=True),
        Quality("best", close=True, mirror=True, every=1, refine=True),
    )
}
assert tuple(PRESETS) == QUALITIES


def preset(name: str) -> Quality:
    """Return the preset called ``name``, the default one if there is none of that name."""
    return PRESETS.get(name, PRESETS["balanced"])
