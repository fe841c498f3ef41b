"""The hotkeys: their names in the user's language, saved with the scene collection by OBS.

OBS forgets a script's settings with the script, so the keys are kept in a file as well: a script
that is added (again) begins with the keys that were used last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obspython as obs

from vb_link import bounded, limits, places, whole_file
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
        self._kept = b""  # what the file holds, as far as is known

    def register(self, texts: dict[str, str], act: Callable[[str], None]) -> None:
        """Tell OBS of them. ``act`` gets the action's name when one is pressed."""
        for action, key in ACTIONS.items():
            self._ids[action] = obs.obs_hotkey_register_frontend(
                f"virtual_background.{action}", texts[key], held(_pressed(action, act))
            )

    def load(self, settings: Any) -> None:
        """Bind the keys the user chose."""
        if not any(obs.obs_data_has_user_value(settings, _key(action)) for action in self._ids):
            self._load_kept()
            return
        self._bind(settings)

    def _load_kept(self) -> None:
        try:
            text = bounded.read(_file(), limits.PRESET_BYTES).decode("utf-8")
        except (OSError, ValueError, bounded.TooLargeError):
            return
        kept = obs.obs_data_create_from_json(text)
        if kept is not None:
            self._bind(kept)
            obs.obs_data_release(kept)

    def _bind(self, settings: Any) -> None:
        for action, number in self._ids.items():
            keys = obs.obs_data_get_array(settings, _key(action))
            obs.obs_hotkey_load(number, keys)
            obs.obs_data_array_release(keys)

    def save(self, settings: Any) -> None:
        """Put the keys the user chose into the script's settings and into our file."""
        self._put(settings)
        kept = obs.obs_data_create()
        self._put(kept)
        text = str(obs.obs_data_get_json(kept) or "").encode()
        obs.obs_data_release(kept)
        if text and text != self._kept:
            with contextlib.suppress(OSError):  # OBS keeps them, too
                _file().parent.mkdir(parents=True, exist_ok=True)
                whole_file.write(_file(), text)
                self._kept = text

    def _put(self, settings: Any) -> None:
        for action, number in self._ids.items():
            keys = obs.obs_hotkey_save(number)
            obs.obs_data_set_array(settings, _key(action), keys)
            obs.obs_data_array_release(keys)


def _key(action: str) -> str:
    return f"hotkey_{action}"


def _file() -> Path:
    return places.data_dir() / places.HOTKEYS


def _pressed(action: str, act: Callable[[str], None]) -> Callable[[bool], None]:
    def callback(down: bool) -> None:
        if down:
            act(action)

    return callback
