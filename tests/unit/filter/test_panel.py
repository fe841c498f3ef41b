"""What a filter's panel shows, and when OBS is told to rebuild it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lua import Lua
from vb_link import texts
from vb_script import lua_half

FOLDER = Path(lua_half.PATH).parent
WIDE_SPACE = "\u3000"

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
function obslua.obs_property_enabled(row) return not row.disabled end
function obslua.obs_property_set_enabled(row, enabled) row.disabled = not enabled end
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
    obs_data_set_int = function(of, key, value) of[key] = value end,
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


def _lines(lua: Lua, row: str) -> list[str]:
    """Return a row's lines, each without the wide space at its end."""
    lines = lua(f"return rows.{row}.title").split("\n")
    assert all(line.endswith(WIDE_SPACE) for line in lines)
    return [line.removesuffix(WIDE_SPACE) for line in lines]


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
        local rows_of = assert(loadfile(FOLDER .. "setting_rows.lua"))(link)
        rows_of.use(half, nil)
        lines = assert(loadfile(FOLDER .. "lines.lua"))()
        local unsaved = assert(loadfile(FOLDER .. "unsaved_rows.lua"))(obs, values, rows_of)
        local panels = assert(loadfile(FOLDER .. "properties.lua"))(
            obs, values, rows_of, unsaved, lines)
        panels.use(half)
        local groups = {}
        for _, row in ipairs(half[TABLE]) do groups[row.group] = true end
        status = "Starting"
        local function say() return status, "2 ms" end
        filter = { filter = "ours" }
        wrong = {}
        local function line(key) return wrong[key] or "" end
        local panel = panels.new(filter, half[TABLE], say, line)
        panels.add(panel, rows, groups, {}, { sync_source = {
            { "set_sync 3", "Sync.Set", { key = "timing", values = { "locked" } } } } })
        panels.add_requests(panel, panels.add_group(panel, rows, "starts"), "starts", {
            { "start meeting", "Start.meeting" } })
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


def _can(lua: Lua, button: str) -> bool:
    """Whether a button that is seen can be pressed."""
    assert button in _seen(lua)
    return lua(f"return tostring(rows.{button}.disabled or false)") == "false"


def test_the_first_page_is_what_is_needed_daily_and_all_else_is_folded(lua: Lua) -> None:
    folded = {key for key in _seen(lua) if key.startswith("group_")}
    assert _seen(lua) - folded == {
        "active", "status", "refresh", "background", "blur_strength", "softness_percent", "quality",
        "more",
    }  # fmt: skip
    shown = lua("return table.concat(order, ' ')").split()
    first = shown.index("quality")
    assert [key for key in shown[: first + 1] if key in _seen(lua)] == [
        "active", "status", "background", "blur_strength", "softness_percent", "quality",
    ]  # fmt: skip
    assert "group_place" not in folded  # blur has no place
    lua('choose("background", "image")')
    assert _seen(lua) - folded - {"group_place"} == {
        "active", "status", "refresh", "background", "background_image", "background_image_line",
        "softness_percent", "quality", "more",
    }  # fmt: skip


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
    assert "lowest_rate" not in _seen(lua)  # each picture gets a mask of its own
    assert lua('return choose("timing", "latest")') == "true"
    assert "lowest_rate" in _seen(lua)
    lua('choose("governor", "off")')
    assert "lowest_rate" not in _seen(lua)


def test_the_scripts_answer_is_seen_once_there_is_one(lua: Lua) -> None:
    lua('choose("group_time", true)')
    assert "answer_time" not in _seen(lua)
    lua('rows.answer_time.title = "Done."')  # the script, which then runs its callback
    assert lua('return choose("answer_time")') == "true"
    assert "answer_time" in _seen(lua)
    assert lua('return rows["set_sync 3"].rest[1]') == "ours"


def test_a_choice_that_shows_other_rows_rebuilds_the_panel_and_renews_the_status(lua: Lua) -> None:
    lua('status = "Running"')
    assert lua('return choose("background", "image")') == "true"
    assert _lines(lua, "status") == ["Running", " ", " "]
    assert lua("return rows.figures.title") == "2 ms"


