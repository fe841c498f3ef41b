"""Whatever anybody writes into the shared piece, OBS's half and the worker only read sense.

The same rules are kept in three places: by the Lua half in OBS, by the script's Python in OBS and
by the worker.
"""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.lua import Lua
from tests.unit.worker.test_serve import Filter, H, W
from vb_link import layout, memory, sentences, slots, texts
from vb_script import governor, lua_half, status
from vb_worker.matte.alpha_boxes import sum_of_words

ENGLISH = texts.load("en-US")
LINK = Path(lua_half.PATH).with_name("link.lua")
# How the bytes of the small fields are made; the pixels get a pattern.
SEEDS = st.integers(0, 2**32 - 1)
FILLS = st.sampled_from(("noise", "ones", "zeros", "text"))


def _scribble(structure: Any, seed: int, fill: str) -> None:
    """Write all over a ctypes structure."""
    target = np.frombuffer(structure, np.uint8)
    if fill == "noise":
        target[:] = np.random.default_rng(seed).integers(0, 256, target.size, np.uint8)
    else:
        target[:] = {"ones": 255, "zeros": 0, "text": ord("[")}[fill]


class Half:
    """The filter's end of the link, as it is in OBS, on a segment of its own."""

    def __init__(self) -> None:
        self.memory = memory.create()
        self.shared = self.memory.segment.shared_part
        table = lua_half.half(
            address=self.memory.address, texts={}, models=[], depth_models=[], units=[]
        )
        self.lua = Lua()
        self.lua(
            'ffi = require("ffi")\n'
            f"obs = dofile({lua_half.literal(str(LINK.with_name('libobs.lua')))})\n"
            f"link = assert(loadfile({lua_half.literal(str(LINK))}))(obs)\n"
            f"half = {lua_half.literal(table)}\n"
            "segment = assert(link.open(half))\n"
            "lane = assert(link.take_channel())\nlink.publish(lane)\n"
            'bytes = ffi.new("uint8_t[?]", half.alpha_bytes + link.SPARE)\n'
            'depths = ffi.new("uint8_t[?]", half.alpha_bytes)\n'
        )

    @property
    def channel(self) -> Any:
        return self.memory.segment.channels[0]

    def take(self, generation: int = 0, oldest: int | None = None) -> str:
        oldest = generation if oldest is None else oldest
        return self.lua(
            "local id, w, h = link.take_alpha(lane, lane.channel.alpha_newest, "
            f"{oldest}, {generation}, bytes, depths, half.alpha_bytes)\n"
            'return id and table.concat({id, w, h}, " ") or "none"'
        )

    def offer(self, width: int, height: int, frame_id: int = 7) -> Any:
        """Put an alpha into the link as the worker does; return its slot."""
        pixels = np.random.default_rng(width).integers(0, 256, width * height, np.uint8)
        self.channel.alpha_newest = slots.write(
            self.channel.alphas, 0, frame_id=frame_id, generation=0, width=width, height=height,
            pixels=pixels.data, words=sum_of_words(pixels),
        )  # fmt: skip
        self.channel.alpha_used = self.channel.used
        return self.channel.alphas[self.channel.alpha_newest]


@pytest.fixture(scope="module")
def lua_side() -> Half:
    return Half()


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (7, 9), (256, 144), (512, 512), (4096, 64)])
def test_a_whole_alpha_is_taken(lua_side: Half, size: tuple[int, int]) -> None:
    slot = lua_side.offer(*size, frame_id=2**40 + 3)
    _, width, height = lua_side.take().split()
    assert (int(width), int(height)) == size
    slot.sequence |= 1
    assert lua_side.take() == "none"


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 143), ("height", 257), ("frame_id", 8), ("generation", 1), ("sum", 1)],
)
def test_an_alpha_whose_head_somebody_changed_is_not(
    lua_side: Half, field: str, value: int
) -> None:
    slot = lua_side.offer(144, 256)
    setattr(slot, field, value)
    assert lua_side.take() == "none"


@pytest.mark.parametrize(
    ("oldest", "newest", "taken"),
    [(0, 0, True), (0, 5, True), (2**32 - 3, 0, True), (2**32 - 3, 4, True), (1, 5, False),
     (2**32 - 3, 2**32 - 1, False)],
)  # fmt: skip
def test_an_alpha_is_of_one_of_the_generations_that_still_fit(
    lua_side: Half, oldest: int, newest: int, taken: bool
) -> None:
    lua_side.offer(144, 256)  # of generation 0
    assert (lua_side.take(newest, oldest) != "none") is taken


@given(place=st.integers(0, 256 * 144 - 1), by=st.integers(1, 255))
@settings(deadline=None, max_examples=50)
def test_an_alpha_with_one_changed_byte_is_not(lua_side: Half, place: int, by: int) -> None:
    slot = lua_side.offer(256, 144)
    assert lua_side.take() == "7 256 144"
    slot.pixels[place] = (slot.pixels[place] + by) % 256
    assert lua_side.take() == "none"


