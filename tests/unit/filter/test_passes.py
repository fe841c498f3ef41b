"""Pictures are shrunk to any size, in steps that leave no pixel out."""

from __future__ import annotations

import pytest

from tests.unit.lua import Lua

STAND_INS = """
made, refused = {}, 0
local nothing = function() end
local graphics = {
    target = function(_, name) return name end,
    begin = function(name, w, h)
        made[#made + 1] = name .. " " .. w .. "x" .. h
        return #made ~= refused
    end,
    finish = function(name) return name end,
    effect = function(_, _, _, name) return { parameters = {} } end,
    draw = nothing, set_vec2 = nothing,
}
passes = assert(loadfile(FOLDER .. "passes.lua"))(
    { C = { gs_enable_blending = nothing } }, graphics)
NAMES = { "a", "b", "c" }
function shrink(...)
    made = {}
    return tostring(passes.shrink({}, NAMES, "image", ...))
end
"""


@pytest.fixture
def lua() -> Lua:
    made = Lua()
    made(STAND_INS)
    return made


@pytest.mark.parametrize(
    ("start", "end"),
    [((1280, 720), (256, 144)), ((1280, 720), (1, 1)), ((591, 249), (1, 1)),
     ((32768, 16), (1, 1)), ((16, 32768), (1, 3)), ((1, 1), (256, 256)), ((7, 7), (7, 7))],
)  # fmt: skip
def test_any_size_is_reached_from_any_other(
    lua: Lua, start: tuple[int, int], end: tuple[int, int]
) -> None:
    found = lua(f"return shrink({start[0]}, {start[1]}, {end[0]}, {end[1]})")
    steps = lua('return table.concat(made, "\\n")').splitlines()
    sizes = [tuple(map(int, step.split()[1].split("x"))) for step in steps]
    assert sizes[-1] == end and found == steps[-1].split()[0]
    assert len({step.split()[0] for step in steps}) == len(steps)  # none reads what it draws into
    for before, after in zip([start, *sizes], sizes):
        assert all(a <= 8 * b for a, b in zip(before, after))


def test_a_texture_that_the_driver_refuses_ends_it(lua: Lua) -> None:
    lua("refused = 2")
    assert lua("return shrink(1280, 720, 1, 1)") == "nil"
    assert lua("return #made") == "2"
