"""Pictures on their way to the worker, as the Lua half hands them over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lua import Lua
from vb_script import lua_half

LINK = Path(lua_half.PATH).parent / "link.lua"
SEGMENT = """
ffi = require("ffi")
ffi.cdef [[
struct vb_pollfd { int fd; short events; short revents; };
int memcmp(const void *a, const void *b, size_t size);
typedef struct {
    uint32_t sequence, generation, width, height; uint64_t frame_id; uint8_t pixels[64];
} slot;
typedef struct { uint32_t frame_newest; uint64_t frame_count; slot frames[3]; } channel;
]]
woken, loaded = 0, "nothing"
local C = ffi.C
-- A Windows whose C runtime is this system's.
local windows = { memcmp = function(...) return C.memcmp(...) end }
ffi.load = function(name) loaded = name return windows end
obs = { windows = WINDOWS, fence = function() end, C = C }
link = assert(loadfile(LINK))(obs)
link.slots, link.wake = 3, function() woken = woken + 1 end
lane = { channel = ffi.new("channel"), newest = 0 }
pixels = ffi.new("uint8_t[64]")
function send(id, generation, linesize)
    local sent = link.send_frame(nil, lane, id, generation, pixels, linesize or 8, 2, 4)
    return tostring(sent)
end
"""


@pytest.mark.parametrize("windows", [True, False])
def test_an_unchanged_picture_is_not_handed_over_again(windows: bool) -> None:
    lua = Lua()
    lua(f"WINDOWS, LINK = {str(windows).lower()}, {lua_half.literal(str(LINK))}\n{SEGMENT}")
    assert lua("return loaded") == ("ucrtbase" if windows else "nothing")
    assert lua("return send(1, 1)") == "true"
    assert lua("return send(2, 1)") == "false"
    lua("pixels[31] = 1")
    assert lua("return send(3, 1)") == "true"
    assert lua("return send(4, 1)") == "false"
    # The worker is to begin anew.
    assert lua("return send(5, 2)") == "true"
    # Lines with a gap between them are not compared.
    assert lua("return send(6, 2, 12)") == "true"
    assert lua("return woken") == "4"


def test_only_what_the_worker_reads_is_news_to_it() -> None:
    lua = Lua()
    lua(f"WINDOWS, LINK = false, {lua_half.literal(str(LINK))}\n{SEGMENT}")
    lua(
        """
        ffi.cdef "typedef struct { char model[16]; float person_x, lowest_rate; } told;"
        told = ffi.new("told")
        rows = {
            { key = "model", reader = "worker" }, { key = "person_x", reader = "worker" },
            { key = "lowest_rate", reader = "script" },
            { key = "blur_strength", reader = "filter" },
        }
        settings = { model = "a", person_x = 0.1, lowest_rate = 10, blur_strength = 2 }
        function write() return tostring(link.write_settings(told, rows, settings)) end
        """
    )
    assert lua("return write()") == "true"
    assert lua("return write()") == "false", "0.1 is no other number for being stored short"
    assert lua("settings.blur_strength = 9 return write()") == "false"
    assert lua("settings.lowest_rate = 20 return write()") == "false"
    assert lua("return told.lowest_rate") == "20", "the script has to know all the same"
    assert lua("settings.person_x = 0.2 return write()") == "true"
    assert lua("settings.model = 'ab' return write()") == "true"
