"""Waking the worker or the script, and noticing the other's death, without a polling loop.

The filter wakes the worker by writing one byte to a non-blocking pipe (an event on Windows). The
worker's death closes the *life* pipe, which the filter checks once a frame; on Windows it checks
the worker's process handle. OBS's death closes the worker's standard input; on Windows the worker
waits for OBS's process handle.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Any


class Wake:
    """The sender's end, kept by OBS until it exits; ``handle`` is what the Lua half uses.

    It wakes the worker (:class:`Sleeper`) or a thread in OBS (:meth:`wait`).
    """

    def __init__(self) -> None:
        if sys.platform == "win32":
            kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel32.CreateEventW.restype = ctypes.c_void_p
            self.handle = int(kernel32.CreateEventW(None, False, False, None) or 0)
            os.set_handle_inheritable(self.handle, True)
            self.inherit = self.handle
        else:
            # The read end stays open here too, so that a write while no worker is running raises
            # no SIGPIPE in OBS.
            self.inherit, self.handle = os.pipe()
            os.set_blocking(self.handle, False)
            os.set_blocking(self.inherit, False)

    @property
    def token(self) -> str:
        """The worker's command-line argument."""
        return str(self.inherit)

    def close(self) -> None:
        """Close both ends. Nobody may wait or send any more."""
        if sys.platform == "win32":
            ctypes.WinDLL("kernel32").CloseHandle(ctypes.c_void_p(self.handle))
        else:
            os.close(self.handle)
            os.close(self.inherit)

    def send(self) -> None:
        """Wake the waiting process or thread."""
        if sys.platform == "win32":
            ctypes.WinDLL("kernel32").SetEvent(ctypes.c_void_p(self.handle))
        else:
            with contextlib.suppress(BlockingIOError):  # a full pipe wakes it, too
                os.write(self.handle, b"\0")

    def wait(self, seconds: float) -> bool:
        """Block, without the GIL, for at most ``seconds``. Returns whether it was woken."""
        if sys.platform == "win32":
            milliseconds = ctypes.c_uint32(round(seconds * 1000))
            wait = ctypes.WinDLL("kernel32").WaitForSingleObject
            return bool(wait(ctypes.c_void_p(self.handle), milliseconds) == 0)
        import select  # noqa: PLC0415

        poll = select.poll()
        poll.register(self.inherit, select.POLLIN)
        woken = bool(poll.poll(seconds * 1000))
        _drain(self.inherit)
        return woken


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        pass


class Sleeper:
    """The worker's end: :meth:`wait` blocks until woken, and says if OBS has ended."""

    def __init__(self, token: str, parent: int) -> None:
        self._wake = int(token)
        if sys.platform == "win32":
            self._kernel32: Any = ctypes.WinDLL("kernel32", use_last_error=True)
            self._kernel32.OpenProcess.restype = ctypes.c_void_p
            synchronize = 0x00100000
            self._parent = self._kernel32.OpenProcess(synchronize, False, parent)
        else:
            import select  # noqa: PLC0415

            os.set_blocking(self._wake, False)
            self._poll = select.poll()
            self._poll.register(self._wake, select.POLLIN)
            self._poll.register(0, select.POLLIN | select.POLLHUP)

    def wait(self, seconds: float | None = None) -> bool:
        """Block until there may be work, or for ``seconds``. Returns False if OBS has ended."""
        if sys.platform == "win32":
            handles = (ctypes.c_void_p * 2)(self._wake, self._parent)
            longest = 0xFFFFFFFF if seconds is None else round(seconds * 1000)
            woken = self._kernel32.WaitForMultipleObjects(2, handles, False, longest)
            return woken in (0, 0x102)  # WAIT_OBJECT_0 (the wake event), WAIT_TIMEOUT
        ready = dict(self._poll.poll(None if seconds is None else seconds * 1000))
        if 0 in ready:
            return False
        _drain(self._wake)
        return True
