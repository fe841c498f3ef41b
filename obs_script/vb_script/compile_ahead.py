"""Has OBS's own library compile every effect of the filter ahead, on Windows.

``-m vb_script.compile_ahead FOLDER`` with the folder of OBS's libraries. On Direct3D 11 the first
use of an effect stops OBS while its shaders are compiled. OBS 30 and later keep on disk what they
compiled and look there first: here libobs fills that cache in a process of its own, without a
window, while no OBS is running. The output's last line is a JSON object: how many ``effects``, the
names of those that ``failed``, how many shaders are ``kept`` in the ``folder``, the ``seconds``; or
an ``error``.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from vb_script import lua_half
from vb_script.luajit import LuaJit

# One effect a line: file, name and #define lines, with tabs in between and ";" for line ends.
_EVERY = """
local function loaded(name, ...) return assert(loadstring(FILES[name .. ".lua"], name))(...) end
local graphics = {}
local looks = loaded("looks", { C = {} }, graphics)
local effect_variants = loaded("effect_variants", graphics, looks)
local passes = loaded("passes", { C = {} }, graphics)
local found, lines = {}, {}

local function add(file, name, defines)
	local line = file .. "\\t" .. name .. "\\t" .. defines:gsub("\\n", ";")
	if not found[line] then
		found[line] = true
		lines[#lines + 1] = line
	end
end

local function draw(set)
	if set == effect_variants.NOTHING then return end
	for _, crowded in ipairs({ false, true }) do
		local person, rest = effect_variants.steps(set, crowded)
		for _, step in ipairs(person and { person, rest } or { set }) do
			add("composite", effect_variants.recipe(step, crowded))
		end
	end
end

for _, output in ipairs(effect_variants.OUTPUTS) do
	for _, background in ipairs(effect_variants.BACKGROUNDS) do
		local lit = effect_variants.gives_light(background)
		if lit then draw(effect_variants.backdrop(background)) end
		for subset = 0, 2 ^ (#looks.ROWS + 1) - 1 do
			local facts = { output = output, background = background }
			facts.translucent = bit.band(subset, 2 ^ #looks.ROWS) ~= 0
			for index, look in ipairs(looks.ROWS) do
				facts[look.name] = bit.band(subset, 2 ^ (index - 1)) ~= 0
			end
			draw(effect_variants.set_of(facts))
		end
	end
end
for across = 1, passes.MOST_TAPS do
	for down = 1, passes.MOST_TAPS do add("shrink", passes.shrink_recipe(across, down)) end
end
return table.concat(lines, "\\n")
"""


class Effect(NamedTuple):
    """One effect: its name in the Lua half and all its text, #define lines and file."""

    name: str
    text: str


def every_effect(lua: Callable[[str], str], folder: Path = lua_half.FOLDER) -> list[Effect]:
    """Return every effect that the Lua half in ``folder`` can ask for.

    ``lua`` runs a piece of Lua, as :class:`LuaJit`.
    """
    files = {
        path.name: path.read_text("utf-8")
        for path in sorted(folder.iterdir())
        if path.suffix in (".lua", ".effect")
    }
    told = lua(f"FILES = {lua_half.literal(files)}\n{_EVERY}")
    rows = [line.split("\t") for line in told.split("\n")]
    with_words = {file for file, _, _ in rows}
    alone = [
        Effect(Path(name).stem, text)
        for name, text in files.items()
        if name.endswith(".effect") and Path(name).stem not in with_words
    ]
    return alone + [
        Effect(name, defines.replace(";", "\n") + files[f"{file}.effect"])
        for file, name, defines in rows
    ]


def _graphics(libobs: Any, renderer: Path) -> ctypes.c_void_p:
    """Return a graphics context of this process. Raises OSError."""
    libobs.gs_create.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32)
    made = ctypes.c_void_p()
    code = libobs.gs_create(ctypes.byref(made), str(renderer).encode(), 0)
    if code != 0:
        raise OSError(f"Direct3D 11 does not start (error {code})")
    return made


def _cache_folder(libobs: Any) -> Path:
    """Return the folder where libobs-d3d11 keeps compiled shaders."""
    libobs.os_get_program_data_path_ptr.restype = ctypes.c_void_p
    libobs.bfree.argtypes = (ctypes.c_void_p,)
    told = libobs.os_get_program_data_path_ptr(b"obs-studio/shader-cache")
    folder = Path((ctypes.string_at(told) if told else b"").decode("utf-8"))
    libobs.bfree(told)
    return folder


def kept_in(folder: Path) -> int:
    """Return how many compiled shaders are in OBS's cache, which may not be there.

    libobs says nothing where it cannot write one: the folder may be locked, or the disk full.
    """
    try:
        return sum(path.is_file() for path in folder.iterdir())
    except OSError:
        return 0


def _obs_runs() -> bool:
    """Return whether an OBS that is no portable one is running or starting."""
    if sys.platform != "win32":
        return False
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.OpenMutexW.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel32.OpenMutexW(0x00100000, False, "OBSStudioCore"))  # SYNCHRONIZE
    if handle:
        kernel32.CloseHandle(handle)
    return bool(handle)


def compile_all(libobs: Any, effects: Iterable[Effect], obs_runs: Callable[[], bool]) -> list[str]:
    """Compile effects in the current graphics context; return the names of those that failed.

    Raises OSError once OBS runs: it would throw an exception that it does not catch if it found a
    file of its cache half written and could not delete it.
    """
    libobs.gs_effect_create.restype = ctypes.c_void_p
    failed = []
    for effect in effects:
        if obs_runs():
            raise OSError("OBS was started meanwhile")
        made = libobs.gs_effect_create(effect.text.encode(), f"{effect.name}.effect".encode(), None)
        if made:
            libobs.gs_effect_destroy(ctypes.c_void_p(made))
        else:
            failed.append(effect.name)
    return failed


def _compile_with(folder: Path) -> dict[str, Any]:
    """Compile every effect with the libraries in ``folder``. Raises OSError."""
    began = time.monotonic()
    effects = every_effect(LuaJit(str(folder / "lua51.dll")))
    libobs = ctypes.CDLL(str(folder / "obs.dll"))
    graphics = _graphics(libobs, folder / "libobs-d3d11")
    libobs.gs_enter_context(graphics)
    try:
        failed = compile_all(libobs, effects, _obs_runs)
    finally:
        libobs.gs_leave_context()
        libobs.gs_destroy(graphics)
    cache = _cache_folder(libobs)
    return {
        "effects": len(effects), "failed": failed, "kept": kept_in(cache), "folder": str(cache),
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


def main(folder: str) -> None:
    try:
        told = _compile_with(Path(folder))
    except (OSError, AttributeError, RuntimeError) as error:  # a library or function is missing
        told = {"error": str(error)}
    print(f"\n{json.dumps(told)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
