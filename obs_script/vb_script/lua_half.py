"""Loads the Lua half into OBS and passes it everything it must not decide for itself."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from vb_link import folders, layout, settings, starts
from vb_link.ready_backgrounds import MOVING_BACKGROUNDS, READY_BACKGROUNDS
from vb_script import governor, libobs

FOLDER = folders.PACKAGES / "vb_filter"
PATH = FOLDER / "virtual_background.lua"


def literal(value: Any) -> str:
    """Return a Lua expression for None, numbers, strings, lists, tuples and dicts.

    Raises TypeError for anything else.
    """
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        escaped = "".join(
            f"\\{byte:03d}" if byte < 32 or byte > 126 or byte in b'"\\' else chr(byte)
            for byte in value.encode()
        )
        return f'"{escaped}"'
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(literal(item) for item in value) + "}"
    if isinstance(value, dict):
        return "{" + ",".join(f"[{literal(k)}]={literal(v)}" for k, v in value.items()) + "}"
    raise TypeError(f"no Lua literal for {type(value).__name__}")


def half(
    *,
    address: int,
    texts: dict[str, str],
    models: list[tuple[str, str]],
    depth_models: list[tuple[str, str]],
    units: list[tuple[str, str]],
    pressed: int = 0,
    panel_closed: int = 0,
) -> dict[str, Any]:
    """Return the table for the Lua half.

    Models and units are (name, text); ``pressed`` is the address of the buttons' callback,
    ``panel_closed`` that of the callback for a closed panel.
    """
    return {
        "id": settings.FILTER_ID,
        "scene_id": settings.SCENE_FILTER_ID,
        "address": address,
        "pressed": pressed,
        "panel_closed": panel_closed,
        "cdef": layout.cdef(),
        "offsets": layout.offsets(),
        "channels": layout.CHANNELS,
        "slots": layout.SLOTS,
        "longest_side": layout.LONGEST_SIDE,
        "most_every": governor.MOST_EVERY,
        "lock": settings.LOCK,
        "assets": layout.ASSETS,
        "requests": layout.REQUESTS,
        "states": {
            "mask": layout.STATE_MASK,
            "cover": layout.STATE_COVER,
            "off": layout.STATE_OFF,
        },
        "plate_states": {
            layout.PLATE_TAKING: "taking",
            layout.PLATE_FITS: "fits",
            layout.PLATE_UNFIT: "unfit",
        },
        "stroke_kinds": {
            "none": layout.STROKE_NONE,
            "keep": layout.STROKE_KEEP,
            "drop": layout.STROKE_DROP,
        },
        "frame_bytes": layout.FRAME_BYTES,
        "alpha_bytes": layout.ALPHA_BYTES,
        "age_bins": layout.AGE_BINS,
        "texts": texts,
        "models": [{"value": name, "text": title} for name, title in models],
        "depth_models": [{"value": name, "text": title} for name, title in depth_models],
        "units": [{"value": name, "text": title} for name, title in units],
        "starts": list(starts.STARTS),
        "settings": [_row(setting) for setting in settings.SETTINGS],
        "ready_backgrounds": {
            name: folders.ready_background(name).as_posix() for name in READY_BACKGROUNDS
        },
        "moving_backgrounds": dict.fromkeys(MOVING_BACKGROUNDS, True),
        "scene_settings": [_row(setting) for setting in settings.SCENE_SETTINGS],
    }


def _row(setting: settings.Setting) -> dict[str, Any]:
    row = dict(vars(setting))
    for name in ("shown_for", "hidden_for"):
        condition = row.pop(name)
        if condition:
            row[name] = {"key": condition[0], "values": condition[1]}
    row["elsewhere"] = vars(setting.elsewhere) if setting.elsewhere else None
    return row


class Loaded(NamedTuple):
    """The Lua half in OBS, two handles: its script, and the task queue in which it destroys what
    must not be destroyed under its locks.
    """

    script: int
    queue: int


def load(table: dict[str, Any]) -> Loaded:
    """Create the Lua script in OBS.

    Raises libobs.LibraryError when OBS's scripting library cannot be used or refuses the file, or
    when libobs does not match the Lua half's declarations.
    """
    scripting, obs = libobs.scripting(), libobs.libobs()
    files, queue = _files(), obs.os_task_queue_create()
    if not queue:
        raise libobs.LibraryError("Error.LuaHalf", file=PATH.name)
    table = {**table, "files": files, "queue": queue}
    # OBS splits off the folder at the last "/", on Windows too, where file names are UTF-8.
    path = os.fsencode(PATH.as_posix())
    handle = _with_data(table, lambda data: scripting.obs_script_create(path, data))
    problem = _problem(handle) if handle else None
    if not handle or not scripting.obs_script_loaded(handle):
        problem = libobs.LibraryError("Error.LuaHalf", file=PATH.name)
    if problem is not None:
        if handle:
            scripting.obs_script_destroy(handle)  # it has registered nothing
        obs.os_task_queue_destroy(queue)
        raise problem
    return Loaded(int(handle), int(queue))


def _problem(handle: int) -> libobs.LibraryError | None:
    """Return why the Lua half refuses to work in this OBS, or None."""
    obs = libobs.libobs()
    settings = libobs.scripting().obs_script_get_settings(handle)
    try:
        told = obs.obs_data_get_string(settings, b"problem") or b""
    finally:
        obs.obs_data_release(settings)
    key, _, detail = told.decode("utf-8", "replace").partition("\n")
    return libobs.LibraryError(key, library="libobs", function=detail) if key else None


def _files() -> dict[str, str]:
    """Return the source of the Lua half's other files and its shaders by file name.

    Raises libobs.LibraryError for one that cannot be read.
    """
    try:
        return {
            path.name: path.read_text("utf-8")
            for path in sorted(FOLDER.iterdir())
            if path.suffix in (".lua", ".effect") and path.name != PATH.name
        }
    except OSError as error:
        raise libobs.LibraryError("Error.LuaHalf", file=PATH.name) from error


def update(loaded: Loaded, table: dict[str, Any]) -> None:
    """Pass a new table to a loaded Lua half."""
    _with_data(table, lambda data: libobs.scripting().obs_script_update(loaded.script, data))


def destroy(loaded: Loaded) -> None:
    """Unload the Lua half and run what is left in its queue. Only while OBS is closing, as its
    filters then draw nothing.
    """
    libobs.scripting().obs_script_destroy(loaded.script)
    libobs.libobs().os_task_queue_destroy(loaded.queue)


def _with_data(table: dict[str, Any], use: Any) -> Any:
    obs = libobs.libobs()
    data = obs.obs_data_create()
    try:
        obs.obs_data_set_string(data, b"half", literal(table).encode())
        return use(data)
    finally:
        obs.obs_data_release(data)
