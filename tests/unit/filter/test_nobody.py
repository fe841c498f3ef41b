"""When the filter counts the picture as empty, and when somebody as back."""

from __future__ import annotations

import pytest

from tests.unit.lua import Lua

# A frame each 100 ms: `frames(share, count)` returns the number of those in which nobody is there.
STAND_INS = """
nobody = assert(loadfile(FOLDER .. "nobody.lua"))({}, {})
filter = {
    settings = { nobody = "image", nobody_seconds = 2 }, channel = {}, nobody = { away = false },
}
now, sure = 0, true
function frames(share, count)
    local away = 0
    filter.channel.person_share = share
    for _ = 1, count do
        now = now + 1e8
        nobody.follow(filter, now, sure)
        assert(filter.channel.away == (filter.nobody.away and 1 or 0))
        away = away + filter.channel.away
    end
    return away
end
"""


@pytest.fixture
def lua() -> Lua:
    made = Lua()
    made(STAND_INS)
    return made


def test_it_takes_the_chosen_time_and_ends_soon_after_somebody_is_back(lua: Lua) -> None:
    assert float(lua("return frames(0.2, 50)")) == 0
    assert float(lua("return frames(0, 20)")) == 0
    assert float(lua("return frames(0, 10)")) == 10
    assert float(lua("return frames(0.2, 20)")) == 4


@pytest.mark.parametrize("between", ["0.2", "0/0"])
def test_one_frame_with_somebody_begins_anew(lua: Lua, between: str) -> None:
    for _ in range(3):
        assert float(lua("return frames(0, 18)")) == 0
        assert float(lua(f"return frames({between}, 1)")) == 0


def test_between_the_limits_it_stays_as_it_is(lua: Lua) -> None:
    assert float(lua("return frames(0.008, 100)")) == 0
    lua("return frames(0, 30)")
    assert float(lua("return frames(0.008, 100)")) == 100
    for _ in range(5):  # something that flickers
        assert float(lua("return frames(0.1, 2) + frames(0, 1)")) == 3


def test_without_a_trusted_mask_no_time_counts(lua: Lua) -> None:
    lua("return frames(0, 15)")
    assert float(lua("sure = false; return frames(0, 50)")) == 0
    assert float(lua("sure = true; return frames(0, 20)")) == 0
    assert float(lua("return frames(0, 2)")) == 2
    assert float(lua("sure = false; return frames(0.5, 50)")) == 50


def test_off_is_off_at_once(lua: Lua) -> None:
    lua("return frames(0, 50)")
    assert float(lua('filter.settings.nobody = "nothing"; return frames(0, 50)')) == 0
