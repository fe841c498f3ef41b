"""Newest wins, and a picture that is being overwritten is never returned."""

from __future__ import annotations

import ctypes
import threading
import time
from typing import Any

import pytest

from vb_link import layout, slots


@pytest.fixture
def channel() -> Any:
    return layout.Channel()


def _write(channel: Any, frame_id: int, size: int = 64) -> None:
    channel.frame_newest = slots.write(
        channel.frames,
        channel.frame_newest,
        frame_id=frame_id,
        generation=1,
        width=size,
        height=size,
        pixels=bytes([frame_id % 251]) * (size * size * 4),
    )


def test_an_empty_slot_gives_nothing(channel: Any) -> None:
    assert slots.read(channel.frames, 0, 4) is None


def test_the_newest_picture_is_read_whole(channel: Any) -> None:
    for frame_id in range(1, 8):
        _write(channel, frame_id)
    picture = slots.read(channel.frames, channel.frame_newest, 4)
    assert picture is not None
    assert (picture.frame_id, picture.width, picture.height) == (7, 64, 64)
    assert picture.pixels == bytes([7]) * (64 * 64 * 4)


def test_a_slot_that_is_being_written_gives_nothing(channel: Any) -> None:
    _write(channel, 1)
    channel.frames[channel.frame_newest].sequence += 1  # what a writer does first
    assert slots.read(channel.frames, channel.frame_newest, 4) is None
    channel.frames[channel.frame_newest].sequence += 1
    assert slots.read(channel.frames, channel.frame_newest, 4) is not None


def test_a_writer_that_died_half_way_does_not_block_the_next(channel: Any) -> None:
    _write(channel, 1)
    for slot in channel.frames:
        slot.sequence |= 1
    _write(channel, 2)
    picture = slots.read(channel.frames, channel.frame_newest, 4)
    assert picture is not None and picture.frame_id == 2


@pytest.mark.parametrize(("width", "height"), [(0, 10), (10, 0), (2**31, 2**31), (513, 512)])
def test_absurd_sizes_are_refused(channel: Any, width: int, height: int) -> None:
    _write(channel, 1)
    slot = channel.frames[channel.frame_newest]
    slot.width, slot.height = width, height
    assert slots.read(channel.frames, channel.frame_newest, 4) is None


def test_an_absurd_index_is_refused(channel: Any) -> None:
    assert slots.read(channel.frames, layout.SLOTS, 4) is None


def test_a_picture_larger_than_a_slot_is_refused(channel: Any) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        slots.write(
            channel.alphas, 0, frame_id=1, generation=1, width=1, height=1,
            pixels=bytes(layout.ALPHA_BYTES + 1),
        )  # fmt: skip


def test_no_torn_picture_is_returned_while_another_thread_writes(channel: Any) -> None:
    stop = threading.Event()

    def writer() -> None:
        frame_id = 0
        while not stop.is_set():
            frame_id += 1
            _write(channel, frame_id, size=128)

    thread = threading.Thread(target=writer)
    thread.start()
    seen = torn = 0
    try:
        for _ in range(3000):
            picture = slots.read(channel.frames, channel.frame_newest, 4)
            if picture is not None:
                seen += 1
                torn += picture.pixels != bytes([picture.frame_id % 251]) * len(picture.pixels)
    finally:
        stop.set()
        thread.join()
    assert seen > 100
    assert torn == 0


def test_a_read_that_is_overtaken_is_given_up(
    channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(channel, 1)
    newest = channel.frame_newest
    copy = ctypes.string_at

    def overtaken(address: int, size: int) -> bytes:
        data = copy(address, size)
        for frame_id in (2, 3, 4):  # the third comes back to the slot being read
            _write(channel, frame_id)
        return data

    monkeypatch.setattr(ctypes, "string_at", overtaken)
    assert slots.read(channel.frames, newest, 4) is None


def _write_alpha(channel: Any, frame_id: int, depth: bool, size: int = 128) -> None:
    pixels = bytes([frame_id % 251]) * (size * size)
    channel.alpha_newest = slots.write(
        channel.alphas, channel.alpha_newest, frame_id=frame_id, generation=1,
        width=size, height=size, pixels=pixels, depth=pixels if depth else None,
    )  # fmt: skip


def test_a_depth_goes_with_its_alpha_and_only_with_it(channel: Any) -> None:
    for frame_id in range(1, 9):
        _write_alpha(channel, frame_id, depth=frame_id % 2 == 0)
        picture = slots.read(channel.alphas, channel.alpha_newest, 1)
        assert picture is not None
        assert picture.pixels == bytes([frame_id]) * (128 * 128)
        assert picture.depth == (picture.pixels if frame_id % 2 == 0 else None)
    _write(channel, 1)
    frame = slots.read(channel.frames, channel.frame_newest, 4)
    assert frame is not None and frame.depth is None


def test_a_depth_of_another_size_is_refused(channel: Any) -> None:
    with pytest.raises(ValueError, match="depth"):
        slots.write(
            channel.alphas, 0, frame_id=1, generation=1, width=4, height=4,
            pixels=bytes(16), depth=bytes(15),
        )  # fmt: skip


def test_no_torn_depth_is_returned_while_another_thread_writes(channel: Any) -> None:
    stop = threading.Event()

    def writer() -> None:
        frame_id = 0
        while not stop.is_set():
            frame_id += 1
            _write_alpha(channel, frame_id, depth=frame_id % 3 > 0)

    thread = threading.Thread(target=writer)
    thread.start()
    with_depth = torn = 0
    until = time.monotonic() + 20
    try:
        while with_depth < 300 and time.monotonic() < until:
            picture = slots.read(channel.alphas, channel.alpha_newest, 1)
            if picture is None:
                time.sleep(0)  # the writer may be waiting for its turn
                continue
            whole = bytes([picture.frame_id % 251]) * len(picture.pixels)
            with_depth += picture.depth is not None
            torn += picture.pixels != whole
            torn += picture.depth != (whole if picture.frame_id % 3 > 0 else None)
    finally:
        stop.set()
        thread.join()
    assert with_depth >= 300
    assert torn == 0
