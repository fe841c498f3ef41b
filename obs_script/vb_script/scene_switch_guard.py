"""Holds on to all scenes and sources while OBS clears them.

OBS removes them one by one while it walks along its lists of them, and finds the next one by the
one that it has just let go of (obs_enum_sources, obs_canvas_enum_scenes). Where another thread has
freed that one by then OBS leaves out the rest or crashes; from 30 on it says that not all sources
were cleared and ends itself, in the middle of a stream if it was about to switch the scene
collection. With a reference of ours none is freed before OBS is through.
"""

from __future__ import annotations

from typing import Any

import obspython as obs

from vb_script import canvases
from vb_script.no_preemption import unhurried


class SceneSwitchGuard:
    """The references. For OBS's UI thread; ``library`` is libobs."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._held: list[int] = []

    def hold(self) -> None:
        """Hold all scenes, groups and inputs that there are now."""
        self.let_go()
        with unhurried():
            found = [
                *(obs.obs_frontend_get_scenes() or []),
                *(obs.obs_enum_sources() or []),
                *canvases.scenes(),
            ]
        self._held = [int(source) for source in found]

    def let_go(self) -> None:
        """Release them: OBS frees what nobody else holds soon after, in a thread of its own.

        Without Python's lock, as the last to let go of a source waits for locks of OBS's.
        """
        held, self._held = self._held, []
        for source in held:
            self._library.obs_source_release(source)
