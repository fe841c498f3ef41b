"""The hotkeys and what they do. OBS saves them with the scene collection.

OBS drops a script's settings when the script is removed, so the keys are kept in a file as well:
a script that is added (again) starts with the keys that were used last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import obspython as obs

from vb_link import bounded, folders, limits, whole_file
from vb_link.ready_backgrounds import READY_BACKGROUNDS
from vb_link.settings import DEFAULT_BACKGROUND, Value
from vb_script import obs_filters
from vb_script.callbacks import releasable

# The last part of the hotkey's name (virtual_background.<action>) and of its text's key.
ACTIONS = {
    "toggle": "Hotkey.Toggle",
    "next": "Hotkey.Next",
    "previous": "Hotkey.Previous",
    "panic": "Hotkey.Panic",
}
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tga", ".gif", ".webp"})


class Hotkeys:
    """The registered hotkeys; OBS unregisters them when it unloads the script."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._kept = b""  # what the file holds, as far as is known

    def register(self, texts: dict[str, str], act: Callable[[str], None]) -> None:
        """Register them with OBS. ``act`` gets the action's name when one is pressed."""
        for action, key in ACTIONS.items():
            self._ids[action] = obs.obs_hotkey_register_frontend(
                f"virtual_background.{action}", texts[key], releasable(_pressed(action, act))
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
        """Write the keys the user chose to the script's settings and to our file."""
        self._put(settings)
        kept = obs.obs_data_create()
        self._put(kept)
        text = str(obs.obs_data_get_json(kept) or "").encode()
        obs.obs_data_release(kept)
        if text and text != self._kept:
            with contextlib.suppress(OSError):  # OBS saves them, too
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
    return folders.data_dir() / folders.HOTKEYS


def _pressed(action: str, act: Callable[[str], None]) -> Callable[[bool], None]:
    def callback(down: bool) -> None:
        if down:
            act(action)

    return callback


def toggle() -> None:
    """Switch all filters off if any is on, else all on."""
    with obs_filters.camera_filters() as pairs:
        on = any(obs_filters.values(filter_)["active"] for _, filter_ in pairs)
        for _, filter_ in pairs:
            obs_filters.change(filter_, {"active": not on})


def step(by: int) -> None:
    """Go to the next (1) or previous (-1) background.

    The program scene's own background changes if it has one, else the cameras' do.
    """
    program = obs.obs_frontend_get_current_scene()
    try:
        if program is not None and _step_scene(program, by):
            return
    finally:
        obs.obs_source_release(program)
    with obs_filters.camera_filters() as pairs:
        for _, filter_ in pairs:
            obs_filters.change(filter_, neighbour(obs_filters.values(filter_), by))


# What each action does, for OBS's UI thread; panic is done at once.
RUN: dict[str, Callable[[], None]] = {
    "toggle": toggle,
    "next": lambda: step(1),
    "previous": lambda: step(-1),
}


def _step_scene(program: object, by: int) -> bool:
    with obs_filters.scene_filter(program) as own:
        if own is None or not obs.obs_source_enabled(own):
            return False
        settings = obs_filters.values(own)
        if settings["background"] == DEFAULT_BACKGROUND:
            return False
        obs_filters.change(own, neighbour(settings, by))
        return True


def neighbour(settings: Mapping[str, Value], by: int) -> dict[str, Value]:
    """Return the settings for the background ``by`` steps further in the cycle.

    The cycle: transparent, colour, blur, the ready pictures, then the pictures in the chosen
    picture's folder, the chosen video and the chosen source.
    """
    choices: list[dict[str, Value]] = [
        {"background": "transparent"},
        {"background": "color"},
        {"background": "blur"},
    ]
    choices += [{"background": name} for name in READY_BACKGROUNDS]
    picture = str(settings["background_image"])
    choices += [{"background": "image", "background_image": path} for path in gallery(picture)]
    for kind in ("video", "source"):
        if settings[f"background_{kind}"]:
            choices.append({"background": kind})
    now = next(
        (
            index
            for index, choice in enumerate(choices)
            if all(settings[key] == value for key, value in choice.items())
        ),
        -1 if by > 0 else 0,
    )
    return choices[(now + by) % len(choices)]


def gallery(picture: str) -> list[str]:
    """Return the paths of that picture and of all others in its folder, sorted by name."""
    if not picture:
        return []
    found = {picture}
    try:
        beside = list(Path(picture).parent.iterdir())
    except OSError:
        beside = []
    for path in beside:
        same = path == Path(picture)
        if path.suffix.lower() in PICTURES and not same and not path.name.startswith("."):
            found.add(str(path))
    return sorted(found, key=lambda path: (path.casefold(), path))
