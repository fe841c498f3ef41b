"""The scenes of additional canvases (OBS 31.1 and later). For OBS's UI thread.

OBS's other scene functions see the main canvas only, and another canvas may have scenes of the
same names, so these are named "Canvas: Scene".
"""

from __future__ import annotations

import ctypes
from typing import Any

import obspython as obs

from vb_script import libobs
from vb_script.no_preemption import no_preemption

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
    """Return the scenes of all canvases but the main one; free with ``source_list_release``."""
    found = (_scene(canvas, name) for canvas, name in _names())
    return [scene for scene in found if scene is not None]


def find(label: str) -> Any:
    """Return the scene of another canvas by "Canvas: Scene" or its own name, else None."""
    for canvas, name in _names():
        if label in (f"{canvas}: {name}", name):
            return _scene(canvas, name)
    return None


def name_of(source: Any) -> str:
    """Return a source's name, preceded by its canvas's unless that is the main one."""
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
    """Return (canvas, scene) names for all additional canvases.

    obspython can list neither. The GIL is held throughout and no other thread may run in between,
    because OBS holds a mutex while it enumerates the scenes.
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

    with no_preemption():
        library.obs_canvas_enum_scenes(canvas, _CALLBACK(on_scene), None)
    return [_text(name) for name in names]


def _text(name: bytes | None) -> str:
    return (name or b"").decode("utf-8", "replace")
