"""Avoids a deadlock with other scripts' threads when OBS is called from the UI thread.

obspython holds the GIL while OBS waits for one of its own locks. A thread of another script that
holds such a lock over several lines (``obs_enter_graphics`` ... ``obs_leave_graphics``) and was
preempted in between would then wait for the GIL forever, and OBS for it: Python switches threads
after 5 ms. A longer switch interval lets such a thread run on until it blocks by itself.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 1.0  # switch interval in seconds: how long another thread may run on
TURN = 0.01  # seconds to sleep, so that a thread waiting for the GIL gets it


@contextmanager
def no_preemption() -> Iterator[None]:
    """Run the block while no other thread is preempted, neither before nor within it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(LONGEST)
    try:
        time.sleep(TURN)
        yield
    finally:
        sys.setswitchinterval(before)
