"""LuaJIT, the one that OBS uses, in the tests' own process."""

from __future__ import annotations

import ctypes.util
from pathlib import Path

import pytest

from vb_script import lua_half
from vb_script.luajit import LuaJit


class Lua(LuaJit):
    """One Lua state, whose FOLDER is that of the Lua half; skips the test where is no LuaJIT."""

    def __init__(self) -> None:
        # OBS for Windows has it by its other name.
        names = map(ctypes.util.find_library, ("luajit-5.1", "lua51"))
        name = next(filter(None, names), None)
        if name is None:
            pytest.skip("LuaJIT is not on this machine: it comes with OBS")
        super().__init__(name)
        self(f"FOLDER = {lua_half.literal(f'{Path(lua_half.PATH).parent}/')}")
