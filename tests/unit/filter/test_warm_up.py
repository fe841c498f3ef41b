"""What is drawn ahead, unseen, so that no shader is compiled while OBS records or streams."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lua import Lua
from vb_link.settings import defaults
from vb_script import governor, lua_half

SECOND = 1_000_000_000
# What a draw is of, for composite.lua as for this stand-in.
KEYS = (
    "background", "brighten", "decontaminate", "light_wrap", "match", "shadow", "grow", "feather",
)  # fmt: skip

_FAKES = """
bit = require("bit")
local function file(name, ...) return assert(loadfile(FOLDER .. name .. ".lua"))(...) end
video_active, drawn, spare, fails, clock = false, {}, true, false, 0
local C = {
    obs_video_active = function()
        assert(not in_draw, "OBS holds the lock of this while it draws")
        return video_active
    end,
    os_gettime_ns = function()
        clock = clock + (takes or 0)
        return clock
    end,
    gs_get_render_target = function() return "canvas" end,
    gs_texture_get_color_format = function() return 5 end,
    gs_enable_framebuffer_srgb = function() end,
}
local graphics = {
    target = function(_, name, format) return { name = name, format = format } end,
    begin = function(target) seen = target.name .. "/" .. target.format return true end,
    finish = function() seen = nil end,
    framebuffer_was_srgb = false,
}
local result = { is_warming_up = false }
local composite = {}
function composite.draw(self)
    assert(seen and result.is_warming_up, "drawn where it is seen")
    local values = {}
    for _, key in ipairs(KEYS) do values[#values + 1] = tostring(self.settings[key]) end
    drawn[#drawn + 1] = table.concat(values, " ")
    self.drawn_set, self.stats_known, self.halo_made = 99, true, "with the change"
    if fails then error("refused") end
    return true
end
local looks = file("looks", { C = C }, graphics)
local variants = { has_spare = function() return spare end }
local intermediates = { begin_frame = function(self) self.halo_made = nil end }
warm_up = file("warm_up", { C = C, RGBA = 3 }, graphics, result, composite,
    { has_any = function() return false end }, looks, variants, intermediates)
own = SETTINGS
camera = { settings = own, state = {}, warm_up = warm_up.new(), drawn_set = 1 }
camera.stats_known = false
function frame(seconds)
    drawn = {}
    in_draw = false
    warm_up.tick(camera)
    in_draw = true
    warm_up.next(camera, {}, 0, seconds * 1e9, 640, 360)
    assert(#drawn <= 1 and not result.is_warming_up and seen == nil)
    assert(camera.settings == own and camera.drawn_set ~= 99 and not camera.stats_known)
    assert(camera.halo_made == nil)
    return drawn[1] or ""
end
"""


class Camera:
    """A camera whose settings are ``own``, drawn by the real warm_up.lua."""

    def __init__(self, **own: Any) -> None:
        values = {key: value for key, value in {**defaults(), **own}.items() if key in KEYS}
        self.lua = Lua()
        self.lua(
            f"KEYS = {lua_half.literal(list(KEYS))}\n"
            f"SETTINGS = {lua_half.literal(values)}\n{_FAKES}"
        )
        self.seconds = 10.0

    def frame(self, after: float = 1.1) -> dict[str, str]:
        """Draw a frame ``after`` seconds; return what was drawn unseen in it."""
        self.seconds += after
        found = self.lua(f"return frame({self.seconds})")
        return dict(zip(KEYS, found.split())) if found else {}

    def all(self) -> list[dict[str, str]]:
        return [found for found in (self.frame() for _ in range(40)) if found]


def _changed(found: list[dict[str, str]], own: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (key, value) for row in found for key, value in row.items()
        if value != str(own[key]).removesuffix(".0")
    ]  # fmt: skip


def test_each_look_and_edge_and_flat_background_is_drawn_once() -> None:
    own = {**defaults(), "background": "color"}
    camera = Camera(background="color")
    found = camera.all()
    assert sorted(_changed(found, own)) == sorted([
        ("background", "blur"), ("background", "transparent"), ("brighten", "1"),
        ("decontaminate", "1"), ("light_wrap", "1"), ("match", "1"), ("shadow", "1"),
        ("grow", "1"), ("grow", "-1"), ("feather", "1"), ("feather", "-1"),
    ])  # fmt: skip
    assert camera.all() == []
    camera.lua("camera.drawn_set = 2")  # a look was switched on
    assert len(camera.all()) == len(found)


def test_a_look_that_is_on_is_drawn_off() -> None:
    own = {**defaults(), "background": "blur", "shadow": 0.5, "grow": -3.0, "match": 0.25}
    found = _changed(Camera(background="blur", shadow=0.5, grow=-3.0, match=0.25).all(), own)
    assert ("shadow", "0") in found and ("shadow", "1") not in found
    assert ("grow", "1") in found and ("grow", "-1") not in found
    # A background is drawn without the match: its brightness would settle on that background.
    assert found.count(("match", "0")) == 3


def test_nothing_is_drawn_ahead_while_obs_records_or_streams() -> None:
    camera = Camera()
    camera.lua("video_active = true")
    assert camera.all() == []
    camera.lua("video_active = false")
    assert camera.frame() != {}


def test_what_holds_a_frame_up_is_drawn_seldom_enough_for_the_governor() -> None:
    camera = Camera()
    camera.lua("takes = 20e6")
    assert camera.frame() != {}
    gap = 2 * governor.PERIOD  # two periods of trouble running count
    assert camera.frame(gap) == {}
    assert camera.frame(gap) != {}


def test_one_a_second_and_some_effects_are_left_for_what_is_wanted() -> None:
    camera = Camera()
    assert camera.frame() != {}
    assert camera.frame(0.5) == {} and camera.frame(0.6) != {}
    camera.lua("spare = false")
    assert camera.all() == []


@pytest.mark.parametrize("fails", ["true", "false"])
def test_the_camera_is_as_before_whether_a_draw_fails_or_not(fails: str) -> None:
    camera = Camera()
    camera.lua(f"fails = {fails}")
    assert camera.frame() != {}  # `frame` of the stand-ins asserts the rest
