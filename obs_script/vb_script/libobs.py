"""The C functions of libobs and its companions that must not be called through obspython.

One table: name, result, arguments. They are called through ``ctypes.CDLL``, which releases the
GIL, so a call that waits for one of OBS's locks cannot deadlock with a script that waits for the
GIL. Our own threads call no other function of OBS.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from pathlib import Path
from typing import Any

from vb_link.texts import SaidError
from vb_link.version import NEWEST_TESTED_OBS, OLDEST_OBS

_P, _S, _I, _B = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_bool
_U = ctypes.c_uint32

_LIBOBS = {
    "obs_data_create": (_P, ()),
    "obs_data_create_from_json": (_P, (_S,)),
    "obs_data_release": (None, (_P,)),
    "obs_data_set_string": (None, (_P, _S, _S)),
    "obs_data_set_bool": (None, (_P, _S, _B)),
    "obs_data_get_string": (_S, (_P, _S)),
    "obs_get_version": (_U, ()),
    "obs_queue_task": (None, (_I, _P, _P, _B)),
    "obs_get_source_by_name": (_P, (_S,)),
    "obs_source_create": (_P, (_S, _S, _P, _P)),
    "obs_source_create_private": (_P, (_S, _S, _P)),
    "obs_source_filter_add": (None, (_P, _P)),
    "obs_source_filter_remove": (None, (_P, _P)),
    "obs_source_filter_set_order": (None, (_P, _P, _I)),
    "obs_source_filter_count": (ctypes.c_size_t, (_P,)),
    "obs_source_get_name": (_S, (_P,)),
    "obs_source_get_settings": (_P, (_P,)),
    "obs_source_get_unversioned_id": (_S, (_P,)),
    "obs_get_output_source": (_P, (_U,)),
    "obs_filter_get_target": (_P, (_P,)),
    "obs_filter_get_parent": (_P, (_P,)),
    "obs_properties_get": (_P, (_P, _S)),
    "obs_property_name": (_S, (_P,)),
    "obs_property_set_description": (None, (_P, _S)),
    "obs_property_modified": (_B, (_P, _P)),
    "obs_source_release": (None, (_P,)),
    "obs_source_inc_showing": (None, (_P,)),
    "obs_source_set_muted": (None, (_P, _B)),
    "obs_source_set_audio_mixers": (None, (_P, _U)),
    "obs_source_get_width": (_U, (_P,)),
    "obs_source_media_get_state": (_I, (_P,)),
    "obs_source_get_output_flags": (_U, (_P,)),
    "obs_source_get_type": (_I, (_P,)),
    "obs_source_get_weak_source": (_P, (_P,)),
    "obs_weak_source_release": (None, (_P,)),
    "obs_get_frame_interval_ns": (ctypes.c_uint64, ()),
    "obs_get_average_frame_time_ns": (ctypes.c_uint64, ()),
    "obs_get_total_frames": (_U, ()),
    "obs_get_lagged_frames": (_U, ()),
    "obs_view_create": (_P, ()),
    "obs_view_set_source": (None, (_P, _U, _P)),
    "obs_view_add": (_P, (_P,)),
    "obs_view_remove": (None, (_P,)),
    "obs_view_destroy": (None, (_P,)),
    "os_task_queue_create": (_P, ()),
    "os_task_queue_destroy": (None, (_P,)),
    "obs_get_proc_handler": (_P, ()),
    "proc_handler_call": (_B, (_P, _S, _P)),
    "calldata_get_data": (_B, (_P, _S, _P, ctypes.c_size_t)),
    "calldata_set_data": (None, (_P, _S, _P, ctypes.c_size_t)),
    "bfree": (None, (_P,)),
    "blog": (None, (_I, _S)),
}
_SCRIPTING = {
    "obs_script_create": (_P, (_S, _P)),
    "obs_script_destroy": (None, (_P,)),
    "obs_script_update": (None, (_P, _P)),
    "obs_script_loaded": (_B, (_P,)),
    "obs_script_get_settings": (_P, (_P,)),
}
_FRONTEND = {"obs_frontend_open_source_filters": (None, (_P,))}

# Only OBS 31.1 and later have these.
_CANVASES = {
    "obs_canvas_get_name": (_S, (_P,)),
    "obs_canvas_get_flags": (_U, (_P,)),
    "obs_canvas_enum_scenes": (None, (_P, _P, _P)),
    "obs_canvas_release": (None, (_P,)),
    "obs_source_get_name": (_S, (_P,)),
    "bfree": (None, (_P,)),
}
_CANVAS_LIST = {"obs_frontend_get_canvases": (None, (_P,))}

LOG_WARNING, LOG_INFO = 200, 300
TASK_UI = 0
ORDER_UP, ORDER_BOTTOM = 0, 3
SOURCE_VIDEO, SOURCE_AUDIO = 1, 2
TYPE_INPUT, TYPE_SCENE = 0, 3
MEDIA_OVER = (6, 7)  # ended, error


class LibraryError(SaidError):
    """libobs or one of its companions cannot be used; the text says what to do."""


def _declare(library: Any, table: dict[str, Any], name: str) -> Any:
    for function, (result, arguments) in table.items():
        try:
            found = getattr(library, function)
        except AttributeError as error:
            raise LibraryError("Error.OldObs", library=name, function=function) from error
        found.restype, found.argtypes = result, arguments
    return library


@functools.cache
def libobs() -> Any:
    """Return libobs. Raises LibraryError."""
    # Except on Windows, the process's global symbols include it.
    return _declare(ctypes.CDLL("obs" if sys.platform == "win32" else None), _LIBOBS, "libobs")


def version() -> tuple[int, int, int]:
    """Return the running OBS's version. Raises LibraryError."""
    number = int(libobs().obs_get_version())
    return number >> 24, number >> 16 & 0xFF, number & 0xFFFF


