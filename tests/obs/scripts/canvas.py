"""Makes a canvas of another shape, as plugins for upright pictures do, with a scene of its own.

CANVAS_FOLDER/go holds "CANVAS", "SCENE" and the name of the source in it, a line each; at the next
change of scenes all is made and CANVAS_FOLDER/made has the scene's UUID. ``remove`` in it takes the
canvas away again.
"""

from __future__ import annotations

import os
from pathlib import Path

import obspython as obs

FOLDER = Path(os.environ["CANVAS_FOLDER"])
SIZE = (360, 640)
PROGRAM = 2 | 4 | 8  # active, with sound, holding its scenes: what OBS's own users of it ask for


def _make(canvas_name: str, scene_name: str, source_name: str) -> str:
    video = obs.obs_video_info()
    obs.obs_get_video_info(video)
    video.base_width, video.base_height = SIZE
    video.output_width, video.output_height = SIZE
    canvas = obs.obs_frontend_add_canvas(canvas_name, video, PROGRAM)
    scene = obs.obs_canvas_scene_create(canvas, scene_name)
    source = obs.obs_get_source_by_name(source_name)
    obs.obs_scene_add(scene, source)
    obs.obs_source_release(source)
    of_scene = obs.obs_scene_get_source(scene)
    obs.obs_canvas_set_channel(canvas, 0, of_scene)
    uuid = str(obs.obs_source_get_uuid(of_scene))
    obs.obs_scene_release(scene)
    obs.obs_canvas_release(canvas)
    return uuid


def _remove(canvas_name: str) -> str:
    canvas = obs.obs_get_canvas_by_name(canvas_name)
    obs.obs_canvas_set_channel(canvas, 0, None)
    removed = obs.obs_frontend_remove_canvas(canvas)
    obs.obs_canvas_release(canvas)
    return str(removed)


def _on_event(event: int) -> None:
    go = FOLDER / "go"
    if event != obs.OBS_FRONTEND_EVENT_SCENE_CHANGED or not go.exists():
        return
    words = go.read_text().splitlines()
    go.unlink()
    made = _remove(words[1]) if words[0] == "remove" else _make(*words)
    (FOLDER / "making").write_text(made)
    (FOLDER / "making").rename(FOLDER / "made")


def script_load(_settings: object) -> None:
    obs.obs_frontend_add_event_callback(_on_event)


def script_unload() -> None:
    obs.obs_frontend_remove_event_callback(_on_event)
