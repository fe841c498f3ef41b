"""Keeps a camera unseen in an OBS that runs without this script. For OBS's UI thread.

OBS shows a camera as it is when the kind of its filter is unknown. The lock is a filter of OBS's
own, below ours, that makes the camera invisible; ours looks at what is below the lock (see
``capture.lua``). So the camera is seen only where ours is, whatever became of the script.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import obspython as obs

from vb_link.settings import FILTER_ID, LOCK
from vb_script import obs_filters
from vb_script.texts import SaidError

KIND = "color_filter"  # "Color Correction": nothing of a picture is left of these values
_CREATED = "color_filter_v2"
_NOTHING = '{"opacity": 0.0, "brightness": -1.0}'


def set_lock(_texts: dict[str, str], source: str, name: str, wanted: str) -> str:
    """Put the lock right below a filter of ours (``wanted`` is "true"), or take it away."""
    with obs_filters.camera_filter(source, name) as one, _locked(source) as (parent, locks):
        if wanted != "true":
            _remove(parent, locks)
        elif not locks:
            _add(parent, one)
        elif not _in_place(parent):
            _move_below(parent, locks[0], one)
    return ""


def tidy(_texts: dict[str, str]) -> str:
    """Take away the locks of cameras that have no filter of ours any more."""
    with obs_filters.inputs() as inputs, obs_filters.scenes() as scenes:
        for parent in (*inputs, *scenes):
            with _locks(parent) as locks, obs_filters.filters_of(parent, FILTER_ID) as ours:
                if locks and not ours:
                    _remove(parent, locks)
    return ""


@contextmanager
def _locked(source: str) -> Iterator[tuple[Any, list[Any]]]:
    with obs_filters.source(source) as parent, _locks(parent) as locks:
        yield parent, locks


@contextmanager
def _locks(parent: Any) -> Iterator[list[Any]]:
    with obs_filters.filters_of(parent, KIND) as found:
        yield [one for one in found if obs.obs_source_get_name(one) == LOCK]


def _remove(parent: Any, locks: list[Any]) -> None:
    for lock in locks:
        obs.obs_source_filter_remove(parent, lock)


def _add(parent: Any, one: Any) -> None:
    data = obs.obs_data_create_from_json(_NOTHING)
    lock = obs.obs_source_create(_CREATED, LOCK, data, None)
    obs.obs_data_release(data)
    if lock is None:
        raise SaidError("Lock.Failed")
    try:
        obs.obs_source_filter_add(parent, lock)  # above all others: the camera is unseen meanwhile
        _move_below(parent, lock, one)
    finally:
        obs.obs_source_release(lock)


def _move_below(parent: Any, lock: Any, one: Any) -> None:
    # OBS's "up" is towards the camera.
    obs.obs_source_filter_set_order(parent, lock, obs.OBS_ORDER_MOVE_BOTTOM)
    for _ in range(obs.obs_source_filter_count(parent)):
        if _name_below(one) == LOCK:
            return
        obs.obs_source_filter_set_order(parent, lock, obs.OBS_ORDER_MOVE_UP)
    raise SaidError("Lock.Failed")


def _in_place(parent: Any) -> bool:
    """Whether a filter of ours stands right above the lock: any one will do."""
    with obs_filters.filters_of(parent, FILTER_ID) as ours:
        return any(_name_below(one) == LOCK for one in ours)


def _name_below(one: Any) -> str:
    below = obs.obs_filter_get_target(one)
    return "" if below is None else str(obs.obs_source_get_name(below))
