"""Every name that the Lua half uses exists: Lua itself says so only where the line is run.

Globals are taken from LuaJIT's own listing of each file's bytecode, what one file takes of another
from the text.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.lua import Lua
from vb_script import lua_half

FOLDER = Path(lua_half.PATH).parent
FILES = sorted(path.stem for path in FOLDER.glob("*.lua"))
LOADER = Path(lua_half.PATH).stem

# Lua's own that are used here, and OBS's. The loader sets what OBS calls.
READ = {
    "assert", "bit", "ipairs", "jit", "loadstring", "math", "obslua", "pairs", "pcall", "rawset",
    "require", "select", "setmetatable", "table", "tonumber", "tostring", "type",
}  # fmt: skip
SET = {LOADER: {"script_load", "script_update", "script_unload"}}

_LISTING = """
local lines = {}
local out = { write = function(_, ...) lines[#lines + 1] = table.concat({ ... }) end, flush = type }
require("jit.bc").dump(assert(loadstring(TEXT, "=file")), out, true)
return table.concat(lines)
"""


def text_of(file: str) -> str:
    """Return a file's code without its comments."""
    return re.sub(r"--.*", "", (FOLDER / f"{file}.lua").read_text("utf-8"))


def undefined(file: str, text: str) -> list[str]:
    """Return the globals that ``text`` reads or sets and that are none."""
    listing = Lua()(f"TEXT = {lua_half.literal(text)}\n{_LISTING}")
    used = set(re.findall(r'\b(GGET|GSET) .*; "(\w+)"', listing))
    allowed = {"GGET": READ, "GSET": SET.get(file, set())}
    return sorted(f"{how} {name}" for how, name in used if name not in allowed[how])


def given() -> dict[str, list[str]]:
    """Return what the loader hands each file: names of files, or of its own variables."""
    found = re.findall(r'(\w+) = module\(\s*"(\w+)"((?:,\s*\w+)*)\)', text_of(LOADER))
    files = {variable: file for variable, file, _ in found}
    return {
        file: [files.get(name, name) for name in re.findall(r"\w+", names)]
        for _, file, names in found
    }


def taken(file: str) -> list[str]:
    """Return the names under which a file takes what it is handed."""
    names = re.search(r"^local ([\w,\s]+?) = \.\.\.$", text_of(file), re.M)
    return re.findall(r"\w+", names[1]) if names else []


def exported(file: str) -> set[str]:
    """Return the names in the table that a file gives to others."""
    text = text_of(file)
    functions = set(re.findall(r"^function M[.:](\w+)", text, re.M))
    lines = re.findall(r"^\s*((?:M\.\w+(?:, )?)+) = ", text, re.M)
    return functions | {name for line in lines for name in re.findall(r"M\.(\w+)", line)}


@pytest.mark.posix("LuaJIT's module jit.bc comes with Debian's, not with OBS's")
@pytest.mark.parametrize("file", FILES)
def test_no_global_is_undefined(file: str) -> None:
    text = (FOLDER / f"{file}.lua").read_text("utf-8")
    assert undefined(file, text) == []
    wrong = f"{text.rsplit('return M', 1)[0]}\nlocal function last() recipes.x = renamed end\n"
    assert undefined(file, wrong) == ["GGET recipes", "GGET renamed"]
    assert undefined(file, f"{wrong}\ncounted = 1\n")[-1] == "GSET counted"


def test_every_file_takes_as_many_others_as_the_loader_hands_it() -> None:
    handed = given()
    assert {*handed, LOADER} == set(FILES)
    assert {file: len(names) for file, names in handed.items()} == {
        file: len(taken(file)) for file in handed
    }


@pytest.mark.parametrize("file", [name for name in FILES if name != LOADER])
def test_what_a_file_uses_of_another_is_there(file: str) -> None:
    for name, other in zip(taken(file), given()[file]):
        if other not in FILES:
            continue  # the table of texts that the script hands over
        used = set(re.findall(rf"(?<![\w.]){name}\.(\w+)", text_of(file)))
        assert used, f"{file} does not use {name}"
        assert used - exported(other) == set(), f"{file} takes {name} as it is in {other}"


def test_every_function_of_libobs_that_is_called_is_declared() -> None:
    declared = set(re.findall(r"(\w+)\([^()]*\);", text_of("libobs")))
    for file in FILES:
        called = set(re.findall(r"\b(?:obs\.)?C\.(\w+)\(", text_of(file)))
        known = declared | set(re.findall(r"(\w+)\([^()]*\);", text_of(file)))
        assert called - known == set(), file


def test_sources_are_released_where_no_lock_is_held() -> None:
    """Only libobs.lua knows how (see its ``release``)."""
    direct = re.compile(r"\bC\.obs_(source|canvas)_release\(")
    assert [file for file in FILES if direct.search(text_of(file))] == []
