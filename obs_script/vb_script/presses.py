"""The buttons in the filters' panels that need the script.

OBS calls a button's callback on its UI thread and rebuilds the panel, with the answer and the new
values in it, when that returns. We never rebuild it later, when one of its dialogs may be open
(see ``vb_filter/properties.lua``). The Lua half only creates the buttons; no Lua code runs here,
so this thread holds neither OBS's locks nor the Lua half's while it waits for the GIL.
As in ``ui_tasks``, the callback outlives every Reload and does nothing without the script.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vb_link.texts import breakable
from vb_script.no_preemption import no_preemption
from vb_script.reload_state import survivors

_Pressed = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)

# By a button's key: the group that shows its answer, and the filter's settings whose values the
# request takes after the names of the source and of the filter.
_BUTTONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "own_scene": ("scenes", ("scene",)),
    "default_scene": ("scenes", ("scene",)),
    "save_preset": ("tools", ("preset",)),
    "load_preset": ("tools", ("preset",)),
    "copy": ("tools", ()),
    "set_sync": ("time", ("sync_source",)),
    "undo_sync": ("time", ()),
    "start": ("starts", ()),
    "undo_start": ("starts", ()),
}
_OF_SCENES = ("own_scene", "default_scene")


class Presses:
    """``do`` carries out a request's words and returns the answer; ``delay_ms`` gives a
    channel's delay.
    """

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
        """Return the address of the callback for OBS (obs_property_clicked_t)."""
        return ctypes.cast(survivors().press, ctypes.c_void_p).value or 0

    @staticmethod
    def close() -> None:
        """Turn the callback into a no-op."""
        survivors().on_press = None

    def _pressed(self, shown: int, button: int, filter_: int) -> bool:
        """Carry out a button of the panel ``shown``; returns True if OBS is to rebuild it."""
        try:
            with no_preemption(), self._settings(filter_) as settings:
                # The names of some buttons end with a channel's number, or with a start's name.
                word, *channel = self._library.obs_property_name(button).decode().split()
                group, keys = _BUTTONS[word]
                which = [channel.pop()] if word == "start" else []
                chosen = [
                    (self._library.obs_data_get_string(settings, key.encode()) or b"").decode()
                    for key in keys
                ]
                names = [] if word in _OF_SCENES else self._names(filter_)
                delay = [f"{self._delay_ms(int(number)):.3f}" for number in channel]
                answer = self._do([word, *names, *chosen, *which, *delay])
                row = self._library.obs_properties_get(shown, f"answer_{group}".encode())
                self._library.obs_property_set_description(row, breakable(answer).encode())
                # OBS runs this row's modified callback, which shows it and what now fits below it.
                # Rows above that come or go would push the button away from under the pointer.
                self._library.obs_property_modified(row, settings)
                return True
        except Exception as error:  # an exception cannot propagate through OBS's C code
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