def check_version() -> bool:
    """Return whether this OBS's version is one that was tested.

    Raises LibraryError when it is too old.
    """
    found = version()
    if found[:2] < OLDEST_OBS:
        raise LibraryError(
            "Error.OldVersion", version=_dotted(found), oldest=_dotted(OLDEST_OBS)
        )  # fmt: skip
    return found[:2] <= NEWEST_TESTED_OBS


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def untested() -> dict[str, str]:
    """Return the placeholders of the sentence that this OBS is newer than those tested."""
    return {"version": _dotted(version()), "newest": _dotted(NEWEST_TESTED_OBS)}


def scripting() -> Any:
    """Return libobs-scripting, which OBS has already loaded. Raises LibraryError."""
    try:
        return _declare(ctypes.CDLL(_path("obs-scripting")), _SCRIPTING, "libobs-scripting")
    except OSError as error:
        raise LibraryError("Error.Library", library="libobs-scripting", reason=error) from error


def frontend() -> Any:
    """Return libobs-frontend-api; for OBS's UI thread only. Raises LibraryError."""
    try:
        return _declare(
            ctypes.CDLL(_path("obs-frontend-api")), _FRONTEND, "libobs-frontend-api"
        )  # fmt: skip
    except OSError as error:
        raise LibraryError("Error.Library", library="libobs-frontend-api", reason=error) from error


@functools.cache
def with_lock_held() -> tuple[Any, Any]:
    """Return libobs and libobs-frontend-api with the functions for canvases.

    They are called with the GIL held, as obspython's functions are. Raises LibraryError.
    """
    name = "obs" if sys.platform == "win32" else None
    return (
        _declare(ctypes.PyDLL(name), _CANVASES, "libobs"),
        _declare(ctypes.PyDLL(_path("obs-frontend-api")), _CANVAS_LIST, "libobs-frontend-api"),
    )


def _path(library: str) -> str:
    """Return the path of a library that OBS has already loaded."""
    if sys.platform == "win32":
        return library
    if sys.platform == "darwin":
        return _loaded_image(library)
    for line in Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines():
        if f"/lib{library}.so" in line:
            return line[line.index("/") :]
    raise LibraryError("Error.Library", library=f"lib{library}", reason="-")


def _loaded_image(part: str) -> str:
    """Return the path of a library that the macOS loader (dyld) has loaded."""
    loader = ctypes.CDLL(None)
    loader._dyld_get_image_name.restype = ctypes.c_char_p
    for index in range(loader._dyld_image_count()):
        name: str = (loader._dyld_get_image_name(index) or b"").decode()
        if part in name.rsplit("/", 1)[-1]:
            return name
    raise LibraryError("Error.Library", library=f"lib{part}", reason="-")


def log(text: str, *, warning: bool = False) -> None:
    """Write one line to OBS's log, or to its Script Log if libobs cannot be called."""
    line = f"[virtual background] {text}"
    try:
        libobs().blog(LOG_WARNING if warning else LOG_INFO, line.replace("%", "%%").encode())
    except LibraryError:
        print(line)
