"""What the filter takes out of settings that a remote control or another version wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lua import Lua
from vb_link import settings
from vb_script import lua_half

FOLDER = Path(lua_half.PATH).parent


@pytest.fixture
def lua() -> Lua:
    table = lua_half.half(address=0, texts={}, models=[], depth_models=[], units=[])
    made = Lua()
    made(
        f"FOLDER, half = {lua_half.literal(str(FOLDER) + '/')}, {lua_half.literal(table)}\n"
        """
        local function get(data, key) return data[key] end
        obslua = {
            obs_data_get_string = get, obs_data_get_bool = get, obs_data_get_double = get,
            obs_data_get_int = get,
        }
        require("ffi").cdef("typedef struct { float x, y, z, w; } vb_vec4;")
        looks = assert(loadfile(FOLDER .. "looks.lua"))(
            { C = { os_gettime_ns = function() return 0 end } }, {}, {})
        data = {}
        for _, one in ipairs(half.settings) do data[one.key] = one.default end
        filter = { settings = {}, assets = {} }
        function read(key, value)
            data[key] = value
            looks.read(filter, half.settings, data)
            return filter.settings[key]
        end
        """
    )
    return made


def test_a_choice_that_there_is_is_taken(lua: Lua) -> None:
    assert lua('return read("background", "color")') == "color"
    assert lua("return looks.problem(filter)") == ""


def test_a_word_that_is_no_choice_is_the_default_and_is_said_until_it_is_mended(lua: Lua) -> None:
    assert lua('return read("background", "colour")') == settings.defaults()["background"]
    assert lua("return looks.problem(filter)") == "UnknownChoice"
    lua('read("background", "blur")')
    assert lua("return looks.problem(filter)") == ""


def test_a_number_beyond_its_ends_is_brought_back(lua: Lua) -> None:
    assert float(lua('return read("softness", 7)')) == 1
    assert float(lua('return read("grow", -1000)')) == -30
