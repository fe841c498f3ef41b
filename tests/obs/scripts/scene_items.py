"""Sets of scene items what obs-websocket cannot: scale filter, blending method, a group.

When ITEMS_FOLDER/go appears (JSON, a list), the next frontend event does what it says. A row is
{"scene", "item", "scale_filter", "method"}, the scene being a group's name where the item is in a
group, or {"scene", "group", "items"}: a new group of these items, the lowest first.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import obspython as obs

_FOLDER = Path(os.environ["ITEMS_FOLDER"])


def _do(row: dict[str, Any]) -> None:
    source = obs.obs_get_source_by_name(row["scene"])
    scene = obs.obs_group_or_scene_from_source(source)
    if "group" in row:
        group = obs.obs_scene_add_group(scene, row["group"])
        for number in reversed(row["items"]):  # each new item of a group goes below the others
            item = obs.obs_scene_find_sceneitem_by_id(scene, number)
            obs.obs_sceneitem_group_add_item(group, item)
    else:
        item = obs.obs_scene_find_sceneitem_by_id(scene, row["item"])
        obs.obs_sceneitem_set_scale_filter(item, row["scale_filter"])
        obs.obs_sceneitem_set_blending_method(item, row["method"])
    obs.obs_source_release(source)


def _on_event(_event: int) -> None:
    asked = _FOLDER / "go"
    if not asked.exists():
        return
    rows = json.loads(asked.read_text())
    asked.unlink()
    for row in rows:
        _do(row)
    (_FOLDER / "done").touch()


def script_load(settings: object) -> None:
    obs.obs_frontend_add_event_callback(_on_event)


def script_unload() -> None:
    obs.obs_frontend_remove_event_callback(_on_event)
