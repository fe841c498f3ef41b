"""The quality presets."""

from __future__ import annotations

from dataclasses import dataclass

from vb_link.settings import QUALITIES


@dataclass(frozen=True)
class Quality:
    """One preset.

    ``close``: the model also runs on a crop around the people (``close_look``), which keeps out
    more of the room than anything else. ``mirror``: and on the mirrored crop. ``every``: how many
    frames old the answers for the whole picture and the mirrored crop may get where nothing
    moves. It is a count, not a time: it spreads the work over frames, and a slow computer must not
    get more of it per frame. ``refine``: stray regions are removed and edges follow the picture's
    colours; without it edges show the staircase of the network's grid.
    ``runs``: how often the network runs for a mask, on average, while somebody moves;
    ``budget_ms``: what a mask may take on one core so that a computer of two still has time for OBS
    at 30 frames a second. *Automatic* chooses the model by these two.
    """

    name: str
    close: bool
    mirror: bool
    every: int
    refine: bool
    runs: float = 1.0
    budget_ms: float = 20.0


PRESETS = {
    preset.name: preset
    for preset in (
        Quality("fast", close=True, mirror=False, every=8, refine=True, runs=1.2, budget_ms=20),
        Quality("balanced", close=True, mirror=True, every=8, refine=True, runs=1.5, budget_ms=25),
        Quality("best", close=True, mirror=True, every=1, refine=True, runs=3.0, budget_ms=33),
    )
}
assert tuple(PRESETS) == QUALITIES


def preset(name: str) -> Quality:
    """Return the preset called ``name``, or the default one for an unknown name."""
    return PRESETS.get(name, PRESETS["balanced"])
