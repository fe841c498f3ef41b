"""Switches to another scene while nobody is in a camera's picture, and back. For OBS's UI thread.

The filter asks for both. Only a scene that shows the camera is left, and only the scene that was
switched to is left for it again: one that the user chooses meanwhile stays. While that other scene
is on program nothing draws the camera, and the filter would never see that somebody is back. So a
view of libobs's draws it unseen, as OBS's own does for a virtual camera of one source.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import obspython as obs

from vb_link.texts import SaidError, say
from vb_script import libobs, obs_filters, shown_twice
from vb_script.reload_state import survivors


@dataclass
class Away:
    """A switch that is in effect.

    For which filter of which source, from and to which scene, and the view that draws the camera:
    an ``obs_view_t *``, 0 while the script is not loaded.
    """

    source: str
    filter: str
    came_from: str
    went_to: str
    view: int = 0


def leave(texts: dict[str, str], source: str, name: str) -> str:
    """Switch to the scene that a filter names for this. Raises SaidError where there is none."""
    kept = survivors()
    if kept.away is not None:
        return ""
    with obs_filters.camera_filter(source, name) as filter_:
        settings = obs_filters.values(filter_)
    came_from, went_to = obs_filters.program_scene(), str(settings["nobody_scene"])
    if settings["nobody"] != "scene" or went_to == came_from or not _on_program(source):
        return ""
    with _scene(went_to) as there:
        if there is None:
            raise _missing(went_to)
        kept.away = Away(source, name, came_from, went_to)
        _watch(kept.away)
        obs.obs_frontend_set_current_scene(there)
    return say(texts, "Request.LeftScene", name=went_to)


def go_back(texts: dict[str, str], source: str, name: str) -> str:
    """Switch back if this filter's switch is in effect. Raises SaidError: the scene is gone."""
    away = survivors().away
    if away is None or (away.source, away.filter) != (source, name):
        return ""
    forget()
    if obs_filters.program_scene() != away.went_to:
        return ""
    with _scene(away.came_from) as there:
        if there is None:
            raise _missing(away.came_from)
        obs.obs_frontend_set_current_scene(there)
    return say(texts, "Request.WentBack", name=away.came_from)


def refresh() -> None:
    """Keep watching, also after a Reload; forget the switch once another scene is on program."""
    away = survivors().away
    if away is None:
        return
    if obs_filters.program_scene() != away.went_to:
        forget()
        return
    try:
        with obs_filters.camera_filter(away.source, away.filter):
            if not away.view:
                _watch(away)
    except SaidError:  # the filter or its source is gone
        forget()


def pause() -> None:
    """Watch no longer: the script is being unloaded."""
    away = survivors().away
    if away is None or not away.view:
        return
    library, view = libobs.libobs(), away.view
    away.view = 0
    library.obs_view_remove(view)
    library.obs_view_destroy(view)


def forget() -> None:
    """Leave the program as it is, for good."""
    pause()
    survivors().away = None


def warning(texts: dict[str, str]) -> str:
    """Return which scene to switch to is missing, or ""."""
    with obs_filters.camera_filters() as pairs:
        every = [obs_filters.values(filter_) for _, filter_ in pairs]
    for settings in every:
        if settings["active"] and settings["nobody"] == "scene":
            name = str(settings["nobody_scene"])
            with _scene(name) as there:
                if there is None:
                    return _missing(name).text(texts)
    return ""


def _missing(name: str) -> SaidError:
    if not name:
        return SaidError("Request.NoSceneChosen")
    return SaidError("Request.NoAwayScene", name=name)


@contextmanager
def _scene(name: str) -> Iterator[Any]:
    """Yield the scene of that name that can be on program, or None."""
    found = obs.obs_frontend_get_scenes() or []
    try:
        yield next((scene for scene in found if obs.obs_source_get_name(scene) == name), None)
    finally:
        obs.source_list_release(found)


def _on_program(source: str) -> bool:
    """Return whether the program scene is or shows a source, in scenes inside it, too."""
    seen = {obs_filters.program_scene()}
    found = obs.obs_frontend_get_scenes() or []
    try:
        by_name = {obs.obs_source_get_name(scene): scene for scene in found}
        todo = [by_name[name] for name in seen if name in by_name]
        while todo and source not in seen:
            scene = todo.pop()
            if shown_twice.shows(scene, source):
                return True
            inside = {name for name in by_name if shown_twice.shows(scene, name)} - seen
            seen |= inside
            todo += [by_name[name] for name in inside]
        return source in seen
    finally:
        obs.source_list_release(found)


def _watch(away: Away) -> None:
    """Have the camera drawn unseen. Raises SaidError when it is gone."""
    library = libobs.libobs()
    with obs_filters.source(away.source) as camera:
        away.view = int(library.obs_view_create())
        library.obs_view_set_source(away.view, 0, int(camera))
    library.obs_view_add(away.view)
