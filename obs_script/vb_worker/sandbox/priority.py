"""Lets other programs, OBS first of all, have the processor before this process."""

from __future__ import annotations

import ctypes
import os
import sys

_NICE = 10
_BELOW_NORMAL = 0x00004000  # BELOW_NORMAL_PRIORITY_CLASS, which the process's children get, too


def lower() -> None:
    """Lower this process's priority, for good."""
    if sys.platform == "win32":
        # An environment's python.exe starts the interpreter as a child of its own, whose priority
        # is up to the system: what started us set that of python.exe.
        kernel32 = ctypes.WinDLL("kernel32")
        kernel32.GetCurrentProcess.restype = ctypes.c_void_p
        process = ctypes.c_void_p(kernel32.GetCurrentProcess())
        kernel32.SetPriorityClass(process, _BELOW_NORMAL)
    else:
        os.nice(_NICE)
