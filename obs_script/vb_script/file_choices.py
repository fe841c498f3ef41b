"""What a filter's panel does when a file is chosen in it.

OBS calls a row's modified callback on its UI thread after its file dialog, and rebuilds the panel
if that returns True. The callback waits until OBS has opened the file or failed to, so that the
error for an unusable file is shown below its row at once. As with the buttons (see ``presses``),
no lock of OBS's is held meanwhile and no Lua code runs.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any

from vb_script.no_preemption import unhurried
from vb_script.reload_state import survivors

# obs_property_modified2_t: the filter, the panel, the row, the settings
_Chosen = ctypes.CFUNCTYPE(
    ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)
# The longest that a panel may freeze. The Lua half sees an answer within a frame or two.
MOST_SECONDS, LOOK_SECONDS, SEEN_SECONDS = 1.5, 0.02, 0.2


class FileChoices:
    """``answered(path)`` says whether the script has answered all wishes for a file."""

    def __init__(
        self,
        library: Any,
        answered: Callable[[str], bool],
        on_error: Callable[[Exception], None],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._library = library
        self._answered = answered
        self._on_error = on_error
        self._now, self._sleep = now, sleep
        self._busy = False
        kept = survivors()
        if kept.file_choice is None:
            kept.file_choice = _Chosen(
                lambda *chosen: bool(kept.on_file_choice and kept.on_file_choice(*chosen))
            )
        kept.on_file_choice = self._chosen

    @staticmethod
    def address() -> int:
        """Return the address of the callback for OBS."""
        return ctypes.cast(survivors().file_choice, ctypes.c_void_p).value or 0

    @staticmethod
    def close() -> None:
        """Turn the callback into a no-op."""
        survivors().on_file_choice = None

    def _chosen(self, _filter: int, shown: int, row: int, settings: int) -> bool:
        """Update the panel ``shown``; returns True if OBS is to rebuild it."""
        if self._busy:  # updating the rows calls this again
            return False
        self._busy = True
        try:
            with unhurried():
                library = self._library
                key = library.obs_property_name(row)
                path = (library.obs_data_get_string(settings, key) or b"").decode()
                if not path or not library.obs_property_visible(row):
                    return False
                told = library.obs_properties_get(shown, key + b"_line")
                before = self._told(told)
                self._wait_for(path)
                library.obs_properties_apply_settings(shown, settings)
                return self._told(told) != before
        except Exception as error:  # an exception cannot propagate through OBS's C code
            self._on_error(error)
            return False
        finally:
            self._busy = False

    def _told(self, row: int) -> tuple[bool, bytes]:
        library = self._library
        return library.obs_property_visible(row), library.obs_property_description(row) or b""

    def _wait_for(self, path: str) -> None:
        deadline = self._now() + MOST_SECONDS
        waited = False
        while not self._answered(path) and self._now() < deadline:
            waited = True
            self._sleep(LOOK_SECONDS)
        if waited:
            self._sleep(SEEN_SECONDS)
