"""Lets other scripts' threads finish what they are at before OBS is called from the UI thread.

obspython keeps Python's lock while OBS waits for a lock of its own. A thread of another script
that holds such a lock over several lines (``obs_enter_graphics`` ... ``obs_leave_graphics``) and
has just had to hand Python's lock over would then wait for good, and all of OBS with it: Python
takes its lock away after 5 ms. For a while it is told to wait for longer, so that such a thread
goes on until it sleeps by itself.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 1.0  # seconds that another thread may go on
TURN = 0.01  # seconds in which one that waits for Python's lock gets it


@contextmanager
def unhurried() -> Iterator[None]:
    """Run the block when no thread was interrupted; none is until it ends."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(LONGEST)
    try:
        time.sleep(TURN)
        yield
    finally:
        sys.setswitchinterval(before)
