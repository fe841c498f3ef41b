"""The states: what a camera can be, how it can be shown, and on what canvas."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any

from tests.obs.stage import SCENE, Image
from tests.obs.twin import card, faded

State = dict[str, str]
Axes = Mapping[str, Sequence[str]]

SIZE = (320, 240)
LARGEST = 16384  # pixels: what a texture of software OpenGL can be wide or high
PICTURES: dict[str, Image] = {
    "opaque": card(SIZE),
    "half transparent": faded(card(SIZE)),
    "one pixel": card((1, 1)),
    "three by two": faded(card((3, 2))),
    "odd": card((333, 241)),
    "widest": card((LARGEST, 16)),
    "highest": card((16, LARGEST)),
}
# A filter below ours that makes the opaque picture half transparent. The mask's file is set later.
BELOW: dict[str, tuple[str, dict[str, Any]]] = {
    "faded": ("color_filter_v2", {"opacity": 0.4}),
    "keyed": ("chroma_key_filter_v2", {"similarity": 300, "smoothness": 400}),
    "masked": ("mask_filter_v2", {"type": "mask_color_filter.effect"}),
}
VIDEO = "video"  # half transparent, and drawn by OBS in a way of its own
TRANSLUCENT = {"half transparent", "three by two", VIDEO, *BELOW}

COLOURS = {
    "white": (255, 255, 255), "black": (0, 0, 0), "grey": (128, 128, 128), "red": (0, 0, 255),
}  # fmt: skip
MODES = ("NORMAL", "ADDITIVE", "SUBTRACT", "SCREEN", "MULTIPLY", "LIGHTEN", "DARKEN")
# Modes in which nothing is seen over a colour.
NOTHING_OVER = {
    "white": ("ADDITIVE", "SCREEN", "LIGHTEN"),
    "black": ("SUBTRACT", "MULTIPLY", "DARKEN"),
}
# In the order of libobs's enum obs_scale_type.
SCALE_FILTERS = ("disable", "point", "bicubic", "bilinear", "lanczos", "area")
# In the order of enum obs_blending_method.
METHODS = ("default", "srgb off")
# Backgrounds that are opaque whatever the camera is.
FILLED = ("color", "image", "video", "source")
BACKGROUNDS = (*FILLED, "blur", "transparent", "room")
GROUP = "Group"
# What is on program: the scene of both cameras, or scenes and a group around it.
SCENES = (SCENE, "Around", "Around that", "Squeezed", "Grouped", "Around the group")
TRANSFORMS: dict[str, dict[str, Any]] = {
    "one to one": {"positionX": 12.0, "positionY": 5.0},
    "between pixels": {"positionX": 12.5, "positionY": 5.25},
    "a fifth": {"scaleX": 0.2, "scaleY": 0.2},
    "a third": {"scaleX": 0.33, "scaleY": 0.33},
    "nine tenths": {"scaleX": 0.9, "scaleY": 0.9},
    "larger": {"scaleX": 1.9, "scaleY": 2.2},
    "one way": {"scaleY": 1.5},
    "turned": {"rotation": 33.0, "positionX": 200.0, "positionY": 40.0},
    "a quarter turn": {"rotation": 90.0, "positionX": 300.0},
    "mirrored": {"scaleX": -1.0, "positionX": 400.0},
    "cropped": {"cropLeft": 21, "cropTop": 8, "cropRight": 3},
    "cropped and scaled": {"cropLeft": 21, "cropBottom": 8, "scaleX": 0.6, "scaleY": 0.7},
}  # fmt: skip
# OBS's colour formats and spaces: the last three have a canvas of half floats, two of them HDR.
CANVASES = {
    "NV12 709": ("NV12", "709"),
    "I420 601": ("I420", "601"),
    "I444 sRGB": ("I444", "sRGB"),
    "RGB 709": ("RGB", "709"),
    "P010 709": ("P010", "709"),
    "P010 2100PQ": ("P010", "2100PQ"),
    "I010 2100HLG": ("I010", "2100HLG"),
}
AXES: Axes = {
    "canvas": tuple(CANVASES),
    "camera": (*PICTURES, VIDEO, *BELOW),
    "timing": ("latest", "locked"),
    "background": BACKGROUNDS,
    "scene": SCENES,
    "mode": MODES,
    "method": METHODS,
    "scale filter": SCALE_FILTERS,
    "transform": tuple(TRANSFORMS),
    "colour": tuple(COLOURS),
}
# For the tests: what is alike left out, as each pair of values costs time.
SHORT: Axes = {
    **AXES,
    "canvas": ("NV12 709", "RGB 709", "P010 709", "I010 2100HLG"),
    "camera": ("opaque", "half transparent", "one pixel", "odd", "widest", VIDEO),
    "background": ("color", "image", "blur", "transparent", "room"),
    "scene": (SCENE, "Around that", "Squeezed", "Grouped"),
    "transform": ("one to one", "a third", "larger", "turned", "cropped and scaled"),
}


def possible(state: State) -> State:
    """Return the state with what has no twin, or nothing to see, replaced.

    A half-transparent camera over an opaque background of ours is like its twin over the same
    colour, which the scene shows in blend mode normal alone, and by OBS's usual method alone: ours
    is opaque and leaves it nothing to blend.
    """
    if state["mode"] in NOTHING_OVER.get(state["colour"], ()):
        state = {**state, "colour": "grey"}
    if state["camera"] in TRANSLUCENT and (
        state["background"] in FILLED
        and (
            state["background"] != "color"
            or state["mode"] != "NORMAL"
            or state["method"] != "default"
        )
    ):
        return {**state, "background": "blur"}
    return state


def by_chance(count: int, seed: int, axes: Axes = AXES) -> list[State]:
    """Return ``count`` states, the same for the same seed."""
    chance = random.Random(seed)
    return [possible({name: chance.choice(values) for name, values in axes.items()})
            for _ in range(count)]  # fmt: skip


def pairwise(axes: Axes, seed: int) -> list[State]:
    """Return states in which each value of an axis meets each value of every other.

    Greedy: of some states drawn by chance around a pair that is still missing, the one with the
    most missing pairs.
    """
    chance = random.Random(seed)
    names = list(axes)
    missing = {
        ((first, a), (other, b))
        for first, other in itertools.combinations(names, 2)
        for a in axes[first]
        for b in axes[other]
    }
    found = []
    while missing:
        forced = min(missing)
        tries = [
            {**{name: chance.choice(axes[name]) for name in names}, **dict(forced)}
            for _ in range(60)
        ]
        best = max(tries, key=lambda state: len(missing & _pairs(state)))
        missing -= _pairs(best)
        found.append(best)
    return found


def _pairs(state: State) -> set[tuple[tuple[str, str], tuple[str, str]]]:
    return set(itertools.combinations(state.items(), 2))


def short(seed: int, **axes: Sequence[str]) -> list[State]:
    """Return the states of the test: the pairs of what differs most. ``axes``: other values."""
    return [possible(state) for state in pairwise({**SHORT, **axes}, seed)]


def by_canvas(states: Sequence[State]) -> dict[str, list[State]]:
    """Return the states by their canvas, for each of which OBS has to start anew."""
    return {
        canvas: found
        for canvas in CANVASES
        if (found := [state for state in states if state["canvas"] == canvas])
    }
