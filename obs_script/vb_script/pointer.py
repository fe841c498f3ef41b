"""Whether a mouse button is held down, so that no panel is rebuilt under a slider being moved."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys

_X_BUTTONS = 0x1F00  # Button1Mask to Button5Mask of X.h
_VK_LBUTTON = 1
_P, _I = ctypes.c_void_p, ctypes.c_int


def button_down() -> bool:
    """Return True while a button is held. Wayland tells nobody: False there."""
    if sys.platform == "win32":
        return bool(ctypes.WinDLL("user32").GetAsyncKeyState(_VK_LBUTTON) & 0x8000)
    if sys.platform == "darwin":
        services = ctypes.CDLL(ctypes.util.find_library("ApplicationServices") or "")
        services.CGEventSourceButtonState.restype = ctypes.c_bool
        return bool(services.CGEventSourceButtonState(0, 0))
    return _x11_button_down()


class _Screens(ctypes.Structure):
    # each screen begins with the number of its root window
    _fields_ = (("screen", ctypes.POINTER(ctypes.c_uint32)), ("left", _I), ("index", _I))


class _Asked(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Answer(ctypes.Structure):
    _fields_ = (
        ("head", ctypes.c_uint32 * 4),
        ("places", ctypes.c_int16 * 4),
        ("mask", ctypes.c_uint16),
    )


def _x11_button_down() -> bool:
    # Not by libX11: before 1.8 it bears only one thread, and it ends the process when the server
    # goes away, which an OBS on Wayland lives through.
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = xcb.xcb_get_setup.restype = _P
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_get_setup.argtypes = (_P,)
    xcb.xcb_setup_roots_iterator.restype = _Screens
    xcb.xcb_setup_roots_iterator.argtypes = xcb.xcb_disconnect.argtypes = (_P,)
    xcb.xcb_query_pointer.restype, xcb.xcb_query_pointer.argtypes = _Asked, (_P, ctypes.c_uint32)
    xcb.xcb_query_pointer_reply.restype = ctypes.POINTER(_Answer)
    xcb.xcb_query_pointer_reply.argtypes = (_P, _Asked, _P)
    connection = xcb.xcb_connect(None, None)
    try:
        if xcb.xcb_connection_has_error(connection):
            return False
        screens = xcb.xcb_setup_roots_iterator(xcb.xcb_get_setup(connection))
        if not screens.left:
            return False
        asked = xcb.xcb_query_pointer(connection, screens.screen[0])
        answer = xcb.xcb_query_pointer_reply(connection, asked, None)
        if not answer:
            return False
        mask = answer.contents.mask
        ctypes.CDLL(None).free(ctypes.cast(answer, _P))
        return bool(mask & _X_BUTTONS)
    finally:
        xcb.xcb_disconnect(connection)
