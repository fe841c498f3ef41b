"""Zones and layers are outlined for who edits them, and never in what is sent or recorded."""

from __future__ import annotations

import pytest

from tests.unit.lua import Lua


@pytest.fixture
def lua() -> Lua:
    made = Lua()
    made(
        """
        require("ffi").cdef("typedef struct { float x, y, z, w; } vb_vec4;")
        target, drawn, at = nil, {}, nil
        local C = {
            gs_get_render_target = function() return target end,
            gs_matrix_push = function() end, gs_matrix_pop = function() end,
            gs_matrix_translate3f = function(x, y) at = x .. "," .. y end,
            gs_effect_set_vec4 = function() end,
        }
        local graphics = {
            effect = function() return { parameters = {} } end,
            draw = function(_, _, _, width, height)
                drawn[#drawn + 1] = at .. " " .. width .. "x" .. height
            end,
        }
        owner = { settings = {
            zone1 = "keep", zone1_left = 0.25, zone1_right = 0.75, zone1_top = 0.5,
            zone1_bottom = 1, zone2 = "off", zone3 = "off", zone4 = "off",
            behind_x = 0.5, behind_y = 0.5, behind_scale = 0.5,
        }, assets = { behind = { wish = "Logo" }, front = { wish = "" } } }
        local scenes = { owner = function() return owner end }
        local looks = assert(loadfile(FOLDER .. "looks.lua"))({ C = C }, graphics)
        local outlines = assert(loadfile(FOLDER .. "outlines.lua"))(
            { C = C }, graphics, scenes, looks)
        function draw(now)
            drawn = {}
            outlines.draw({}, nil, now, 400, 240)
            return table.concat(drawn, "; ")
        end
        """
    )
    return made


def test_a_zone_that_was_just_edited_is_outlined_in_a_window(lua: Lua) -> None:
    assert lua("return draw(5)") == ""
    lua('owner.edited, owner.edited_part, owner.edited_ns = "zone2_left", "zones", 5')
    assert lua("return draw(6)") == ("100,120 200x1; 100,239 200x1; 100,120 1x120; 299,120 1x120")
    lua('owner.edited = "zone1_left"')  # it is drawn thicker than the others
    assert lua("return draw(6)") == ("100,120 200x2; 100,238 200x2; 100,120 2x120; 298,120 2x120")
    assert lua("return draw(5e9)") == ""


def test_a_layer_that_was_just_edited_is_outlined_as_far_as_it_is_seen(lua: Lua) -> None:
    lua('owner.edited, owner.edited_part, owner.edited_ns = "front_x", "layers", 5')
    assert lua("return draw(6)") == ""  # it was not drawn yet
    lua("owner.assets.behind.width, owner.assets.behind.height = 240, 240")
    assert lua("return draw(6)") == ("140,60 120x1; 140,179 120x1; 140,60 1x120; 259,60 1x120")
    lua("owner.settings.behind_x = 0")
    assert lua("return draw(6)") == ("0,60 60x1; 0,179 60x1; 0,60 1x120; 59,60 1x120")


def test_nothing_is_outlined_in_what_is_drawn_into_a_texture(lua: Lua) -> None:
    lua('owner.edited, owner.edited_part, owner.edited_ns = "zone1_left", "zones", 5')
    lua("target = 1")
    assert lua("return draw(6)") == ""