def test_a_choice_that_shows_the_same_rows_leaves_the_panel_as_it_is(lua: Lua) -> None:
    lua('choose("group_layers", true)')
    lua('press("add_layers"); press("add_layers")')
    # While its name is typed: a rebuilt panel loses the text cursor.
    for name in ("L", "Lo", "", "Lobby"):
        assert lua(f'return choose("front_source", "{name}")') == "false"
        assert {"front_source", "front_x_percent"} <= _seen(lua)


def test_a_panel_is_rebuilt_only_where_rows_come_or_go(any_panel: Lua) -> None:
    keys = any_panel("return table.concat(order, ' ')").split()
    for group in (key for key in keys if key.startswith("group_")):
        any_panel(f'choose("{group}", true)')
    again = """
    local rebuilt = {}
    for _, key in ipairs(order) do
        local call = rows[key].modified
        if call and call(rows, rows[key], data) then rebuilt[#rebuilt + 1] = key end
    end
    return table.concat(rebuilt, " ")
    """
    assert any_panel(again) == ""
    # As the lock or the softness: OBS has no reason to ask anything when they change.
    assert any_panel("return tostring(rows.lock and rows.lock.modified)") == "nil"
    assert any_panel("return tostring(rows.quality and rows.quality.modified)") == "nil"


def test_no_row_comes_or_goes_above_the_one_used(lua: Lua) -> None:
    lua('data.background = "color"')  # a preset, a look to start from or a remote control
    for use in ('choose("group_look", true)', 'press("refresh")', 'choose("answer_starts")'):
        lua(use)
        assert "blur_strength" in _seen(lua) and "background_color" not in _seen(lua), use
    assert lua('return choose("background", "color")') == "true"
    assert "blur_strength" not in _seen(lua) and "background_color" in _seen(lua)


def test_what_is_wrong_with_a_file_stands_below_its_row(lua: Lua) -> None:
    lua('choose("background", "image")')
    said = "Until a file is chosen, the background stays as it was."
    assert _lines(lua, "background_image_line") == [said, " "]
    lua('data.background_image = "/a.png"; press("refresh")')
    assert _lines(lua, "background_image_line") == ["", " "]  # the button stays in place
    lua('wrong.background_image = "/a.png is not a picture."; press("refresh")')
    assert _lines(lua, "background_image_line") == ["/a.png is not a picture.", " "]
    shown = lua("return table.concat(order, ' ')").split()
    assert shown.index("background_image_line") == shown.index("background_image") + 1
    lua('choose("background", "color")')
    assert "background_image_line" not in _seen(lua)


def test_a_line_comes_by_a_button_or_what_is_above_it(lua: Lua) -> None:
    lua('choose("group_cover", true); choose("cover", "image")')
    assert "cover_image_line" not in _seen(lua)
    lua('wrong.cover_image = "/a.png is not a picture."')
    lua('choose("group_time", true)')  # it would push that down
    assert "cover_image_line" not in _seen(lua)
    assert lua('return press("refresh")') == "true"
    assert "cover_image_line" in _seen(lua)
    lua('wrong.cover_image = nil; choose("group_time", false)')
    assert "cover_image_line" in _seen(lua)
    lua('choose("cover", "blur")')
    assert "cover_image_line" not in _seen(lua)


def test_a_line_that_is_seen_changes_as_it_comes(lua: Lua) -> None:
    """It may have more lines than before, or fewer."""
    lua('wrong.governor = "Now: quality Balanced."; choose("group_time", true)')
    assert lua("return rows.governor_line.title") == "Now: quality Balanced."
    lua('wrong.governor = "Now: all"; choose("group_zones", true); press("add_zones")')
    assert lua("return rows.governor_line.title") == "Now: quality Balanced."
    lua('press("refresh")')
    assert lua("return rows.governor_line.title") == "Now: all"


def test_what_the_governor_does_stands_below_its_row(lua: Lua) -> None:
    lua('choose("group_time", true)')
    assert "governor_line" not in _seen(lua)
    lua('wrong.governor = "Now: quality Balanced."; press("refresh")')
    assert "governor_line" in _seen(lua)
    assert lua("return rows.governor_line.title") == "Now: quality Balanced."


def test_a_file_that_is_chosen_rebuilds_nothing(lua: Lua) -> None:
    """The window has no focus then: OBS would give it to another list, and the panel would go."""
    for key in ("background_image", "background_video", "zone_picture", "cover_image"):
        assert lua(f"return tostring(rows.{key}.modified)") == "nil"


