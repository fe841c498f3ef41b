"""Filters of cameras come and go while scenes with filters of their own are drawn: nothing waits
for good (see ``vb_filter/order.lua``)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.obs.stage import CAMERA, SCENE, person
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID

SECONDS = 15.0


def test_filters_are_made_and_ended_while_a_scene_with_its_own_is_drawn(
    start_obs: Callable[..., Any],
) -> None:
    with start_obs(width=640, height=360) as stage:
        stage.picture(CAMERA, person(size=(640, 360))[0])
        stage.add_filter(model="selfie_landscape")
        stage.obs.add_filter(SCENE, "Own", SCENE_FILTER_ID, {"background": "color"})
        stage.wait_for_mask()
        end, count = time.monotonic() + SECONDS, 0
        while time.monotonic() < end:
            count += 1
            stage.obs.add_filter(CAMERA, f"Extra {count}", FILTER_ID)
            stage.obs.request(
                "RemoveSourceFilter", {"sourceName": CAMERA, "filterName": f"Extra {count}"}
            )
        assert count > 50
        stage.wait_frames(10)
        stage.wait_for_mask()
