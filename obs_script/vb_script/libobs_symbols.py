"""Every function of OBS's libraries that the product calls, and those that a library lacks.

Python's are in the tables of ``libobs``, the Lua half's in its FFI declarations. ``python -m
vb_script.libobs_symbols LIBOBS SCRIPTING FRONTEND`` checks library files without a running OBS.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from vb_script import libobs, lua_half

_PROTOTYPE = re.compile(r"(\w+)\([^()]*\);")


def of_libobs() -> list[str]:
    """Return the functions of libobs, without duplicates."""
    text = (lua_half.PATH.parent / "libobs.lua").read_text(encoding="utf-8")
    declared = text.split("local declared = [[", 1)[1].split("]]", 1)[0]
    return sorted({*libobs._LIBOBS, *_PROTOTYPE.findall(declared)})


def declared() -> dict[str, list[str]]:
    """Return the functions by library: ``libobs``, ``scripting`` and ``frontend``."""
    return {
        "libobs": of_libobs(),
        "scripting": sorted(libobs._SCRIPTING),
        "frontend": sorted(libobs._FRONTEND),
    }


def lacking(libraries: Mapping[str, Any]) -> list[str]:
    """Return the declared functions that ``libraries``, keyed as in :func:`declared`, lack."""
    return [
        name
        for library, names in declared().items()
        for name in names
        if not hasattr(libraries[library], name)
    ]


def count() -> int:
    """Return how many functions are declared."""
    return sum(map(len, declared().values()))


if __name__ == "__main__":
    opened = {name: ctypes.CDLL(path) for name, path in zip(declared(), sys.argv[1:])}
    print(json.dumps({"count": count(), "lacking": lacking(opened)}), flush=True)
    os._exit(0)  # skip the libraries' exit handlers: they were never initialised
