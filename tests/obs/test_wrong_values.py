"""Settings of the wrong type from a remote control reveal nothing: the defaults are used instead,
and the status line names them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.obs.stage import (
    BACKDROP,
    CAMERA,
    FILTER,
    SCENE,
    SECRET,
    Stage,
    person,
    room_pixels,
    wait_for,
)
from vb_link.settings import (
    FILTER_ID,
    SCENE_FILTER_ID,
    SCENE_SETTINGS,
    SETTINGS,
    Setting,
    defaults,
)

PRIVATE: dict[str, Any] = {
    "background": "color",
    "background_color": BACKDROP,
    "cover": "color",
    "cover_color": 0xFFC86432,
}


def _no_room(stage: Stage, truth: Any, seconds: float = 0.5) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert room_pixels(stage.shot(CAMERA), truth, 24) == 0


def _remove(stage: Stage) -> None:
    stage.obs.request("RemoveSourceFilter", {"sourceName": CAMERA, "filterName": FILTER})
    wait_for(lambda: not stage.channels(), 5, "the channel given back")


@pytest.mark.parametrize("odd", [1, 0, 1.0, "true"], ids=repr)
def test_a_switch_of_the_wrong_type_shows_no_room(stage: Stage, odd: Any) -> None:
    picture, truth = person(room=SECRET)
    stage.picture(CAMERA, picture)
    stage.add_filter(**PRIVATE, active=odd)
    stage.wait_for_mask()
    _no_room(stage, truth)
    _remove(stage)
    stage.add_filter(**PRIVATE)
    stage.wait_for_mask()
    stage.set_filter(active=odd)
    channel = stage.channels()[0]
    wait_for(lambda: b"On (active)" in channel.status, 5, "the setting's name")
    _no_room(stage, truth)
    stage.set_filter(active=True)
    wait_for(lambda: b"(active)" not in channel.status, 5, "the setting mended")
    stage.set_filter(lock=odd)
    wait_for(lambda: b"(lock)" in channel.status, 5, "the lock's name")
    filters = stage.obs.request("GetSourceFilterList", {"sourceName": CAMERA})["filters"]
    assert [filter_["filterName"] for filter_ in filters] == [FILTER]


def _scalar(row: Setting) -> Any:
    return True if isinstance(row.default, str) else "wrong"


def _object(_row: Setting) -> Any:
    return {"wrong": {"active": True}}


def _list(_row: Setting) -> Any:
    return [{"wrong": 1}, {}]


# OBS takes the default's bytes for a pointer, too, when it frees a setting that is one of these.
POINTERS = (_object, _list)


@pytest.mark.parametrize("wrong", [_scalar, *POINTERS])
def test_all_settings_of_the_wrong_type_at_once_are_the_defaults(
    stage: Stage, wrong: Callable[[Setting], Any]
) -> None:
    picture, truth = person(room=SECRET)
    stage.picture(CAMERA, picture)
    private = {"background": "color", "cover": "color"}
    given = {row.key: wrong(row) for row in SETTINGS if row.key not in private}
    stage.obs.add_filter(CAMERA, FILTER, FILTER_ID, {**given, **private})
    stage.obs.add_filter(
        SCENE, "Own", SCENE_FILTER_ID, {row.key: wrong(row) for row in SCENE_SETTINGS}
    )
    stage.wait_for_mask()
    _no_room(stage, truth)
    channel = stage.channels()[0]
    assert channel.model.decode() == defaults()["model"]
    wait_for(lambda: b"(active)" in channel.status and b"(quality)" in channel.status, 5, "names")
    stage.obs.request("RemoveSourceFilter", {"sourceName": SCENE, "filterName": "Own"})


@pytest.mark.parametrize("wrong", POINTERS)
def test_objects_and_lists_do_not_crash_obs(stage: Stage, wrong: Callable[[Setting], Any]) -> None:
    picture, truth = person(room=SECRET)
    stage.picture(CAMERA, picture)
    stage.add_filter(**PRIVATE)
    stage.obs.add_filter(SCENE, "Own", SCENE_FILTER_ID)
    stage.wait_for_mask()
    stage.set_filter(**{row.key: wrong(row) for row in SETTINGS if row.key not in PRIVATE})
    stage.obs.set_filter(SCENE, "Own", {row.key: wrong(row) for row in SCENE_SETTINGS})
    channel = stage.channels()[0]
    wait_for(lambda: b"(active)" in channel.status and b"(quality)" in channel.status, 5, "names")
    _no_room(stage, truth)
    kept = stage.obs.request("GetSourceFilter", {"sourceName": CAMERA, "filterName": FILTER})
    types = {row.key: type(row.default) for row in SETTINGS}
    for key, value in kept["filterSettings"].items():
        assert isinstance(value, (types[key], int)), key
    stage.obs.request("RemoveSourceFilter", {"sourceName": SCENE, "filterName": "Own"})
    _remove(stage)
    assert stage.obs.request("GetVersion")["obsVersion"]
