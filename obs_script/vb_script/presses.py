"""The buttons in the panels of the filters that need the script.

OBS calls a button's function on its UI thread and rebuilds the panel, with the answer and the
new values in it, when that returns: nothing of ours rebuilds it later, when a dialog of it may be
open (see ``vb_filter/properties.lua``). The Lua half only makes the buttons; it is not entered
here, so this thread holds none of OBS's locks, and not the Lua half's, while it waits for Python.
As of a UI task, what OBS calls outlives every Reload and does nothing without the script.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vb_script.no_preemption import unhurried
from vb_script.reload_state import survivors

_Pressed = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)

# By a button's key: the part of the panel its answer is shown in, and what the request takes
# beside the names of the source and of the filter: keys of the filter's settings.
_BUTTONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "own_scene": ("scenes", ("scene",)),
    "default_scene": ("scenes", ("scene",)),
    "save_preset": ("tools", ("preset",)),
    "load_preset": ("tools", ("preset",)),
    "copy": ("tools", ()),
    "set_sync": ("time", ("sync_source",)),
    "undo_sync": ("time", ()),
}
_OF_SCENES = ("own_scene", "default_scene")


class Presses:
    """``do`` gets a request's words and returns the answer; ``delay_ms`` a channel's delay."""

    def __init__(
        self,
        library: Any,
        do: Callable[[list[str]], str],
        delay_ms: Callable[[int], float],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._library = library
        self._do = do
        self._delay_ms = delay_ms
        self._on_error = on_error
        kept = survivors()
        if kept.press is None:
            kept.press = _Pressed(lambda *pressed: bool(kept.on_press and kept.on_press(*pressed)))
        kept.on_press = self._pressed

    @staticmethod
    def address() -> int:
        """Return the address of the function for OBS to call: obs_property_clicked_t."""
        return ctypes.cast(survivors().press, ctypes.c_void_p).value or 0

    @staticmethod
    def close() -> None:
        """From now on a press does nothing."""
        survivors().on_press = None

    def _pressed(self, shown: int, button: int, filter_: int) -> bool:
        """Do what a button of the panel ``shown`` says; the panel is to be rebuilt if True."""
        try:
            with unhurried(), self._settings(filter_) as settings:
                # A channel's number follows the word of a button that needs it.
                word, *channel = self._library.obs_property_name(button).decode().split()
                group, keys = _BUTTONS[word]
                chosen = [
                    (self._library.obs_data_get_string(settings, key.encode()) or b"").decode()
                    for key in keys
                ]
                names = [] if word in _OF_SCENES else self._names(filter_)
                delay = [f"{self._delay_ms(int(number)):.3f}" for number in channel]
                answer = self._do([word, *names, *chosen, *delay])
                row = self._library.obs_properties_get(shown, f"answer_{group}".encode())
                self._library.obs_property_set_description(row, answer.encode())
                # The rows that fit the new values are shown by what OBS runs for each here.
                self._library.obs_properties_apply_settings(shown, settings)
                return True
        except Exception as error:  # an exception cannot cross OBS's own code
            self._on_error(error)
            return False

    @contextmanager
    def _settings(self, filter_: int) -> Iterator[int]:
        settings = self._library.obs_source_get_settings(filter_)
        try:
            yield settings
        finally:
            self._library.obs_data_release(settings)

    def _names(self, filter_: int) -> list[str]:
        parent = self._library.obs_filter_get_parent(filter_)
        found = (
            self._library.obs_source_get_name(source) for source in (parent, filter_) if source
        )
        return [(name or b"").decode() for name in found]
