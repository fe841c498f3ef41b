"""What a filter tells the worker is taken over only as the filter wrote it."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from tests.unit.link.test_fuzz import Half
from tests.unit.worker.test_serve import Filter
from vb_link import layout, tell

TOLD = range(layout.TOLD_OFFSET, layout.Channel.settings_sum.offset + 8)


@pytest.fixture(scope="module")
def lua_side() -> Half:
    made = Half()
    made.lua("link.settings_changed(lane)")
    return made


def _bytes(channel: Any) -> Any:
    return (ctypes.c_uint8 * ctypes.sizeof(layout.Channel)).from_buffer(channel)


def test_what_is_told_is_read() -> None:
    channel = layout.Channel()
    channel.model, channel.person_x, channel.stroke_owner = b"people", 0.25, 7
    tell.tell(channel)
    told = tell.read(channel)
    assert (told.model, told.person_x, told.stroke_owner) == (b"people", 0.25, 7)
    assert channel.settings_sequence == 1


def test_one_changed_byte_makes_it_invalid() -> None:
    channel = layout.Channel()
    channel.model = b"people"
    tell.tell(channel)
    data = _bytes(channel)
    for place in (*TOLD, layout.Channel.settings_sequence.offset):
        data[place] ^= 1
        assert tell.read(channel) is None
        data[place] ^= 1
    assert tell.read(channel) is not None


def test_the_filter_tells_and_repairs(lua_side: Half) -> None:
    channel = lua_side.channel
    assert tell.read(channel) is not None
    before = bytes(_bytes(channel)[TOLD.start : TOLD.stop])
    data = _bytes(channel)
    for place in TOLD:
        data[place] ^= 0x81
        assert tell.read(channel) is None
        assert lua_side.lua("return tostring(link.damaged(lane))") == "true"
        lua_side.lua("link.claim(lane)")
        assert bytes(data[TOLD.start : TOLD.stop]) == before
        assert lua_side.lua("return tostring(link.damaged(lane))") == "false"


def test_what_is_written_while_the_filter_tells_gets_no_sum(lua_side: Half) -> None:
    channel = lua_side.channel
    before = bytes(_bytes(channel)[TOLD.start : TOLD.stop])
    for tells in ("link.seal(lane)", "link.claim(lane)", "link.settings_changed(lane)"):
        channel.stroke_kinds[0] = layout.STROKE_KEEP
        channel.stroke_edges[:4] = [0.0, 0.0, 0.5, 1.0]
        lua_side.lua(tells)
        told = tell.read(channel)
        assert told is not None and told.stroke_kinds[0] == layout.STROKE_NONE, tells
        assert list(told.stroke_edges[:4]) == [0.0] * 4
    # Only the sequence, and with it the sum, is another.
    assert bytes(_bytes(channel)[TOLD.start : TOLD.stop - 8]) == before[:-8]


def test_strokes_that_nobody_made_are_not_followed(tmp_path: Path) -> None:
    half = Filter(tmp_path)
    half.set(person=b"largest")
    assert half.kept() == (0, 255)
    half.channel.stroke_kinds[0] = layout.STROKE_KEEP
    half.channel.stroke_edges[:4] = [5 / 64, 16 / 36, 15 / 64, 1.0]
    half.channel.person = b"all"
    half.channel.eased_sequence += 1
    assert half.kept() == (0, 255)
    tell.tell(half.channel)
    assert half.kept() == (255, 255)
