"""Ends this process when one piece of work takes too long: a loop without end, a dead driver.

The kernel's alarm ends it wherever it hangs, also in native code; on Windows a thread of Python's
``faulthandler`` does. The script then starts another worker and knows what this one was at.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys

_PARENT_DEATH_SIGNAL = 1  # of prctl
_armed = False


def arm() -> None:
    """Let ``begin`` have an effect in this process: only where its end is expected."""
    global _armed  # noqa: PLW0603 - there is one alarm a process
    _armed = True
    if sys.platform != "win32":
        # Whoever started us may have left the signal ignored or blocked.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


def end_with(parent: int) -> None:
    """Let the kernel end this process when ``parent``, who started it, ends (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # it ended before that


def begin(seconds: int) -> None:
    """From now on there are so many seconds."""
    if not _armed:
        return
    if sys.platform == "win32":
        faulthandler.dump_traceback_later(seconds, exit=True)
    else:
        signal.alarm(seconds)


def end() -> None:
    """The work is done."""
    if not _armed:
        return
    if sys.platform == "win32":
        faulthandler.cancel_dump_traceback_later()
    else:
        signal.alarm(0)
