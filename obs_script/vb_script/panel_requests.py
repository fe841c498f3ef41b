"""The requests that a user makes in a panel. For OBS's UI thread.

A request is a word and its arguments, one per line; the answer is one sentence, or "" if there is
nothing to say. The filter's panel sends them through the link, the script's calls them directly.
"""

from __future__ import annotations

from collections.abc import Callable

import obspython as obs

from vb_link.settings import DEFAULT_BACKGROUND, SCENE_FILTER_ID
from vb_link.texts import SaidError, say
from vb_script import away_scene, cameras, lock, missing_files, obs_filters, presets, sound, starts

Texts = dict[str, str]


def run(text: str, texts: Texts) -> str:
    """Carry out one request and return the answer. Raises SaidError when it cannot be done."""
    word, *arguments = text.split("\n")
    known = REQUESTS.get(word)
    if known is None or known[1] != len(arguments):
        raise SaidError("Request.Unknown", request=word)
    return known[0](texts, *arguments)


def own_scene(texts: Texts, name: str) -> str:
    """Give a scene its own background and open the window to choose it in."""
    with obs_filters.scene(name) as scene, obs_filters.scene_filter(scene) as found:
        if found is None:
            _add_scene_filter(scene, texts["SceneFilterName"])
        elif not obs.obs_source_enabled(found):
            obs.obs_source_set_enabled(found, True)
    obs_filters.open_filters(name)
    return say(texts, "Request.OwnScene", name=name)


def _add_scene_filter(scene: object, title: str) -> None:
    name = obs_filters.free_name(scene, title)
    made = obs.obs_source_create(SCENE_FILTER_ID, name, None, None)
    obs.obs_source_filter_add(scene, made)
    obs.obs_source_release(made)


def default_scene(texts: Texts, name: str) -> str:
    """Let a scene use the camera's background again, keeping its own layers and zones."""
    with obs_filters.scene(name) as scene, obs_filters.filters_of(scene, SCENE_FILTER_ID) as found:
        for filter_ in found:
            own = obs_filters.values(filter_)
            if own["own_layers"] or own["own_zones"]:
                obs_filters.change(filter_, {"background": DEFAULT_BACKGROUND})
            else:
                obs.obs_source_filter_remove(scene, filter_)
    return say(texts, "Request.DefaultScene", name=name)


def copy(texts: Texts, source: str, name: str) -> str:
    """Copy a filter's settings to all others of its kind."""
    with obs_filters.camera_filter(source, name) as chosen:
        settings = obs_filters.values(chosen)
    count = 0
    with obs_filters.camera_filters() as pairs:
        for parent, filter_ in pairs:
            here = (obs.obs_source_get_name(parent), obs.obs_source_get_name(filter_))
            if here != (source, name):
                obs_filters.replace(filter_, settings)
                count += 1
    if not count:
        raise SaidError("Request.NoOthers")
    return say(texts, "Request.Copied", count=count)


def save_preset(texts: Texts, source: str, name: str, path: str) -> str:
    """Write a filter's settings to a file."""
    with obs_filters.camera_filter(source, name) as chosen:
        written = presets.save(path, obs_filters.values(chosen))
    return say(texts, "Request.Saved", path=written)


def load_preset(texts: Texts, source: str, name: str, path: str) -> str:
    """Give a filter the settings from a file."""
    settings = presets.load(path)
    with obs_filters.camera_filter(source, name) as chosen:
        obs_filters.replace(chosen, settings)
    return say(texts, "Request.Loaded", path=path)


REQUESTS: dict[str, tuple[Callable[..., str], int]] = {
    "own_scene": (own_scene, 1),
    "default_scene": (default_scene, 1),
    "add": (cameras.add, 1),
    "take_off": (cameras.take_off, 1),
    "copy": (copy, 2),
    "save_preset": (save_preset, 3),
    "load_preset": (load_preset, 3),
    "mend_files": (missing_files.mend, 1),
    "start": (starts.start, 3),
    "undo_start": (starts.undo, 2),
    "set_sync": (sound.set_sync, 4),
    "undo_sync": (sound.undo_sync, 2),
    "lock": (lock.set_lock, 3),
    "tidy_locks": (lock.tidy, 0),
    "leave_scene": (away_scene.leave, 2),
    "return_to_scene": (away_scene.go_back, 2),
}
