"""What the hotkeys do to the filters. For OBS's UI thread."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import obspython as obs

from vb_link.settings import DEFAULT_BACKGROUND, Value
from vb_script import obs_filters

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tga", ".gif", ".webp"})


def toggle() -> None:
    """Switch all filters off if any is on, else all on."""
    with obs_filters.camera_filters() as pairs:
        on = any(obs_filters.values(one)["active"] for _, one in pairs)
        for _, one in pairs:
            obs_filters.change(one, {"active": not on})


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
        for _, one in pairs:
            obs_filters.change(one, neighbour(obs_filters.values(one), by))


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
    """Return the settings that make the background ``by`` places further in its round.

    The round: transparent, colour, blur, then the pictures of the chosen picture's folder, the
    chosen video and the chosen source.
    """
    choices: list[dict[str, Value]] = [
        {"background": "transparent"},
        {"background": "color"},
        {"background": "blur"},
    ]
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
    """Return the paths of the pictures in that picture's folder, it among them, by name."""
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
