"""What the quality presets do."""

from __future__ import annotations

from dataclasses import dataclass

from vb_link.settings import QUALITIES


@dataclass(frozen=True)
class Quality:
    """One preset.

    ``close``: the model looks again, closely, at ``crops`` people or groups of them (with 1,
    everyone is one group). ``every``: how many frames old the look at the whole picture and the
    mirrored look may get where nothing moves. ``refine``: edges follow the picture's colours.
    """

    name: str
    close: bool
    crops: int
    every: int
    refine: bool


PRESETS = {
    preset.name: preset
    for preset in (
        Quality("fast", close=False, crops=1, every=1, refine=False),
        Quality("balanced", close=True, crops=1, every=4, refine=True),
        Quality("best", close=True, crops=3, every=1, refine=True),
    )
}
assert tuple(PRESETS) == QUALITIES


def preset(name: str) -> Quality:
    """Return the preset called ``name``, the default one if there is none of that name."""
    return PRESETS.get(name, PRESETS["balanced"])
