"""The hotkeys: their names in the user's language, saved with the scene collection by OBS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import obspython as obs

from vb_script.callbacks import held

# The last part of the hotkey's name (virtual_background.<action>) and of its text's key.
ACTIONS = {
    "toggle": "Hotkey.Toggle",
    "next": "Hotkey.Next",
    "previous": "Hotkey.Previous",
    "panic": "Hotkey.Panic",
}


class Hotkeys:
    """The registered hotkeys; OBS takes them back when it unloads the script."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def register(self, texts: dict[str, str], act: Callable[[str], None]) -> None:
        """Tell OBS of them. ``act`` gets the action's name when one is pressed."""
        for action, key in ACTIONS.items():
            self._ids[action] = obs.obs_hotkey_register_frontend(
                f"virtual_background.{action}", texts[key], held(_pressed(action, act))
            )

    def load(self, settings: Any) -> None:
        """Bind the keys the user chose."""
        for action, number in self._ids.items():
            keys = obs.obs_data_get_array(settings, f"hotkey_{action}")
            obs.obs_hotkey_load(number, keys)
            obs.obs_data_array_release(keys)

    def save(self, settings: Any) -> None:
        """Put the keys the user chose into the script's settings."""
        for action, number in self._ids.items():
            keys = obs.obs_hotkey_save(number)
            obs.obs_data_set_array(settings, f"hotkey_{action}", keys)
            obs.obs_data_array_release(keys)


def _pressed(action: str, act: Callable[[str], None]) -> Callable[[bool], None]:
    def callback(down: bool) -> None:
        if down:
            act(action)

    return callback