@given(seed=SEEDS, fill=FILLS)
@settings(deadline=None, max_examples=25)
def test_the_filter_reads_sense_out_of_anything(lua_side: Half, seed: int, fill: str) -> None:
    used = int(lua_side.lua("return lane.used"))
    _scribble(lua_side.shared, seed, fill)
    assert lua_side.take() == "none"
    width, height = lua_side.lua(
        'return table.concat({link.wanted_size(lane.channel, half.frame_bytes)}, " ")'
    ).split()
    assert 1 <= int(width) <= layout.LONGEST_SIDE
    assert 1 <= int(height) <= layout.LONGEST_SIDE
    assert int(width) * int(height) * 4 <= layout.FRAME_BYTES
    text = lua_side.lua("return link.text(lane.channel.status)")
    assert len(text) <= layout.STATUS_BYTES
    assert lua_side.lua("return tostring(link.damaged(lane))") == "true"
    lua_side.lua("link.claim(lane) link.settings_changed(lane)")
    assert lua_side.lua("return tostring(link.damaged(lane))") == "false"
    channels = lua_side.memory.segment.channels
    assert [channel.used for channel in channels] == [used] + [0] * (layout.CHANNELS - 1)


def test_a_frame_goes_where_the_filter_says_whatever_the_link_says(lua_side: Half) -> None:
    _scribble(lua_side.shared, 1, "ones")  # an index out of it would write far outside
    lua_side.lua(
        "link.claim(lane)\nlink.wake = function() end\n"
        'local picture = ffi.new("uint8_t[?]", 64 * 36 * 4, 9)\n'
        "lane.channel.frame_newest = 0xffffffff\n"
        "for id = 1, 5 do assert(link.send_frame(segment, lane, id, id, picture, 256, 64, 36)) end"
    )
    taken = slots.read(lua_side.channel.frames, lua_side.channel.frame_newest, 4)
    assert taken is not None
    assert (taken.frame_id, taken.width, taken.pixels) == (5, 64, bytes([9]) * (64 * 36 * 4))


def test_both_ways_to_add_up_words_agree() -> None:
    for size in (1, 7, 8, 9, 4096):
        pixels = np.random.default_rng(size).integers(0, 256, size, np.uint8)
        other = slots.sum_of_words(pixels.data)
        assert (sum_of_words(pixels) - other) % 2**64 == 0


@given(seed=SEEDS, fill=FILLS, newest=st.integers(0, 2**32 - 1))
@example(seed=0, fill="ones", newest=2**31)
@settings(deadline=None, max_examples=30)
def test_a_picture_read_is_of_the_size_it_says(seed: int, fill: str, newest: int) -> None:
    channel = layout.Channel()
    _scribble(channel, seed, fill)
    for index in (newest, 0, 1, 2):
        for places, depth in ((channel.frames, 4), (channel.alphas, 1)):
            found = slots.read(places, index, depth)
            assert found is None or len(found.pixels) == found.width * found.height * depth


@given(seed=SEEDS, fill=FILLS)
@settings(deadline=None, max_examples=60)
def test_the_script_says_something_of_anything(seed: int, fill: str) -> None:
    segment = layout.Segment()
    channel = segment.channels[0]
    _scribble(channel, seed, fill)
    for state in (channel.state, layout.STATE_MASK, layout.STATE_COVER):
        channel.state, channel.alpha_used = state, channel.used
        segment.worker_epoch = segment.worker_ready = 1
        for report_error in (channel.report_error, b""):
            channel.report_error = report_error
            figures = status.channel_figures(segment, channel, None)
            assert figures.text(ENGLISH)
    rungs = governor.ladder(governor.use_of(channel), 33.3)
    assert 1 <= rungs[-1].every <= governor.MOST_EVERY


@given(field=st.binary(max_size=layout.ERROR_BYTES))
@example(field=b"x\n" + b"[" * 1000)
@example(field=b'x\n{"": "FailedOnPicture", "name": "{0.__class__}"}')
@settings(deadline=None, max_examples=200)
def test_any_field_is_a_sentence(field: bytes) -> None:
    key, arguments = sentences.unpack(field)
    assert isinstance(key, str)
    assert isinstance(status.worker_words(field, ENGLISH), str)
    assert all(isinstance(value, str) for value in arguments.values())


@given(seed=SEEDS, fill=FILLS)
@settings(deadline=None, max_examples=25)
def test_the_worker_goes_on_whatever_it_reads(served: Filter, seed: int, fill: str) -> None:
    _scribble(served.channel, seed, fill)
    served.worker.work()
    served.channel.used = 3
    for field in ("total_ms", "preprocess_ms", "inference_ms"):
        setattr(served.channel, field, math.nan)
    served.set(model=b"people", person=b"all", depth_model=b"", quality=b"", eased_quality=b"",
               compute=b"", plate_request=0)  # fmt: skip
    served.channel.frame_newest = served.channel.frame_count = 0
    alpha = served.answer(np.full((H, W, 4), 255, np.uint8))
    assert len(alpha.pixels) == W * H
    assert 0 <= served.channel.total_ms < 1e5


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Filter:
    return Filter(tmp_path_factory.mktemp("models"))


def test_the_oracle_can_fail() -> None:
    """The pattern that is written does change what is read without the checks."""
    channel = layout.Channel()
    _scribble(channel, 1, "ones")
    assert channel.frame_newest >= layout.SLOTS
    assert math.isnan(channel.total_ms)
    assert ctypes.sizeof(channel) > layout.FRAME_BYTES
