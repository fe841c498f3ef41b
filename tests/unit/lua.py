"""LuaJIT, the one that OBS uses, in the tests' own process."""

from __future__ import annotations

import ctypes
import ctypes.util

import pytest


class Lua:
    """One Lua state. Raises RuntimeError with Lua's own words when code fails."""

    def __init__(self) -> None:
        # OBS for Windows has it by its other name.
        names = map(ctypes.util.find_library, ("luajit-5.1", "lua51"))
        name = next(filter(None, names), None)
        if name is None:
            pytest.skip("LuaJIT is not on this machine: it comes with OBS")
        self._library = ctypes.CDLL(name)
        self._library.luaL_newstate.restype = ctypes.c_void_p
        self._library.lua_tolstring.restype = ctypes.c_char_p
        self._state = ctypes.c_void_p(self._library.luaL_newstate())
        self._library.luaL_openlibs(self._state)

    def __call__(self, code: str) -> str:
        """Run a piece of Lua and return what it returns, as text."""
        lua, state = self._library, self._state
        failed = lua.luaL_loadstring(state, code.encode()) or lua.lua_pcall(state, 0, 1, 0)
        text = lua.lua_tolstring(state, -1, None)
        lua.lua_settop(state, 0)
        if failed:
            raise RuntimeError((text or b"").decode("utf-8", "replace"))
        return (text or b"").decode("utf-8", "replace")
