"""How many frames come too late when a look is used for the first time on air.

The control is a filter of OBS's own that is added for the first time. Both are done in turns, first
once each, which compiles their shaders, then once more, which has only to draw with them.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from tests.windows import pictures, scenes
from tests.windows.obs_host import ObsHost
from tests.windows.scenes import FILTER

FRAMES = 12  # to wait for after each use
OBS_FILTERS = ("color_filter_v2", "color_key_filter_v2", "luma_key_filter_v2",
               "chroma_key_filter_v2", "sharpness_filter_v2", "color_key_filter",
               "luma_key_filter", "chroma_key_filter")  # fmt: skip
LOOKS = ("wrap", "clean", "match", "shadow", "edge", "behind", "front", "zone")
BACKGROUNDS = ("transparent", "image", "blur")


def measure(host: ObsHost) -> dict[str, Any]:
    """Return per kind and pass how many frames were late, in all and at most in one use."""
    file = scenes.set_stage(host)
    host.picture("Other", pictures.layer())
    host.do("air", "1")  # before there is anything that could be compiled ahead
    host.add_filter("Camera", "VB", cover="color", quality="best", background="color",
                    background_image=file)  # fmt: skip
    scenes.settle_mask(host)
    report: dict[str, Any] = {"idle": _late(host, lambda: None)}
    for use in ("first", "next"):
        looks, own = {}, {}
        for (name, settings), kind in itertools.zip_longest(_changes(), OBS_FILTERS):
            looks[name] = _late(host, functools.partial(host.set, FILTER, **settings))
            if kind:
                own[kind] = _late(host, functools.partial(host.add_filter, "Other", kind, kind))
                host.do("unfilter", f"Other/{kind}")
        report[use] = {"filter": _figures(looks), "obs": _figures(own)}
    host.do("air", "0")
    return report


def _figures(late: dict[str, int]) -> dict[str, Any]:
    values = list(late.values())
    return {"uses": len(values), "late": sum(values), "most": max(values), "each": late}


def _changes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each change that a user makes to what the filter draws, as name and settings."""
    off = {"background": "color", **scenes.OFF}
    for look in LOOKS:
        yield look, {**off, **scenes.LOOKS[look]}
    for background in BACKGROUNDS:
        yield background, {**off, "background": background}


def _late(host: ObsHost, use: Callable[[], object]) -> int:
    _, before = host.late()
    use()
    host.wait_frames(FRAMES)
    return host.late()[1] - before
