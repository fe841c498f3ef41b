"""A fault of OBS 32's own at its end, told from a fault of ours.

Closing, 32.2.2 removes its scenes while it walks along the list of them (obs_canvas_enum_scenes):
the next one is looked up in the one that was removed, which another thread may have freed by then.
If it has, the other scenes stay; OBS complains of the sources in them and leaks, or crashes where
it frees them. It did so in 1 of 7 runs with no filter and no script but one in Lua that takes 0.1 s
to unload, and in 5 of 24 with ours. OBS 29 and 30 have no such list.
"""

from __future__ import annotations

import re

_COMPLAINT = re.compile(r"Not all sources were cleared when clearing scene data:\s+((?:- .*\n)+)")


def lost(log: str, elsewhere: set[str]) -> bool:
    """Whether OBS 32 kept sources, and none but those of scenes that were not shown.

    ``elsewhere`` is ``Stage.elsewhere()`` of before its end.
    """
    found = _COMPLAINT.search(log)
    if found is None or not re.search(r"OBS 32\.", log):
        return False
    return {line.removeprefix("- ") for line in found[1].splitlines()} <= elsewhere
