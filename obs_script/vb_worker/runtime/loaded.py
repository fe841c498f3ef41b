"""Detects a DLL mix-up: whether the onnxruntime loaded in this process is the installed one.

Windows may load a DLL from System32, which has older ones of the same name, instead of from the
package; OBS 32.2.0 and 32.2.1 set the search order so.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from pathlib import Path

import onnxruntime

_NAMES = ("onnxruntime", "directml")


@lru_cache(maxsize=1)
def elsewhere() -> tuple[str, ...]:
    """Return the libraries of onnxruntime and DirectML loaded from outside its package."""
    package = Path(onnxruntime.__file__).resolve().parent
    return tuple(
        str(path)
        for path in _libraries()
        if path.name.lower().startswith(_NAMES) and package not in path.resolve().parents
    )


def _libraries() -> list[Path]:
    if sys.platform != "win32":
        return []
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel32.GetCurrentProcess())
    handles, needed = (ctypes.c_void_p * 4096)(), ctypes.c_uint32()
    if not kernel32.K32EnumProcessModules(
        process, handles, ctypes.sizeof(handles), ctypes.byref(needed)
    ):
        return []
    name, found = ctypes.create_unicode_buffer(32768), []
    for handle in handles[: needed.value // ctypes.sizeof(ctypes.c_void_p)]:
        if kernel32.GetModuleFileNameW(ctypes.c_void_p(handle), name, len(name)):
            found.append(Path(name.value))
    return found
