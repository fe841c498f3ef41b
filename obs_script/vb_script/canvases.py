"""The scenes of further canvases, which OBS has from 31.1 on. For OBS's UI thread.

OBS's other functions for scenes know those of the main canvas alone, and a further canvas may have
scenes of the same names: so the scenes of another canvas go by "Canvas: Scene".
"""

from __future__ import annotations

import ctypes
from typing import Any

import obspython as obs

from vb_script import libobs
from vb_script.no_preemption import unhurried

_MAIN = 1  # obs_canvas_flags
_CALLBACK = ctypes.PYFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)


class _List(ctypes.Structure):
    """struct obs_frontend_canvas_list: a darray of obs_canvas_t pointers."""

    _fields_ = (
        ("array", ctypes.POINTER(ctypes.c_void_p)),
        ("number", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
    )


def scenes() -> list[Any]:
    """Return the scenes of all canvases but the main one, for ``source_list_release``."""
    found = (_scene(canvas, name) for canvas, name in _names())
    return [scene for scene in found if scene is not None]


def find(label: str) -> Any:
    """Return the scene of another canvas by "Canvas: Scene" or its own name, else None."""
    for canvas, name in _names():
        if label in (f"{canvas}: {name}", name):
            return _scene(canvas, name)
    return None


def name_of(source: Any) -> str:
    """Return what a source goes by: its name, with its canvas's if that is not the main one."""
    name = str(obs.obs_source_get_name(source))
    if not hasattr(obs, "obs_source_get_canvas"):
        return name
    canvas = obs.obs_source_get_canvas(source)
    if canvas is None:
        return name
    try:
        main = obs.obs_canvas_get_flags(canvas) & _MAIN
        return name if main else f"{obs.obs_canvas_get_name(canvas)}: {name}"
    finally:
        obs.obs_canvas_release(canvas)


def _scene(canvas_name: str, name: str) -> Any:
    canvas = obs.obs_get_canvas_by_name(canvas_name)
    if canvas is None:
        return None
    try:
        return obs.obs_canvas_get_source_by_name(canvas, name)
    finally:
        obs.obs_canvas_release(canvas)


def _names() -> list[tuple[str, str]]:
    """Return the names of all further canvases and their scenes.

    OBS's Python has no way to list either. The functions are called with Python's lock held and no
    other thread let in between: OBS holds a lock of its own while it tells of the scenes.
    """
    if not hasattr(obs, "obs_frontend_get_canvases"):
        return []
    library, frontend = libobs.with_lock_held()
    listed = _List()
    frontend.obs_frontend_get_canvases(ctypes.byref(listed))
    found: list[tuple[str, str]] = []
    try:
        further = [
            listed.array[index]
            for index in range(listed.number)
            if not library.obs_canvas_get_flags(listed.array[index]) & _MAIN
        ]
        for canvas in further:
            found += [(_text(library.obs_canvas_get_name(canvas)), name)
                      for name in _scene_names(library, canvas)]  # fmt: skip
    finally:
        for index in range(listed.number):
            library.obs_canvas_release(listed.array[index])
        library.bfree(listed.array)
    return found


def _scene_names(library: Any, canvas: int) -> list[str]:
    names: list[bytes] = []

    def on_scene(_unused: int, scene: int) -> bool:
        names.append(library.obs_source_get_name(scene))
        return True

    with unhurried():
        library.obs_canvas_enum_scenes(canvas, _CALLBACK(on_scene), None)
    return [_text(name) for name in names]


def _text(name: bytes | None) -> str:
    return (name or b"").decode("utf-8", "replace")
