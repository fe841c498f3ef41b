"""The sources that show video, and our filter on one of them. For OBS's UI thread."""

from __future__ import annotations

from typing import Any

import obspython as obs

from vb_link.settings import FILTER_ID
from vb_link.texts import say
from vb_script import canvases, libobs, lock, obs_filters

Texts = dict[str, str]

# By kind, in the order of the list; the numbers of versions at their ends do not count.
_CAMERAS = (
    "dshow_input", "av_capture_input", "macos-avcapture", "macos-avcapture-fast", "v4l2_input",
    "pipewire-camera-source", "decklink-input", "droidcam_obs",
)  # fmt: skip
_FEEDS = ("ndi_source", "srt_source", "ffmpeg_source", "vlc_source")
_OTHERS = ("browser_source", "xshm_input", "monitor_capture", "window_capture", "game_capture",
           "screen_capture", "pipewire-desktop-capture-source", "group")  # fmt: skip
_ORDER = (*_CAMERAS, *_FEEDS, *_OTHERS)


def names() -> dict[str, bool]:
    """Return the names of the inputs and groups with video, cameras first, and which have our
    filter."""
    found = []
    with obs_filters.inputs() as inputs:
        for source in inputs:
            if obs.obs_source_get_output_flags(source) & libobs.SOURCE_VIDEO:
                name = canvases.name_of(source)
                rank = _rank(str(obs.obs_source_get_unversioned_id(source)))
                with obs_filters.filters_of(source, FILTER_ID) as ours:
                    found.append((rank, name, bool(ours)))
    return {name: ours for _, name, ours in sorted(found)}


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def add(texts: Texts, name: str) -> str:
    """Put our filter on a source, unless it is there, and open the window to set it."""
    with obs_filters.source(name) as source, obs_filters.filters_of(source, FILTER_ID) as found:
        if found:
            obs.obs_source_set_enabled(found[0], True)
        else:
            _create(source, texts["FilterName"])
    obs_filters.open_filters(name)
    return say(texts, "Request.Added", name=name)


def take_off(texts: Texts, name: str) -> str:
    """Remove our filter, and the lock that would hide the camera, from a source."""
    with obs_filters.source(name) as source, obs_filters.filters_of(source, FILTER_ID) as found:
        for filter_ in found:
            obs.obs_source_filter_remove(source, filter_)
    lock.tidy(texts)
    return say(texts, "Request.TakenOff" if found else "Request.HasNone", name=name)


def _create(source: Any, title: str) -> None:
    name = obs_filters.free_name(source, title)
    made = obs.obs_source_create(FILTER_ID, name, None, None)
    obs.obs_source_filter_add(source, made)
    obs.obs_source_release(made)
