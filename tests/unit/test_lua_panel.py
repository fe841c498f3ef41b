"""What a filter's panel shows, and when OBS is told to rebuild it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lua import Lua
from vb_script import lua_half, texts

FOLDER = Path(lua_half.PATH).parent

# obslua's properties as tables: `rows` by key, each with what was set on it.
OBSLUA = """
obslua = setmetatable({}, { __index = function(_, name)
    if name:match("^OBS_") then return name end
    if name:match("^obs_properties_add_") then
        return function(_, key, title, ...)
            local row = { key = key, title = title, visible = true, rest = { ... } }
            rows[key] = row
            order[#order + 1] = key
            return row
        end
    end
    return function() end
end })
rows, order, data = {}, {}, {}
function obslua.obs_properties_create() return rows end
function obslua.obs_properties_get(_, key) return rows[key] end
function obslua.obs_property_visible(row) return row.visible end
function obslua.obs_property_set_visible(row, shown) row.visible = shown end
function obslua.obs_property_set_description(row, title) row.title = title end
function obslua.obs_property_set_modified_callback(row, call) row.modified = call end
"""


@pytest.fixture
def lua() -> Lua:
    table = lua_half.half(
        address=0, texts=texts.load("en-US"), models=[], depth_models=[], units=[]
    )
    made = Lua()
    made(
        f"FOLDER, half = {lua_half.literal(str(FOLDER) + '/')}, {lua_half.literal(table)}\n"
        f"{OBSLUA}\n"
        """
        local link = { names = function() return "" end }
        local obs = { C = {}, pointer = function(settings) return settings end }
        local values = { read = function(settings, row) return settings[row.key], true end }
        panels = assert(loadfile(FOLDER .. "properties.lua"))(obs, link, values)
        panels.use(half, nil)
        for _, row in ipairs(half.settings) do data[row.key] = row.default end
        status = "Starting"
        panels.add(rows, half.settings, function() return status end)
        function choose(key, value)
            data[key] = value
            return tostring(rows[key].modified(rows, rows[key], data))
        end
        function press(key) return tostring(rows[key].rest[1](rows, rows[key])) end
        """
    )
    lua_opened(made)
    return made


def lua_opened(lua: Lua) -> None:
    """Do what OBS does when a panel is opened: all callbacks are run once."""
    lua("for key, row in pairs(rows) do if row.modified then choose(key, data[key]) end end")


def test_a_choice_that_shows_other_rows_rebuilds_the_panel_and_renews_the_status(lua: Lua) -> None:
    assert lua("return tostring(rows.background_image.visible)") == "false"
    lua('status = "Running"')
    assert lua('return choose("background", "image")') == "true"
    assert lua("return tostring(rows.background_image.visible)") == "true"
    assert lua("return rows.status.title") == "Running"


def test_a_choice_that_shows_the_same_rows_leaves_the_panel_as_it_is(lua: Lua) -> None:
    assert lua('return choose("front_source", "L")') == "true"
    # While its name is typed on: a rebuilt panel loses the text cursor.
    assert lua('return choose("front_source", "Lo")') == "false"


def test_the_status_line_is_renewed_by_its_button(lua: Lua) -> None:
    assert lua("return rows.status.title") == "Starting"
    lua('status = "Running"')
    assert lua("return rows.status.title") == "Starting"
    assert lua('return press("refresh")') == "true"
    assert lua("return rows.status.title") == "Running"
