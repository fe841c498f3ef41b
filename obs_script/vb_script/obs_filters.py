"""Finds our filters in OBS, reads and writes their settings. For OBS's UI thread.

Context managers release their references when the block ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import obspython as obs

from vb_link import settings
from vb_link.setting_values import in_effect
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID, Value
from vb_link.texts import SaidError
from vb_script import canvases, libobs

# A key in a filter's settings that is not in the table nor in presets: see sound.py.
SYNC_UNDO = "sync_undo"


@contextmanager
def scenes() -> Iterator[list[Any]]:
    """Yield the scenes in the user's order, those of other canvases last."""
    found = [*(obs.obs_frontend_get_scenes() or []), *canvases.scenes()]
    try:
        yield list(found)
    finally:
        obs.source_list_release(found)


def program_scene() -> str:
    """Return the name of the program scene, or "" while there is none."""
    found = obs.obs_frontend_get_current_scene()
    if found is None:
        return ""
    try:
        return str(obs.obs_source_get_name(found))
    finally:
        obs.obs_source_release(found)


@contextmanager
def inputs() -> Iterator[list[Any]]:
    """Yield all inputs and groups."""
    found = obs.obs_enum_sources() or []
    try:
        yield list(found)
    finally:
        obs.source_list_release(found)


@contextmanager
def source(name: str) -> Iterator[Any]:
    """Yield the source of that name. Raises SaidError when there is none."""
    found = obs.obs_get_source_by_name(name)
    if found is None:
        found = canvases.find(name)
    if found is None:
        raise SaidError("Request.NoSource", name=name)
    try:
        yield found
    finally:
        obs.obs_source_release(found)


@contextmanager
def scene(name: str) -> Iterator[Any]:
    """Yield the scene or group of that name as a source. Raises SaidError when there is none."""
    with source(name) as found:
        if not (obs.obs_source_is_scene(found) or obs.obs_source_is_group(found)):
            raise SaidError("Request.NoScene", name=name)
        yield found


def _names(parent: Any, kind: str) -> list[str]:
    """Return the names of a source's filters of one kind.

    obspython's only way to list filters is a backup of them.
    """
    found = []
    kept = obs.obs_source_backup_filters(parent)
    for index in range(obs.obs_data_array_count(kept)):
        item = obs.obs_data_array_item(kept, index)
        if obs.obs_data_get_string(item, "id") == kind:
            found.append(obs.obs_data_get_string(item, "name"))
        obs.obs_data_release(item)
    obs.obs_data_array_release(kept)
    return found


@contextmanager
def filters_of(parent: Any, kind: str) -> Iterator[list[Any]]:
    """Yield a source's filters of one kind."""
    named = (obs.obs_source_get_filter_by_name(parent, name) for name in _names(parent, kind))
    found = [filter_ for filter_ in named if filter_ is not None]
    try:
        yield found
    finally:
        for filter_ in found:
            obs.obs_source_release(filter_)


@contextmanager
def camera_filters() -> Iterator[list[tuple[Any, Any]]]:
    """Yield all "Virtual Background" filters as (source, filter)."""
    with ExitStack() as stack:
        parents = [*stack.enter_context(inputs()), *stack.enter_context(scenes())]
        yield [
            (parent, filter_)
            for parent in parents
            for filter_ in stack.enter_context(filters_of(parent, FILTER_ID))
        ]


@contextmanager
def camera_filter(source_name: str, filter_name: str) -> Iterator[Any]:
    """Yield one "Virtual Background" filter. Raises SaidError when there is none."""
    with source(source_name) as parent, filters_of(parent, FILTER_ID) as found:
        for filter_ in found:
            if obs.obs_source_get_name(filter_) == filter_name:
                yield filter_
                return
    raise SaidError("Request.NoFilter", source=source_name, filter=filter_name)


@contextmanager
def scene_filter(parent: Any) -> Iterator[Any]:
    """Yield the filter that holds a scene's own background, or None."""
    with filters_of(parent, SCENE_FILTER_ID) as found:
        yield found[0] if found else None


def free_name(parent: Any, title: str) -> str:
    """Return a name for a new filter that none of a source's filters has: the title, or with a
    number."""
    name, number = title, 1
    while True:
        other = obs.obs_source_get_filter_by_name(parent, name)
        if other is None:
            return name
        obs.obs_source_release(other)
        number += 1
        name = f"{title} {number}"


def open_filters(name: str) -> None:
    """Open the window with a source's filters."""
    with suppress(SaidError), source(name) as found:
        libobs.frontend().obs_frontend_open_source_filters(int(found))


def table(filter_: Any) -> tuple[settings.Setting, ...]:
    """Return the table of settings for a filter's kind."""
    of_scene = obs.obs_source_get_unversioned_id(filter_) == SCENE_FILTER_ID
    return settings.SCENE_SETTINGS if of_scene else settings.SETTINGS


def values(filter_: Any) -> dict[str, Value]:
    """Return the value in effect of each of a filter's settings."""
    own = stored(filter_)
    return {row.key: in_effect(row, own.get(row.key, row.default)) for row in table(filter_)}


def stored(filter_: Any) -> dict[str, Any]:
    """Return what a filter's settings hold, without defaults."""
    data = obs.obs_source_get_settings(filter_)
    try:
        return dict(json.loads(obs.obs_data_get_json(data) or "{}"))
    finally:
        obs.obs_data_release(data)


def replace(filter_: Any, new: Mapping[str, Value]) -> None:
    """Set these settings of a filter and reset all others to their defaults.

    Keys outside the table stay: SYNC_UNDO, and which groups of its panel are open.
    """
    own = {row.key for row in table(filter_)}
    kept = {key: value for key, value in stored(filter_).items() if key not in own}
    _with_data({**new, **kept}, lambda data: obs.obs_source_reset_settings(filter_, data))


def change(filter_: Any, new: Mapping[str, Value]) -> None:
    """Change some settings of a filter."""
    _with_data(new, lambda data: obs.obs_source_update(filter_, data))


def _with_data(new: Mapping[str, Value], use: Any) -> None:
    data = obs.obs_data_create_from_json(json.dumps(dict(new)))
    try:
        use(data)
    finally:
        obs.obs_data_release(data)
