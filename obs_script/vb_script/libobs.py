"""The C functions of libobs and libobs-scripting that obspython does not offer.

One table: name, result, arguments. They are called through ``ctypes.CDLL``, which lets go of
the GIL, so none of them can wait for OBS's locks while other scripts wait for Python.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

_P, _S, _I, _B = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_bool

_LIBOBS = {
    "obs_data_create": (_P, ()),
    "obs_data_release": (None, (_P,)),
    "obs_data_set_string": (None, (_P, _S, _S)),
    "obs_get_version_string": (_S, ()),
    "blog": (None, (_I, _S)),
}
_SCRIPTING = {
    "obs_script_create": (_P, (_S, _P)),
    "obs_script_destroy": (None, (_P,)),
    "obs_script_update": (None, (_P, _P)),
    "obs_script_loaded": (_B, (_P,)),
}

LOG_WARNING, LOG_INFO = 200, 300


class LibraryError(Exception):
    """libobs or libobs-scripting cannot be used; the message says what to do."""


def _declare(library: Any, table: dict[str, Any], name: str) -> Any:
    for function, (result, arguments) in table.items():
        try:
            found = getattr(library, function)
        except AttributeError as error:
            raise LibraryError(
                f"This OBS's {name} has no {function}: OBS 29 or newer is needed."
            ) from error
        found.restype, found.argtypes = result, arguments
    return library


def libobs() -> Any:
    """Return libobs. Raises LibraryError."""
    # Elsewhere than on Windows the process's own symbols hold it.
    return _declare(ctypes.CDLL("obs" if sys.platform == "win32" else None), _LIBOBS, "libobs")


def scripting() -> Any:
    """Return libobs-scripting, which OBS has loaded already. Raises LibraryError."""
    try:
        return _declare(ctypes.CDLL(_scripting_path()), _SCRIPTING, "libobs-scripting")
    except OSError as error:
        raise LibraryError(f"OBS's scripting library cannot be reached: {error}.") from error


def _scripting_path() -> str:
    if sys.platform == "win32":
        return "obs-scripting"
    if sys.platform == "darwin":
        return _loaded_image("obs-scripting")
    for line in Path("/proc/self/maps").read_text().splitlines():
        if "/libobs-scripting.so" in line:
            return line[line.index("/") :]
    raise LibraryError("OBS's scripting library (libobs-scripting) is not loaded.")


def _loaded_image(part: str) -> str:
    """Return the path of a library the macOS loader has in this process."""
    loader = ctypes.CDLL(None)
    loader._dyld_get_image_name.restype = ctypes.c_char_p
    for index in range(loader._dyld_image_count()):
        name: str = (loader._dyld_get_image_name(index) or b"").decode()
        if part in name.rsplit("/", 1)[-1]:
            return name
    raise LibraryError(f"OBS's scripting library ({part}) is not loaded.")


def log(text: str, *, warning: bool = False) -> None:
    """Write one line into OBS's log."""
    line = f"[virtual background] {text}".replace("%", "%%")
    libobs().blog(LOG_WARNING if warning else LOG_INFO, line.encode())
