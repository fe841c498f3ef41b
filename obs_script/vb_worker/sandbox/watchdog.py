"""Ends this process when one piece of work takes too long: an endless loop, a hung driver.

SIGALRM ends it wherever it hangs, native code included; on Windows a thread of Python's
``faulthandler`` does. The script then starts another worker and knows what this one was doing.
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
    """Enable ``begin`` in this process: only where its parent expects that it may be ended."""
    global _armed  # noqa: PLW0603 - there is one alarm per process
    _armed = True
    if sys.platform != "win32":
        # The signal may be inherited ignored or blocked.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


def end_with(parent: int) -> None:
    """Let the kernel end this process when its parent, of PID ``parent``, ends (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # the parent ended before prctl


def begin(seconds: int) -> None:
    """End this process unless ``end`` is called within ``seconds``."""
    if not _armed:
        return
    if sys.platform == "win32":
        faulthandler.dump_traceback_later(seconds, exit=True)
    else:
        signal.alarm(seconds)


def end() -> None:
    """Cancel the time limit of ``begin``."""
    if not _armed:
        return
    if sys.platform == "win32":
        faulthandler.cancel_dump_traceback_later()
    else:
        signal.alarm(0)
