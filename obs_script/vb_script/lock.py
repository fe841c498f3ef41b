"""Hides a camera in an OBS that runs without this script. For OBS's UI thread.

OBS shows a camera unfiltered when it does not know the kind of its filter. The lock is one of
OBS's own filters, below ours, that makes the camera invisible; ours captures what is below the
lock (see ``capture.lua``). So the camera is seen only through ours, whatever happens to the script.

OBS holds its graphics mutex while it creates and moves such a filter. This must be called without
the GIL, as another script may hold that mutex and wait for the GIL: a deadlock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import obspython as obs

from vb_link.settings import FILTER_ID, LOCK
from vb_link.texts import SaidError
from vb_script import libobs, obs_filters

KIND = "color_filter"  # "Color Correction": these values leave nothing of the picture
_CREATED = b"color_filter_v2"
_NOTHING = b'{"opacity": 0.0, "brightness": -1.0}'


def set_lock(_texts: dict[str, str], source: str, name: str, wanted: str) -> str:
    """Put the lock right below our filter (``wanted`` is "true"), or remove it."""
    with obs_filters.camera_filter(source, name) as filter_, obs_filters.source(source) as parent:
        if wanted == "true":
            _put(parent, filter_)
        else:
            with _locks(parent) as locks:
                _remove(parent, locks)
    return ""


def put_missing() -> bool:
    """Put the lock in where a filter's setting wants it; return whether any was missing."""
    missing = False
    with obs_filters.camera_filters() as pairs:
        for parent, filter_ in pairs:
            if obs_filters.values(filter_)["lock"] and not _in_place(parent):
                missing = True
                _put(parent, filter_)
    return missing


def tidy(_texts: dict[str, str]) -> str:
    """Remove the locks of cameras that no longer have our filter."""
    with obs_filters.inputs() as inputs, obs_filters.scenes() as scenes:
        for parent in (*inputs, *scenes):
            with _locks(parent) as locks, obs_filters.filters_of(parent, FILTER_ID) as ours:
                if locks and not ours:
                    _remove(parent, locks)
    return ""


def _put(parent: Any, filter_: Any) -> None:
    with _locks(parent) as locks:
        if not locks:
            _add(parent, filter_)
        elif not _in_place(parent):
            _move_below(parent, locks[0], filter_)


@contextmanager
def _locks(parent: Any) -> Iterator[list[Any]]:
    with obs_filters.filters_of(parent, KIND) as found:
        yield [filter_ for filter_ in found if obs.obs_source_get_name(filter_) == LOCK]


def _remove(parent: Any, locks: list[Any]) -> None:
    for lock in locks:
        libobs.libobs().obs_source_filter_remove(int(parent), int(lock))


def _add(parent: Any, filter_: Any) -> None:
    library = libobs.libobs()
    data = library.obs_data_create_from_json(_NOTHING)
    lock = library.obs_source_create(_CREATED, LOCK.encode(), data, None)
    library.obs_data_release(data)
    if not lock:
        raise SaidError("Lock.Failed")
    try:
        # A new filter is above all others: the camera stays hidden until the lock is moved.
        library.obs_source_filter_add(int(parent), lock)
        _move_below(parent, lock, filter_)
    finally:
        library.obs_source_release(lock)


def _move_below(parent: Any, lock: Any, filter_: Any) -> None:
    library = libobs.libobs()
    # OBS's "up" is towards the camera.
    library.obs_source_filter_set_order(int(parent), int(lock), libobs.ORDER_BOTTOM)
    for _ in range(library.obs_source_filter_count(int(parent))):
        if _name_below(filter_) == LOCK:
            return
        library.obs_source_filter_set_order(int(parent), int(lock), libobs.ORDER_UP)
    raise SaidError("Lock.Failed")


def _in_place(parent: Any) -> bool:
    """Return whether any of our filters is right above the lock."""
    with obs_filters.filters_of(parent, FILTER_ID) as ours:
        return any(_name_below(filter_) == LOCK for filter_ in ours)


def _name_below(filter_: Any) -> str:
    library = libobs.libobs()
    below = library.obs_filter_get_target(int(filter_))
    return (library.obs_source_get_name(below) or b"").decode() if below else ""
