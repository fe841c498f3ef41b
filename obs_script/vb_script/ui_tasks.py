"""Runs functions on OBS's UI thread, where obspython is as safe as in any script.

OBS calls a callback that outlives every Reload and looks up what to run when it is called, so a
task that comes too late does nothing.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable
from typing import Any

from vb_script import libobs
from vb_script.no_preemption import no_preemption
from vb_script.reload_state import survivors

_Task = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class UiTasks:
    """A queue of functions for the UI thread. ``on_error`` gets what one of them raised."""

    def __init__(self, library: Any, on_error: Callable[[Exception], None]) -> None:
        self._library = library
        self._on_error = on_error
        self._waiting: deque[Callable[[], None]] = deque()
        kept = survivors()
        if kept.ui_task is None:
            kept.ui_task = _Task(lambda _: kept.on_ui and kept.on_ui())
        kept.on_ui = self._run_one

    def post(self, function: Callable[[], None]) -> None:
        """Run ``function`` soon; returns at once. From any thread."""
        self._waiting.append(function)
        task = ctypes.cast(survivors().ui_task, ctypes.c_void_p)
        self._library.obs_queue_task(libobs.TASK_UI, task, None, False)

    def close(self) -> None:
        """Drop what has not run yet."""
        survivors().on_ui = None
        self._waiting.clear()

    def _run_one(self) -> None:
        try:
            with no_preemption():
                # On Ctrl+C, OBS 29 closes in the middle of this and all tasks are dropped.
                if self._waiting:
                    self._waiting.popleft()()
        except Exception as error:  # an exception cannot propagate through OBS's C code
            self._on_error(error)
