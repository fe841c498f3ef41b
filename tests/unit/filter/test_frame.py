"""What the filter does with a frame when the driver or the worker does not do its part."""

from __future__ import annotations

import pytest

from tests.unit.lua import Lua

# All around frame.lua but delay_ring.lua and pace.lua is made up; a step is one frame of 33 ms.
STAND_INS = """
ffi = require("ffi")
now, sent_id, answered_id, answers, stage_ns = 1e9, nil, nil, true, 0
read_back, shrunk, same, alpha_width = true, true, false, 256
local nothing = function() end
obs = { windows = true, C = {
    os_gettime_ns = function() return now end,
    obs_filter_get_parent = function() return 1 end,
    obs_get_frame_interval_ns = function() return interval end,
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
    take_alpha = function() return answered_id, alpha_width, 144, false end,
}
textures = {}
local function destroy(name)
    textures[name].pointer = nil
    textures[name] = nil
end
graphics = {
    upload = function(_, name, _, width, height)
        local made = textures[name]
        if made and made.width ~= width then destroy(name) end
        textures[name] = textures[name] or { pointer = 1, width = width, height = height }
        return textures[name]
    end,
    drop = function(_, prefix)
        for name in pairs(textures) do
            if name:sub(1, #prefix) == prefix then destroy(name) end
        end
    end,
}
capture = {
    full = function(_, name) return name end,
    stage = function() now = now + stage_ns end,
    map = function() if read_back then return 1, 1024, 256, 144 end end,
    unmap = nothing,
}
passes = { shrink = function() if shrunk then return 1 end end }
intermediates, strokes = { begin_frame = nothing }, { hand_over = nothing }
delay_ring = assert(loadfile(FOLDER .. "delay_ring.lua"))()
pace = assert(loadfile(FOLDER .. "pace.lua"))()
frame = assert(loadfile(FOLDER .. "frame.lua"))(
    obs, link, graphics, capture, passes, delay_ring, pace, intermediates, strokes)
frame.use({ alpha_bytes = 256, frame_bytes = 1048576, most_every = 4, age_bins = 8 }, {})
filter = {
    settings = { timing = "latest" }, state = {}, lane = {},
    channel = {
        alpha_newest = 0, alpha_count = 0, total_ms = 10, every = 1, drawn_frames = 0,
        repeated_frames = 0,
        age_histogram = setmetatable({}, { __index = function() return 0 end }),
    },
}
frame.set_up(filter)
width, height, interval = 640, 360, 33e6
-- Frames in which the camera is drawn, or not.
function miss(count)
    for _ = 1, count do
        now = now + interval
        frame.tick(filter)
    end
end
function step(count)
    for _ = 1, count do
        miss(1)
        if answers and sent_id ~= answered_id then
            filter.channel.alpha_count, answered_id = filter.channel.alpha_count + 1, sent_id
        end
        frame.begin(filter, 1, 1, now, width, height, false)
        if frame.trusted(filter) then
            assert(filter.alpha.pointer, "the alpha drawn is destroyed")
            frame.masked(filter)
        end
    end
    return tostring(frame.trusted(filter))
end
-- What is drawn: the cover, the last pair again, or a picture with a mask.
function drawn()
    if not frame.trusted(filter) then return "cover" end
    return filter.holds and "held" or "mask"
end
function draws(count)
    local all = {}
    for number = 1, count do
        step(1)
        all[number] = drawn()
    end
    return table.concat(all, " ")
end
"""


@pytest.fixture
def lua() -> Lua:
    """A filter that has its mask."""
    made = Lua()
    made(STAND_INS)
    assert made("return step(1)") == "false"
    assert made("return step(4)") == "true"
    return made


@pytest.mark.parametrize("fault", ["read_back = false", "shrunk = false", "answers = false"])
def test_a_mask_is_not_drawn_for_long_over_pictures_that_nobody_has_looked_at(
    lua: Lua, fault: str
) -> None:
    lua(fault)
    assert lua("return step(3)") == "true"
    assert lua("return step(30)") == "false"


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


# When the last pair is drawn again

