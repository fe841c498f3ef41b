"""What a filter's panel shows, and when OBS is told to rebuild it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lua import Lua
from vb_link import texts
from vb_script import lua_half

FOLDER = Path(lua_half.PATH).parent

# obslua's properties as tables: `rows` by key, each with what was set on it.
OBSLUA = """
rows, order, data = {}, {}, {}
obslua = setmetatable({}, { __index = function(_, name)
    if name:match("^OBS_") then return name end
    if name:match("^obs_properties_add_") then
        return function(_, key, title, ...)
            local row = { key = key, title = title, visible = true, rest = { ... } }
            assert(not rows[key], key)
            rows[key] = row
            order[#order + 1] = key
            return row
        end
    end
    return function() end
end })
function obslua.obs_properties_create() return rows end
function obslua.obs_properties_get(_, key) return rows[key] end
function obslua.obs_property_visible(row) return row.visible end
function obslua.obs_property_set_visible(row, shown) row.visible = shown end
function obslua.obs_property_set_description(row, title) row.title = title end
function obslua.obs_property_description(row) return row.title end
function obslua.obs_property_set_modified_callback(row, call) row.modified = call end
-- OBS's data: what is set, and defaults, which are not saved.
local function get(of, key)
    if of[key] ~= nil then return of[key] end
    return defaults[key]
end
defaults, updates = {}, 0
C = {
    obs_data_get_bool = function(of, key) return get(of, key) or false end,
    obs_data_get_int = function(of, key) return get(of, key) or 0 end,
    obs_data_has_user_value = function(of, key) return of[key] ~= nil end,
    obs_data_unset_user_value = function(of, key) of[key] = nil end,
    obs_data_set_default_int = function(_, key, value) defaults[key] = value end,
    obs_data_set_double = function(of, key, value) of[key] = value end,
    obs_data_set_string = function(of, key, value) of[key] = value end,
    obs_source_get_settings = function() return data end,
    obs_data_release = function() end,
    obs_source_update = function() updates = updates + 1 end,
    os_gettime_ns = function() return 7 end,
    obs_properties_add_button2 = function(_, key, title, _, filter)
        obslua.obs_properties_add_button(rows, key, title, filter)
    end,
}
"""


@pytest.fixture(params=["settings", "scene_settings"])
def any_panel(request: pytest.FixtureRequest) -> Lua:
    return _panel(request.param)


@pytest.fixture
def lua() -> Lua:
    return _panel("settings")


def _panel(table: str) -> Lua:
    """Open the panel of a filter with all of its settings at their defaults, as OBS does."""
    half = lua_half.half(address=0, texts=texts.load("en-US"), models=[], depth_models=[], units=[])
    made = Lua()
    made(
        f"FOLDER, half = {lua_half.literal(str(FOLDER) + '/')}, {lua_half.literal(half)}\n"
        f"TABLE = {lua_half.literal(table)}\n{OBSLUA}\n"
        """
        local link = { names = function() return "" end }
        local obs = { C = C, pointer = function(settings) return settings end }
        local values = { read = function(settings, row)
            local own = settings[row.key]
            if own == nil then own = row.default end
            return own, true
        end }
        local panels = assert(loadfile(FOLDER .. "properties.lua"))(obs, link, values)
        panels.use(half, nil)
        local groups = {}
        for _, row in ipairs(half[TABLE]) do groups[row.group] = true end
        status = "Starting"
        local function say() return status, "2 ms" end
        filter = { filter = "ours" }
        local panel = panels.new(filter, half[TABLE], say)
        panels.add(panel, rows, groups, {}, { sync_source = {
            { "set_sync 3", "Sync.Set", { key = "timing", values = { "locked" } } } } })
        panels.finish(panel, rows)
        -- What a user does in the panel.
        function choose(key, value)
            data[key] = value
            return tostring(rows[key].modified(rows, rows[key], data))
        end
        function press(key) return tostring(rows[key].rest[1](rows, rows[key])) end
        function seen(key) return tostring(rows[key].visible) end
        for _, key in ipairs(order) do
            if rows[key].modified then rows[key].modified(rows, rows[key], data) end
        end
        """
    )
    return made


def _seen(lua: Lua) -> set[str]:
    code = """
    local found = {}
    for _, key in ipairs(order) do if rows[key].visible then found[#found + 1] = key end end
    return table.concat(found, "\\n")
    """
    return set(lua(code).split("\n"))


def test_the_first_page_is_what_is_needed_daily_and_all_else_is_folded(lua: Lua) -> None:
    folded = {key for key in _seen(lua) if key.startswith("group_")}
    assert _seen(lua) - folded == {
        "active", "status", "refresh", "background", "blur_strength", "softness_percent", "quality",
        "more",
    }  # fmt: skip
    assert "group_place" not in folded  # blur has no place
    lua('choose("background", "image")')
    assert {"group_place", "background_image"} <= _seen(lua)


def test_an_open_group_shows_its_rows_and_acts_on_nothing_else(any_panel: Lua) -> None:
    groups = [key for key in any_panel("return table.concat(order, ' ')").split()
              if key.startswith("group_")]  # fmt: skip
    assert groups
    any_panel('data.background = "image"; choose("background", "image")')
    for group in groups:
        before = _seen(any_panel)
        assert any_panel(f'return choose("{group}", true)') == "true"
        assert _seen(any_panel) > before
        assert any_panel(f'return choose("{group}", false)') == "true"
        assert _seen(any_panel) == before
    assert any_panel("return tostring(updates)") == "0"


def test_rows_that_cannot_act_are_not_seen(lua: Lua) -> None:
    lua('choose("group_time", true)')
    assert "set_sync 3" not in _seen(lua)
    lua('choose("timing", "locked")')
    assert {"set_sync 3", "sync_source"} <= _seen(lua)


def test_the_scripts_answer_is_seen_once_there_is_one(lua: Lua) -> None:
    lua('choose("group_time", true)')
    assert "answer_time" not in _seen(lua)
    lua('rows.answer_time.title = "Done."')  # the script, which then runs all callbacks
    assert lua('return choose("timing", "latest")') == "true"
    assert "answer_time" in _seen(lua)
    assert lua('return rows["set_sync 3"].rest[1]') == "ours"


def test_a_choice_that_shows_other_rows_rebuilds_the_panel_and_renews_the_status(lua: Lua) -> None:
    lua('status = "Running"')
    assert lua('return choose("background", "image")') == "true"
    assert lua("return rows.status.title") == "Running\n \n \n "
    assert lua("return rows.figures.title") == "2 ms"


def test_a_choice_that_shows_the_same_rows_leaves_the_panel_as_it_is(lua: Lua) -> None:
    lua('choose("group_layers", true)')
    assert lua('return choose("front_source", "L")') == "true"
    # While its name is typed on: a rebuilt panel loses the text cursor.
    assert lua('return choose("front_source", "Lo")') == "false"


def test_the_status_line_is_renewed_by_its_button_and_keeps_its_height(lua: Lua) -> None:
    for said in ("Running", "Running\nDoing less", "Running\n" + "x" * 90, "背景" * 25):
        before = lua("return rows.status.title")
        lua(f"status = {lua_half.literal(said)}")
        assert lua("return rows.status.title") == before
        assert lua('return press("refresh")') == "true"
        lines = lua("return rows.status.title").split("\n")
        assert "\n".join(lines).strip() == said
        assert sum(1 + (len(line.encode()) > 60) for line in lines) == 4


def test_zones_are_added_one_at_a_time_and_numbered(any_panel: Lua) -> None:
    any_panel('choose("group_zones", true)')
    if any_panel("return tostring(rows.own_zones ~= nil)") == "true":
        assert "add_zone" not in _seen(any_panel)
        any_panel('choose("own_zones", true)')
    for number in range(1, 5):
        assert f"zone{number}" not in _seen(any_panel) and "add_zone" in _seen(any_panel)
        assert any_panel('return press("add_zone")') == "true"
        assert {f"zone{number}", f"zone{number}_left_percent"} <= _seen(any_panel)
        assert any_panel(f"return rows.zone{number}.title") == f"Zone {number}"
    assert "add_zone" not in _seen(any_panel)
    any_panel('choose("zone2", "off")')
    assert "zone2" not in _seen(any_panel) and "add_zone" in _seen(any_panel)
    assert any_panel("return tostring(filter.zones_edited_ns)") == "7"  # they are outlined
    any_panel('press("add_zone")')
    assert any_panel("return data.zone2") == "keep"


def test_a_share_is_shown_in_percent_and_kept_as_it_always_was(lua: Lua) -> None:
    assert lua("return tostring(defaults.softness_percent)") == "50"
    assert lua('return choose("softness_percent", 37)') == "false"
    assert lua("return tostring(data.softness)") == "0.37"
    assert lua("return tostring(data.softness_percent)") == "nil"  # nothing else is saved
    assert lua("return tostring(updates)") == "1"
    lua("data.softness = 0.625")  # a remote control
    lua('press("refresh")')
    assert lua("return tostring(defaults.softness_percent)") == "63"
    assert lua("return tostring(data.softness)") == "0.625"
