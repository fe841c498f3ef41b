"""Ours beside a stock filter in randomly chosen states of OBS: see twin.py.

``python -m tests.twins`` tries more of them, and more kinds of states.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.obs.stage import SCENE, Stage
from tests.obs.test_twin import background_settings
from tests.obs.twin import OURS, TWIN, Backdrop, Twins, card, faded
from tests.twins.states import COLOURS, MODES, SIZE, TRANSFORMS

STATES = 24
SEED = 5
# The scene on program: the one with both cameras in it, or one and two scenes around that.
SCENES = (SCENE, "Around", "Around that")
PICTURES = {
    "opaque": card(SIZE),
    "half transparent": faded(card(SIZE)),
    "one pixel": card((1, 1)),
    "three by two": faded(card((3, 2))),
    "odd": card((333, 241)),
}
TIMINGS = ("latest", "locked")
BACKGROUNDS = ("color", "blur", "transparent", "room", "image")
FORMATS = (("NV12", "709"), ("I444", "sRGB"), ("RGB", "601"))


def _nest(stage: Stage) -> None:
    for inner, outer in itertools.pairwise(SCENES):
        stage.obs.request("CreateScene", {"sceneName": outer})
        stage.obs.request("CreateSceneItem", {"sceneName": outer, "sourceName": inner})


TRANSLUCENT = {name for name, image in PICTURES.items() if image.shape[2] == 4}


@pytest.mark.parametrize(("colour_format", "space"), FORMATS)
def test_states_drawn_by_chance(
    start_obs: Callable[..., Any], colour_format: str, space: str
) -> None:
    video = {"ColorFormat": colour_format, "ColorSpace": space}
    chance = random.Random(f"{SEED} {colour_format}")
    every = list(itertools.product(PICTURES, TIMINGS, BACKGROUNDS, SCENES, MODES, TRANSFORMS))
    with start_obs(profile={"Video": video}) as stage:
        below = Backdrop(stage, COLOURS["grey"])
        twins = Twins.of_picture(stage, PICTURES["opaque"])
        _nest(stage)
        files = {name: str(stage.save(name, image)) for name, image in PICTURES.items()}
        for state in chance.sample(every, min(STATES // len(FORMATS), len(every))):
            picture, timing, background, scene, mode, transform = state
            if picture in TRANSLUCENT and background in ("color", "image"):
                background = "blur"  # the others fill what is transparent with their own colours
            below.paint(COLOURS[chance.choice(list(COLOURS))])
            for name in (OURS, TWIN):
                stage.obs.request(
                    "SetInputSettings",
                    {"inputName": name, "inputSettings": {"file": files[picture]}},
                )
            twins.set(timing=timing, **background_settings(stage, background))
            twins.blend(f"OBS_BLEND_{mode}")
            twins.transform(**TRANSFORMS[transform])
            stage.obs.request("SetCurrentProgramScene", {"sceneName": scene})
            stage.wait_frames(12)
            seen = twins.seen()
            print(", ".join(state), seen)
            assert seen.greatest <= (2 if picture in TRANSLUCENT else 1), (state, str(seen))
