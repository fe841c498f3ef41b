"""Waking the worker or the script, and the notice of the other's death, without any polling.

The filter wakes the worker by one byte written to a pipe that never blocks (an event on
Windows). The worker's death closes the *life* pipe, which the filter looks at once a frame; on
Windows it looks at the worker's process handle. OBS's death closes the worker's standard input;
on Windows its process handle is waited for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Any


class Wake:
    """The sender's end, kept by OBS for its whole life; ``handle`` is what the Lua half uses.

    Who is woken is the worker (:class:`Sleeper`) or a thread of OBS's own (:meth:`wait`).
    """

    def __init__(self) -> None:
        if sys.platform == "win32":
            kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel32.CreateEventW.restype = ctypes.c_void_p
            self.handle = int(kernel32.CreateEventW(None, False, False, None) or 0)
            os.set_handle_inheritable(self.handle, True)
            self.inherit = self.handle
        else:
            # The reading end stays open here too, so that writing while no worker lives can
            # raise no SIGPIPE in OBS.
            self.inherit, self.handle = os.pipe()
            os.set_blocking(self.handle, False)
            os.set_blocking(self.inherit, False)

    @property
    def token(self) -> str:
        """What the worker is told on its command line."""
        return str(self.inherit)

    def close(self) -> None:
        """Let go of both ends. Nobody may wait or send any more."""
        if sys.platform == "win32":
            ctypes.WinDLL("kernel32").CloseHandle(ctypes.c_void_p(self.handle))
        else:
            os.close(self.handle)
            os.close(self.inherit)

    def send(self) -> None:
        """Wake whoever waits."""
        if sys.platform == "win32":
            ctypes.WinDLL("kernel32").SetEvent(ctypes.c_void_p(self.handle))
        else:
            with contextlib.suppress(BlockingIOError):  # a full pipe wakes it as well
                os.write(self.handle, b"\0")

    def wait(self, seconds: float) -> bool:
        """Block the calling thread, without Python's lock, until woken: True. False: time is up."""
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
    """The worker's end: :meth:`wait` blocks until woken, and tells when OBS is gone."""

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
        """Block until there may be work, or for so long. Returns False when OBS is gone."""
        if sys.platform == "win32":
            handles = (ctypes.c_void_p * 2)(self._wake, self._parent)
            longest = 0xFFFFFFFF if seconds is None else round(seconds * 1000)
            woken = self._kernel32.WaitForMultipleObjects(2, handles, False, longest)
            return woken in (0, 0x102)  # the first of them, or none in that time
        ready = dict(self._poll.poll(None if seconds is None else seconds * 1000))
        if 0 in ready:
            return False
        _drain(self._wake)
        return True
