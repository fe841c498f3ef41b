"""Keeps all scenes and sources alive while OBS removes them.

OBS removes them while it iterates over its lists, and reads the next pointer from the source it
has just released (obs_enum_sources, obs_canvas_enum_scenes). If another thread has freed that one
by then (a use after free), OBS skips the rest or crashes; OBS 30 and later report that not all
sources were cleared and quit, in the middle of a stream if the scene collection was being
switched. Our references keep all of them alive until OBS is done.
"""

from __future__ import annotations

from typing import Any

import obspython as obs

from vb_script import canvases
from vb_script.no_preemption import no_preemption


class SceneSwitchGuard:
    """The references. For OBS's UI thread; ``library`` is libobs."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._held: list[int] = []

    def hold(self) -> None:
        """Take a reference to each existing scene, group and input."""
        self.let_go()
        with no_preemption():
            found = [
                *(obs.obs_frontend_get_scenes() or []),
                *(obs.obs_enum_sources() or []),
                *canvases.scenes(),
            ]
        self._held = [int(source) for source in found]

    def let_go(self) -> None:
        """Release them: OBS soon frees those without other references, in a thread of its own.

        Without the GIL, as releasing the last reference to a source waits for OBS's locks.
        """
        held, self._held = self._held, []
        for source in held:
            self._library.obs_source_release(source)
