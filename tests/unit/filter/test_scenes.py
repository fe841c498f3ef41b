"""Whose background, layers and zones are drawn: the camera's, or those of a scene around it."""

from __future__ import annotations

import pytest

from tests.shader_variants import FOLDER
from tests.unit.lua import Lua
from vb_script import lua_half

# A camera within `outer`, drawn within `inner`; `waits` and the backgrounds are set by the tests.
_BENCH = """
local obs = { key = function(parent) return parent end, skip = function() said = ask() end }
obs.raise = error
obs.C = {
    obs_filter_get_parent = function(filter) return filter end,
    obs_get_video_frame_time = function() return 1 end,
    obs_source_get_weak_source = function() return 1 end,
    obs_weak_source_release = function() end,
    obs_source_enabled = function() return true end,
}
scenes = assert(loadfile(FOLDER .. "scenes.lua"))(obs)
scenes.use(nil, { items_alone = 0 })
local function filter(name)
    return { filter = name, settings = { background = "default", own_zones = true } }
end
camera, inner, outer = filter("camera"), filter("inner"), filter("outer")
camera.settings.background = "blur"
function ask() return scenes.owner(camera, "background", "source").filter end
function drawn(scene)
    scenes.draw(scene)
    return said
end
"""


@pytest.fixture
def lua() -> Lua:
    made = Lua()
    made(f"FOLDER = {lua_half.literal(f'{FOLDER}/')}\n{_BENCH}")
    return made


def test_the_innermost_scene_with_its_own_rules(lua: Lua) -> None:
    assert lua("return drawn(inner)") == "camera"
    lua('inner.settings.background = "image"')
    assert lua("return drawn(inner)") == "inner"
    assert lua("return ask()") == "camera"


def test_a_file_that_cannot_be_used_yet_leaves_the_scene_what_it_showed(lua: Lua) -> None:
    lua('inner.settings.background, inner.waits = "image", true')
    assert lua("return drawn(inner)") == "camera"
    lua("inner.waits = false")
    assert lua("return drawn(inner)") == "inner"


def test_that_is_never_the_room(lua: Lua) -> None:
    lua('inner.settings.background, inner.waits = "image", true')
    lua('camera.settings.background = "room"')
    assert lua("return drawn(inner)") == "inner"  # which has no picture: the cover is drawn
