"""Duplicates the scene whose name a file holds as OBS's own menu does, at a change of scenes."""

from __future__ import annotations

import os
from pathlib import Path

import obspython as obs

WISH = Path(os.environ["DUPLICATE_FOLDER"]) / "duplicate"


def on_event(event: int) -> None:
    if event != obs.OBS_FRONTEND_EVENT_SCENE_CHANGED or not WISH.exists():
        return
    name = WISH.read_text()
    WISH.unlink()
    source = obs.obs_get_source_by_name(name)
    scene = obs.obs_scene_from_source(source)
    obs.obs_scene_release(obs.obs_scene_duplicate(scene, f"{name} 2", obs.OBS_SCENE_DUP_REFS))
    obs.obs_source_release(source)


def script_load(_settings: object) -> None:
    obs.obs_frontend_add_event_callback(on_event)


def script_unload() -> None:
    obs.obs_frontend_remove_event_callback(on_event)
