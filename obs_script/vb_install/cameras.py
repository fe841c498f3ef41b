"""Finds and hides the cameras that a scene collection would show unfiltered without the script.

OBS ignores a filter whose kind is unknown, so the camera is seen as it is. A camera whose filters
include the lock stays invisible by itself (see ``vb_script/lock.py``).
"""

from __future__ import annotations

from typing import Any

from vb_link.settings import FILTER_ID, LOCK

_SCENES = ("scene", "group")


def unlocked(data: dict[str, Any]) -> list[str]:
    """Return the names of a collection's cameras, scenes and groups that would be shown."""
    return sorted(str(source.get("name", "")) for source in _sources(data) if _is_shown(source))


def hide(data: dict[str, Any]) -> int:
    """Make all scene items of these sources invisible; return how many were visible.

    In a scene or group with the filter all items are hidden, as the program scene is no item.
    """
    shown = [source for source in _sources(data) if _is_shown(source)]
    names = {source.get("name") for source in shown}
    identities = {source.get("uuid") for source in shown} - {None}
    count = 0
    for source in _sources(data):
        for item in _items(source):
            ours = item.get("name") in names or item.get("source_uuid") in identities
            if (ours or source.get("name") in names) and item.get("visible") is not False:
                item["visible"] = False
                count += 1
    return count


def _is_shown(source: dict[str, Any]) -> bool:
    filters = _dicts(source.get("filters"))
    locked = any(
        filter_.get("name") == LOCK and filter_.get("enabled") is not False for filter_ in filters
    )
    return not locked and any(filter_.get("id") == FILTER_ID for filter_ in filters)


def _sources(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [*_dicts(data.get("sources")), *_dicts(data.get("groups"))]


def _items(source: dict[str, Any]) -> list[dict[str, Any]]:
    settings = source.get("settings")
    if source.get("id") not in _SCENES or not isinstance(settings, dict):
        return []
    return _dicts(settings.get("items"))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
