"""The names of scenes and sources that the filters' lists offer. For OBS's UI thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import obspython as obs

from vb_link import layout
from vb_link.slots import fence
from vb_script import canvases, libobs, obs_filters


def refresh(segment: Any) -> None:
    """Write the names into the link if they have changed."""
    with obs_filters.scenes() as scenes, obs_filters.inputs() as inputs:
        of_scenes = [canvases.name_of(scene) for scene in scenes]
        program = obs_filters.program_scene()
        flags = [
            (obs.obs_source_get_name(source), obs.obs_source_get_output_flags(source))
            for source in inputs
        ]
    seen = [name for name, has in flags if has & libobs.SOURCE_VIDEO]
    heard = [name for name, has in flags if has & libobs.SOURCE_AUDIO]
    write(segment, of_scenes, [*of_scenes, *seen], heard, program)


def write(
    segment: Any,
    scenes: Iterable[str],
    sources: Iterable[str],
    heard: Iterable[str],
    program: str = "",
) -> None:
    """Write the lists of names, sorted, one per line, if they have changed.

    The ``program`` scene comes first, as the one a user most likely means.
    """
    new = (lines(scenes, first=program), lines(sources), lines(heard))
    if new == (segment.scene_names, segment.source_names, segment.audio_names):
        return
    segment.names_sequence = (segment.names_sequence + 1) | 1
    fence()
    segment.scene_names, segment.source_names, segment.audio_names = new
    fence()
    segment.names_sequence += 1


def lines(names: Iterable[str], size: int = layout.NAMES_BYTES, first: str = "") -> bytes:
    """Return the names sorted, one per line; those that do not fit ``size`` bytes are left out.

    ``first`` comes before all others.
    """
    made = b""
    for name in sorted(names, key=lambda name: (name != first, name.casefold())):
        if "\n" in name or not name:
            continue  # a line break in a name would split it in two
        more = (b"\n" if made else b"") + name.encode("utf-8", "replace")
        if len(made) + len(more) >= size:
            break
        made += more
    return made