HOLDS = {
    "the camera was left out of frames": "miss(4)",
    "its size has changed": "width, height = 1280, 720",
    "another filter is below": "filter.chain = 1",
    "OBS stood still": "now = now + 1e9",
    "frame-locked timing begins": "filter.settings.timing = 'locked'",
}


@pytest.mark.parametrize("what", HOLDS)
def test_the_last_pair_is_drawn_while_the_next_is_made(lua: Lua, what: str) -> None:
    lua(f"shown = filter.full {HOLDS[what]} step(1)")
    assert lua("return drawn()") == "held"
    assert lua("return tostring(filter.full == shown)") == "true"
    assert lua("return filter.pair_width .. 'x' .. filter.pair_height") == "640x360"
    # The picture under it goes to another texture.
    assert lua("return tostring(filter.newest == shown)") == "false"
    assert lua("return draws(4):match('%a+ %a+$')") == "mask mask"
    assert lua("return tostring(filter.full == shown)") == "false"


@pytest.mark.parametrize("what", HOLDS)
def test_the_last_pair_is_drawn_for_fifteen_frames_at_most(lua: Lua, what: str) -> None:
    lua(f"answers = false {HOLDS[what]}")
    assert lua("return draws(17)") == "held " * 15 + "cover cover"
    # What was covered stays so, however often it comes and goes.
    lua("miss(20)")
    assert lua("return draws(3)") == "cover cover cover"


def test_a_late_alpha_of_another_size_does_not_leave_a_destroyed_one_in_the_held_pair(
    lua: Lua,
) -> None:
    lua("answers = false step(3) answers, alpha_width = true, 128 now = now + 1e9")
    assert lua("return draws(1)") == "held"


def test_missing_a_few_frames_changes_nothing(lua: Lua) -> None:
    lua("before = filter.generation miss(3) step(1)")
    assert lua("return drawn()") == "mask"
    assert lua("return tostring(filter.generation == before)") == "true"


def test_in_frame_locked_timing_pairs_outlive_an_absence_and_the_next_comes_at_once(
    lua: Lua,
) -> None:
    lua("filter.settings.timing = 'locked' step(20) filter.ring.delay = 6")
    assert lua("return drawn()") == "mask"
    lua(
        "last, generation = filter.alpha_id, filter.generation miss(100) before = filter.id step(1)"
    )
    assert lua("return drawn()") == "mask"
    assert lua("return tostring(filter.generation == generation + 1)") == "true"
    assert lua("return draws(3)") == "mask mask mask"
    assert lua("return tostring(filter.alpha_id > before)") == "true"


@pytest.mark.parametrize("milliseconds", [200, 333, 1000])
def test_an_obs_of_few_frames_a_second_draws_pairs(lua: Lua, milliseconds: int) -> None:
    lua(f"interval = {milliseconds}e6")
    assert "cover" not in lua("return draws(30)")
    assert lua("return tostring(filter.ring ~= nil and not filter.holds)") == "true"
    assert lua("return tostring(filter.channel.delay_frames > 0)") == "true"
    lua("interval = 33e6")
    assert "cover" not in lua("return draws(30)")
    assert lua("return tostring(filter.ring == nil and not filter.holds)") == "true"


def test_a_size_that_changes_all_the_time_is_drawn_in_pairs(lua: Lua) -> None:
    seen = lua("""
        local all = {}
        for number = 1, 60 do
            width = 640 + number
            step(1)
            all[number] = drawn()
        end
        return table.concat(all, " ")
    """)
    assert "cover" not in seen
    assert seen.endswith("mask " * 40 + "mask")
    assert int(lua("return width - filter.pair_width")) in range(1, 5)
    assert "cover" not in lua("return draws(60)")
    assert lua("return tostring(filter.ring == nil)") == "true"
    assert lua("return filter.pair_width .. ' ' .. width") == "700 700"


def test_no_pair_is_drawn_without_a_worker(lua: Lua) -> None:
    lua("miss(9) link.worker_lives = function() return false end")
    assert lua("return draws(3)") == "cover cover cover"
    lua("link.worker_lives = function() return true end answers = false")
    assert lua("return draws(3)") == "cover cover cover"
