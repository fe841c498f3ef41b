"""Finds layers that are items of the scene, too, and so show twice. For OBS's UI thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import obspython as obs

from vb_link.settings import Value
from vb_link.texts import say
from vb_script import obs_filters

LAYERS = ("behind_source", "front_source")


def sentence(texts: dict[str, str]) -> str:
    """Return the warning about the program scene, or ""."""
    program = obs.obs_frontend_get_current_scene()
    if program is None:
        return ""
    try:
        for name in _layers(program):
            if shows(program, name):
                return say(texts, "Note.ShownTwice", name=name)
    finally:
        obs.obs_source_release(program)
    return ""


def _layers(program: Any) -> Iterator[str]:
    """Yield the sources that the filters on a scene and on its items draw as layers."""
    with obs_filters.scene_filter(program) as own:
        of_scene = obs_filters.values(own) if own is not None else {}
        if own is not None and of_scene["own_layers"] and obs.obs_source_enabled(own):
            yield from _named(of_scene)
            return
    with obs_filters.camera_filters() as pairs:
        found = [
            obs_filters.values(filter_)
            for parent, filter_ in pairs
            if obs.obs_source_enabled(filter_) and shows(program, obs.obs_source_get_name(parent))
        ]
    for settings in found:
        if settings["active"]:
            yield from _named(settings)


def _named(settings: Mapping[str, Value]) -> Iterator[str]:
    for key in LAYERS:
        if settings[key]:
            yield str(settings[key])


def shows(program: Any, name: str) -> bool:
    """Return whether a scene has a visible item of that name, in its groups too."""
    scene = obs.obs_scene_from_source(program)
    item = obs.obs_scene_find_source_recursive(scene, name) if scene is not None else None
    return item is not None and bool(obs.obs_sceneitem_visible(item))
