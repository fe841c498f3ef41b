"""Closes OBS by its window, on an X display, as a user does.

Up to OBS 29.0 Ctrl+C closes OBS inside the signal handler, in the middle of whatever it is doing:
it may then deadlock with itself or crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

try:
    from Xlib import X, display, error
    from Xlib.protocol import event
except ImportError:  # installed on Linux only
    display = None

TITLE = "OBS "


def close(display_name: str, pid: int) -> bool:
    """Ask the main window of the OBS with that process ID to close.

    Returns False if there is none: on Wayland, on other systems.
    """
    if display is None:
        return False
    try:
        connection = display.Display(display_name)
    except (error.DisplayError, error.ConnectionClosedError, OSError):
        return False
    protocols = connection.intern_atom("WM_PROTOCOLS")
    delete = connection.intern_atom("WM_DELETE_WINDOW")
    owner = connection.intern_atom("_NET_WM_PID")
    try:
        for window in _windows(connection.screen().root):
            try:
                of = window.get_full_property(owner, X.AnyPropertyType)
                title = window.get_wm_name()
            except error.BadWindow:  # closed meanwhile
                continue
            if of is None or of.value[0] != pid or not str(title or "").startswith(TITLE):
                continue
            data = (32, [delete, X.CurrentTime, 0, 0, 0])
            window.send_event(event.ClientMessage(window=window, client_type=protocols, data=data))
            connection.sync()
            return True
        return False
    finally:
        connection.close()


def _windows(window: Any) -> Iterator[Any]:
    """Yield all descendants of a window, including those reparented by a window manager."""
    try:
        below = window.query_tree().children
    except error.BadWindow:
        return
    for child in below:
        yield child
        yield from _windows(child)