def test_the_status_line_is_renewed_by_its_button_and_keeps_its_height(lua: Lua) -> None:
    said_before = ("Running", "Running\nDoing less", "Running\n" + "x" * 90, "背景" * 25)
    for said in (*said_before, "Running\n2\n3"):
        before = lua("return rows.status.title")
        lua(f"status = {lua_half.literal(said)}")
        assert lua("return rows.status.title") == before
        assert lua('return press("refresh")') == "true"
        lines = lua("return rows.status.title").split("\n")
        assert "".join("".join(lines).split()) == "".join(said.split())
        assert len(lines) == 3
    # The first sentence is cut, of the others those come for which there is room.
    for said, left in (("word " * 40, "…"), ("1\n" + "x" * 120 + "\n3", "3\u3000\n ")):
        made = lua(f"return lines.same_height({lua_half.literal(said)})")
        assert made.endswith(left + WIDE_SPACE) and made.count("\n") == 2


def test_zones_are_added_one_at_a_time_and_numbered(any_panel: Lua) -> None:
    any_panel('choose("group_zones", true)')
    if any_panel("return tostring(rows.own_zones ~= nil)") == "true":
        assert "add_zones" not in _seen(any_panel)
        any_panel('choose("own_zones", true)')
    for number in range(1, 5):
        assert f"zone{number}" not in _seen(any_panel) and _can(any_panel, "add_zones")
        assert any_panel('return press("add_zones")') == "true"
        assert {f"zone{number}", f"zone{number}_left_percent"} <= _seen(any_panel)
        assert any_panel(f"return rows.zone{number}.title") == f"Zone {number}"
    assert not _can(any_panel, "add_zones")
    any_panel('choose("zone2", "off")')
    assert "zone2" not in _seen(any_panel) and _can(any_panel, "add_zones")
    edited = any_panel("return filter.edited .. filter.edited_part")
    assert edited == "zone4zones"  # they are outlined
    any_panel('press("add_zones")')
    assert any_panel("return data.zone2") == "keep"


def test_the_button_that_adds_stands_above_what_it_adds(any_panel: Lua) -> None:
    shown = any_panel("return table.concat(order, ' ')").split()
    for button, added in (("add_zones", "zone"), ("add_layers", "behind_")):
        below = [index for index, key in enumerate(shown) if key.startswith(added)]
        assert shown.index(button) < min(below)


def test_layers_are_added_one_at_a_time_and_numbered(any_panel: Lua) -> None:
    any_panel('choose("group_layers", true)')
    if any_panel("return tostring(rows.own_layers ~= nil)") == "true":
        assert "add_layers" not in _seen(any_panel)
        any_panel('choose("own_layers", true)')
    for number, key in enumerate(("behind", "front"), 1):
        assert f"{key}_source" not in _seen(any_panel) and _can(any_panel, "add_layers")
        assert any_panel('return press("add_layers")') == "true"
        assert f"{key}_source" in _seen(any_panel)
        assert str(number) in any_panel(f"return rows.{key}_source.title")
        assert f"{key}_x_percent" in _seen(any_panel)  # typing a source's name shows no more rows
    assert not _can(any_panel, "add_layers")
    any_panel('choose("front_x_percent", 20)')
    assert any_panel("return filter.edited .. filter.edited_part") == "front_xlayers"


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


def test_the_colour_behind_a_picture_is_in_the_group_of_its_place(any_panel: Lua) -> None:
    """Its row would push the quality out of the window as OBS opens it."""
    any_panel('choose("background", "color")')
    assert "background_color" in _seen(any_panel)
    any_panel('choose("group_place", true)')
    assert "background_color_place" not in _seen(any_panel)
    for kind in ("image", "bookshelf"):
        any_panel(f'choose("background", "{kind}")')
        assert "background_color" not in _seen(any_panel)
        assert "background_color_place" in _seen(any_panel)
    assert any_panel("return tostring(defaults.background_color_place)") == str(0xFF3A2E26)
    assert any_panel(f'return choose("background_color_place", {0xFF112233})') == "false"
    assert any_panel("return string.format('%d', data.background_color)") == str(0xFF112233)
    assert any_panel("return tostring(data.background_color_place)") == "nil"
    assert any_panel("return tostring(updates)") == "1"
