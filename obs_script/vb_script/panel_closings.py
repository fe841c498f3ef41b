"""Says when a filter's panel has been closed.

OBS destroys a panel's properties together with it, on its UI thread and under none of its locks,
and then calls what the Lua half registered. As in ``ui_tasks``, that callback outlives every Reload
and does nothing without the script.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from vb_script.reload_state import survivors

_Closed = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class PanelClosings:
    """``closed`` must do no more than leave work for later: OBS is in the middle of a window."""

    def __init__(self, closed: Callable[[], None]) -> None:
        kept = survivors()
        if kept.panel_close is None:
            kept.panel_close = _Closed(lambda _: kept.on_panel_close and kept.on_panel_close())
        kept.on_panel_close = closed

    @staticmethod
    def address() -> int:
        """Return the address of the callback for OBS."""
        return ctypes.cast(survivors().panel_close, ctypes.c_void_p).value or 0

    @staticmethod
    def close() -> None:
        """Turn the callback into a no-op."""
        survivors().on_panel_close = None
