"""Waits until a program has taken the mouse and keys that were sent to it."""

from __future__ import annotations

import select
import time
from typing import Any

from Xlib import X, display
from Xlib.error import XError
from Xlib.protocol import event

PING, PROTOCOLS = "_NET_WM_PING", "WM_PROTOCOLS"


class NotTakenError(AssertionError):
    """The program takes no input."""


class InputQueue:
    """The X server's events for the program on a screen, in the order in which it takes them.

    A window manager asks a program whether it lives by _NET_WM_PING (Extended Window Manager
    Hints). Qt answers when it has come to that event, thus after all input sent before.
    """

    def __init__(self, display_name: str) -> None:
        self._connection = display.Display(display_name)
        self._root = self._connection.screen().root
        # Programs send their answers to the one or to the other.
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask | X.StructureNotifyMask)
        self._ping = self._connection.intern_atom(PING)
        self._protocols = self._connection.intern_atom(PROTOCOLS)
        self._number = 0
        self._window: Any = None

    def close(self) -> None:
        self._connection.close()

    def wait(self, seconds: float = 90.0) -> None:
        """Return once the input sent so far was taken, or if no program shows a window.

        Raises NotTakenError after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while (window := self._find()) is not None:
            # Qt takes a ping's number for a time: small ones change nothing.
            self._number += 1
            data = (32, [self._ping, self._number, window.id, 0, 0])
            window.send_event(event.ClientMessage(
                window=window, client_type=self._protocols, data=data
            ))  # fmt: skip
            self._connection.flush()
            # Its window may go before it answers; another is asked then.
            if self._answered(min(deadline, time.monotonic() + 10.0)):
                return
            if time.monotonic() > deadline:
                raise NotTakenError(f"The program took no input for {seconds:.0f} s.")

    def _answered(self, deadline: float) -> bool:
        """Whether the answer to this ping comes in time."""
        while True:
            while self._connection.pending_events():
                told = self._connection.next_event()
                if (
                    told.type & 0x7F == X.ClientMessage
                    and told.client_type == self._protocols
                    and told.data[1][0] == self._ping
                    and told.data[1][1] == self._number
                ):
                    return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            select.select([self._connection], [], [], left)

    def _find(self) -> Any:
        """Return a window that takes pings, or None; the last one if it is still there."""
        if self._window is not None and self._takes_pings(self._window):
            return self._window
        tops = self._root.query_tree().children
        # A window manager puts each window into one of its own.
        below = [child for top in tops for child in _children(top)]
        self._window = next((w for w in (*tops, *below) if self._takes_pings(w)), None)
        return self._window

    def _takes_pings(self, window: Any) -> bool:
        try:
            told = window.get_full_property(self._protocols, X.AnyPropertyType)
        except XError:  # it is gone
            return False
        return told is not None and self._ping in told.value


def _children(window: Any) -> list[Any]:
    try:
        return list(window.query_tree().children)
    except XError:
        return []
