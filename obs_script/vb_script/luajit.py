"""LuaJIT, the one that OBS has, in a process that is not OBS's."""

from __future__ import annotations

import ctypes


class LuaJit:
    """One Lua state of ``library`` (a name or path). Raises OSError where there is none."""

    def __init__(self, library: str) -> None:
        self._library = ctypes.CDLL(library)
        self._library.luaL_newstate.restype = ctypes.c_void_p
        self._library.lua_tolstring.restype = ctypes.c_char_p
        self._state = ctypes.c_void_p(self._library.luaL_newstate())
        self._library.luaL_openlibs(self._state)

    def __call__(self, code: str) -> str:
        """Run a piece of Lua and return what it returns, as text.

        Raises RuntimeError with Lua's own words when the code fails.
        """
        lua, state = self._library, self._state
        failed = lua.luaL_loadstring(state, code.encode()) or lua.lua_pcall(state, 0, 1, 0)
        text = lua.lua_tolstring(state, -1, None)
        lua.lua_settop(state, 0)
        if failed:
            raise RuntimeError((text or b"").decode("utf-8", "replace"))
        return (text or b"").decode("utf-8", "replace")
