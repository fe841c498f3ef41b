"""What the filter does with a frame when the driver or the worker does not do its part."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lua import Lua
from vb_script import lua_half

FOLDER = Path(lua_half.PATH).parent
# All around frame.lua but locked.lua is made up; a step is one frame of 33 ms.
STAND_INS = """
ffi = require("ffi")
now, sent_id, answered_id, answers, stage_ns = 1e9, nil, nil, true, 0
read_back, shrunk, same = true, true, false
local nothing = function() end
obs = { windows = true, C = {
    os_gettime_ns = function() return now end,
    obs_filter_get_parent = function() return 1 end,
} }
link = {
    SPARE = 16, slots = 3, boxes = ffi.new("uint16_t[32]"),
    worker_lives = function() return true end,
    wanted_size = function() return 256, 144 end,
    send_frame = function(_, _, id)
        if same then return false end
        sent_id = id
        return true
    end,
    take_alpha = function() return sent_id, 256, 144, false end,
}
graphics = { upload = function() return { pointer = 1, width = 256, height = 144 } end }
capture = {
    full = function() return 1 end,
    stage = function() now = now + stage_ns end,
    map = function() if read_back then return 1, 1024, 256, 144 end end,
    unmap = nothing,
}
passes = { shrink = function() if shrunk then return 1 end end }
derived, marks = { begin_frame = nothing }, { hand_over = nothing }
locked = assert(loadfile(FOLDER .. "locked.lua"))()
frame = assert(loadfile(FOLDER .. "frame.lua"))(
    obs, link, graphics, capture, passes, locked, derived, marks)
frame.use({ alpha_bytes = 256, frame_bytes = 1048576, most_every = 4, age_bins = 8 }, {})
filter = {
    settings = { timing = "latest" }, state = {}, lane = {},
    channel = {
        alpha_newest = 0, alpha_count = 0, total_ms = 10, every = 1, drawn_frames = 0,
        age_histogram = setmetatable({}, { __index = function() return 0 end }),
    },
}
frame.set_up(filter)
function step(count)
    for _ = 1, count do
        now = now + 33e6
        if answers and sent_id ~= answered_id then
            filter.channel.alpha_count, answered_id = filter.channel.alpha_count + 1, sent_id
        end
        frame.begin(filter, 1, 1, now, 640, 360, false)
    end
    return tostring(frame.trusted(filter))
end
"""


@pytest.fixture
def lua() -> Lua:
    """A filter that has its mask."""
    made = Lua()
    made(f"FOLDER = {lua_half.literal(str(FOLDER) + '/')}\n{STAND_INS}")
    assert made("return step(1)") == "false"
    assert made("return step(4)") == "true"
    return made


@pytest.mark.parametrize("fault", ["read_back = false", "shrunk = false", "answers = false"])
def test_a_mask_is_not_drawn_for_long_over_pictures_that_nobody_has_looked_at(
    lua: Lua, fault: str
) -> None:
    lua(fault)
    assert lua("return step(3)") == "true"
    assert lua("return step(20)") == "false"


def test_the_mask_is_back_when_pictures_come_through_again(lua: Lua) -> None:
    lua("read_back = false step(30) read_back = true")
    assert lua("return step(4)") == "true"


def test_a_picture_that_stands_still_keeps_its_mask(lua: Lua) -> None:
    lua("step(1) same = true")
    assert lua("return step(60)") == "true"
    lua("read_back = false step(1) read_back = true")
    assert lua("return step(60)") == "true"


def test_a_read_back_that_waits_is_begun_later_and_tried_again_now_and_then(lua: Lua) -> None:
    def late() -> bool:
        return lua("return tostring(filter.stages_late)") == "true"

    assert not late()
    lua("stage_ns = 1e6 step(9)")
    assert not late()
    lua("step(1)")
    assert late()
    seconds = "return string.format('%d', filter.stage_pause_ns / 1e9)"
    assert lua(seconds) == "10"
    lua("step(900)")  # half a minute
    assert late() and lua(seconds) == "40"
    lua("stage_ns = 0 step(1300)")
    assert not late()
