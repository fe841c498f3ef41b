"""Whether a mouse button is held down, so that no panel is rebuilt under a slider being moved."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys

_X_BUTTONS = 0x1F00  # Button1Mask to Button5Mask of X.h
_VK_LBUTTON = 1


def button_down() -> bool:
    """Return True while a button is held. Wayland tells nobody: False there."""
    if sys.platform == "win32":
        return bool(ctypes.WinDLL("user32").GetAsyncKeyState(_VK_LBUTTON) & 0x8000)
    if sys.platform == "darwin":
        services = ctypes.CDLL(ctypes.util.find_library("ApplicationServices") or "")
        services.CGEventSourceButtonState.restype = ctypes.c_bool
        return bool(services.CGEventSourceButtonState(0, 0))
    return _x11_button_down()


def _x11_button_down() -> bool:
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.argtypes = x11.XCloseDisplay.argtypes = (ctypes.c_void_p,)
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    display = x11.XOpenDisplay(None)
    if not display:
        return False
    try:
        windows = (ctypes.c_ulong * 2)()
        places = (ctypes.c_int * 4)()
        mask = ctypes.c_uint(0)
        x11.XQueryPointer(
            ctypes.c_void_p(display),
            ctypes.c_ulong(x11.XDefaultRootWindow(display)),
            ctypes.byref(windows, 0),
            ctypes.byref(windows, ctypes.sizeof(ctypes.c_ulong)),
            *(ctypes.byref(places, i * ctypes.sizeof(ctypes.c_int)) for i in range(4)),
            ctypes.byref(mask),
        )
        return bool(mask.value & _X_BUTTONS)
    finally:
        x11.XCloseDisplay(display)
