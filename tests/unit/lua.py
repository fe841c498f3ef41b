"""LuaJIT, the one that OBS uses, in the tests' own process."""

from __future__ import annotations

import ctypes.util

import pytest

from vb_script.luajit import LuaJit


class Lua(LuaJit):
    """One Lua state; skips the test where there is no LuaJIT."""

    def __init__(self) -> None:
        # OBS for Windows has it by its other name.
        names = map(ctypes.util.find_library, ("luajit-5.1", "lua51"))
        name = next(filter(None, names), None)
        if name is None:
            pytest.skip("LuaJIT is not on this machine: it comes with OBS")
        super().__init__(name)
