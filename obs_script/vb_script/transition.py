"""What the filters need to know about the program's transition. For OBS's UI thread."""

from __future__ import annotations

from typing import Any

import obspython as obs

from vb_script import libobs

# Transitions that draw the items of both scenes, bypassing the scenes and their filters.
_DRAW_ITEMS = frozenset({b"move_transition"})
_PROGRAM = 0  # the output channel
EVENTS = frozenset(
    {
        obs.OBS_FRONTEND_EVENT_FINISHED_LOADING,
        obs.OBS_FRONTEND_EVENT_SCENE_CHANGED,
        obs.OBS_FRONTEND_EVENT_TRANSITION_CHANGED,
    }
)


def refresh(segment: Any) -> None:
    """Write into the link whether items are drawn without their scenes."""
    library = libobs.libobs()
    found = library.obs_get_output_source(_PROGRAM)
    if not found:
        segment.items_alone = 0
        return
    kind = library.obs_source_get_unversioned_id(found)
    library.obs_source_release(found)
    segment.items_alone = kind in _DRAW_ITEMS
