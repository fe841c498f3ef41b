"""Filters of cameras come and go while other threads draw them: no deadlock, and nothing is drawn
after it was freed (see ``vb_filter/lock_order.lua`` and ``vb_filter/libobs.lua``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.obs.shooting import shooting
from tests.obs.stage import CAMERA, SCENE, Stage, person
from tests.torture import freeze
from vb_demo.errors import ObsError
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID

SECONDS = 15.0
TRIES = 4


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


@pytest.mark.versions
class OwnFreeze(Exception):
    """OBS hangs in a deadlock with none of our code in it."""


@contextmanager
def _excusing_own_freezes(stage: Stage) -> Iterator[None]:
    """Raise OwnFreeze, with OBS ended, where it stops answering without our doing.

    OBS 29 releases the first filter after drawing it. If it was removed meanwhile, that waits for
    the mutex under which another thread ticks all sources; the tick waits for the scene's.
    """
    try:
        yield
    except (ObsError, ConnectionError):
        found = freeze.inspect(stage.obs.pid)
        print("\n".join(found.lines()))
        if not found.of_obs_alone:
            raise
        stage.obs.kill()
        raise OwnFreeze from None


def test_screenshots_are_taken_while_filters_come_and_go(start_obs: Callable[..., Any]) -> None:
    """Each is drawn on one of obs-websocket's threads, as for remote controls."""
    for number in range(TRIES):
        with suppress(OwnFreeze), start_obs(f"obs{number}", width=640, height=360) as stage:
            _come_and_go(stage)
            return
    pytest.fail(f"OBS froze by itself {TRIES} times")


def _come_and_go(stage: Stage) -> None:
    stage.picture(CAMERA, person(size=(640, 360))[0])
    stage.add_filter(background="color")
    stage.wait_for_mask()
    names = [f"Extra {number}" for number in range(3)]
    with _excusing_own_freezes(stage), shooting(stage.obs, [CAMERA, SCENE]) as taken:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for name in names:
                stage.obs.add_filter(CAMERA, name, FILTER_ID, {"background": "blur"})
            time.sleep(0.15)
            for name in names:
                request = {"sourceName": CAMERA, "filterName": name}
                stage.obs.request("RemoveSourceFilter", request)
    assert min(taken) > 10
    stage.wait_frames(10)
    stage.wait_for_mask()
