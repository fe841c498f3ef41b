"""The governor on simulated OBSes: it helps where it can, comes back, and does not swing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from vb_link import layout
from vb_script import governor
from vb_script.governor import Governor, Rung, Sample, Use, ladder

FRAME = 1e3 / 30
COST = {"fast": 6.0, "balanced": 14.0, "best": 28.0}  # ms a mask
USE = Use(True, "balanced", 10.0, False, 14.0, 30.0)


def _sample(frame_ms: float, lagged: int = 0, frames: int = 60) -> Sample:
    return Sample(FRAME, frame_ms, frames, lagged)


class Machine:
    """An OBS whose frames take ``own`` ms, and so many more for each ms of masks a frame."""

    def __init__(self, own: float, use: Use = USE, cost: dict[str, float] | None = None) -> None:
        self.own, self.use, self.cost = own, use, cost or COST
        self.governor = Governor()
        self.levels: list[int] = []

    def rung(self) -> Rung:
        rungs = ladder(self.use, FRAME)
        return rungs[min(self.governor.level, len(rungs) - 1)]

    def run(self, periods: int, noise: Callable[[int], float] = lambda _: 0.0) -> None:
        for number in range(periods):
            rung = self.rung()
            cost = self.cost[rung.quality]
            rate = min(30.0 / rung.every, 1e3 / cost)
            use = replace(self.use, total_ms=cost, masks_per_second=rate)
            frame = self.own + use.share * FRAME + noise(number)
            lagged = round(60 * max(0.0, 1.0 - FRAME / frame)) if frame > FRAME else 0
            self.governor.decide(_sample(frame, lagged), [use])
            self.levels.append(self.governor.level)

    def changes(self) -> int:
        return sum(a != b for a, b in zip(self.levels, self.levels[1:]))


def test_the_ladder_goes_from_the_users_choice_to_the_users_floor() -> None:
    assert ladder(USE, FRAME) == [Rung(1, "balanced"), Rung(2, "balanced"), Rung(3, "balanced")]
    assert ladder(replace(USE, lowest_rate=15.0), FRAME)[-1] == Rung(2, "balanced")
    assert ladder(replace(USE, lowest_rate=16.0), FRAME) == [Rung(1, "balanced")]
    assert ladder(replace(USE, governed=False), FRAME) == [Rung(1, "balanced")]
    assert ladder(replace(USE, quality="best"), FRAME) == [
        Rung(1, "best"), Rung(2, "best"), Rung(3, "best"), Rung(3, "balanced")
    ]  # fmt: skip
    assert ladder(replace(USE, quality="best", locked=True), FRAME)[-1] == Rung(1, "balanced")
    assert ladder(replace(USE, quality="?", lowest_rate=float("nan")), 0.0) == [
        Rung(1, "balanced")
    ]  # fmt: skip


def test_a_lighter_model_comes_last_and_only_where_one_could_be_taken() -> None:
    use = replace(USE, quality="best", can_lighten=True)
    assert ladder(use, FRAME)[-2:] == [
        Rung(3, "balanced"), Rung(3, "balanced", lighter=True)
    ]  # fmt: skip
    assert ladder(replace(use, governed=False), FRAME) == [Rung(1, "best")]
    assert not any(rung.lighter for rung in ladder(replace(use, can_lighten=False), FRAME))


def test_a_model_too_slow_gives_way_to_a_lighter_one() -> None:
    deciding, use = Governor(), replace(USE, total_ms=50.0, masks_per_second=20.0)
    for _ in range(20):
        deciding.decide(_sample(8.0), [use])
    assert deciding.level == 0, "nothing helps"
    use = replace(use, can_lighten=True)
    for _ in range(20):
        deciding.decide(_sample(8.0), [use])
    rungs = ladder(use, FRAME)
    assert rungs[deciding.level].lighter and deciding.reason == governor.SLOW


def test_the_lighter_model_is_told_to_the_worker() -> None:
    channel = layout.Segment().channels[0]
    channel.quality, channel.model, channel.can_lighten = b"balanced", b"auto", 1
    assert governor.use_of(channel).can_lighten
    governor.put(channel, Rung(1, "balanced", lighter=True))
    assert (channel.eased_model, channel.eased_sequence) == (1, 1)
    governor.put(channel, Rung(1, "balanced", lighter=True))
    governor.put(channel, Rung(1, "balanced"))
    assert (channel.eased_model, channel.eased_sequence) == (0, 2)
    channel.model = b"rvm_square"
    assert not governor.use_of(channel).can_lighten, "the user's own choice stays"


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("quality", ["fast", "balanced", "best", "?"])
def test_less_is_never_a_quality_that_shows_more_of_the_room(quality: str, locked: bool) -> None:
    found = {rung.quality for rung in ladder(replace(USE, quality=quality, locked=locked), FRAME)}
    assert ("fast" in found) == (quality == "fast")


def test_nothing_is_done_where_there_is_room() -> None:
    machine = Machine(own=8.0)
    machine.run(200)
    assert set(machine.levels) == {0} and machine.governor.reason == ""


def test_a_late_obs_is_eased_within_seconds_until_it_is_no_longer_late() -> None:
    machine = Machine(own=22.0)
    machine.run(10)
    assert machine.governor.reason == governor.LATE
    level = machine.governor.level
    assert level > 0
    machine.run(14)
    assert machine.governor.level == level, "it went on though OBS was not late any more"


def test_a_short_hitch_changes_nothing() -> None:
    machine = Machine(own=8.0)
    machine.run(300, noise=lambda number: 40.0 if number % 20 == 0 else 0.0)
    assert set(machine.levels) == {0}


def test_what_was_taken_comes_back_when_the_machine_is_free_again() -> None:
    machine = Machine(own=30.0)
    machine.run(20)
    assert machine.governor.level == 2
    machine.own = 6.0
    machine.run(60)
    assert machine.governor.level == 0 and machine.governor.reason == ""


def test_it_does_not_swing_between_two_levels() -> None:
    """With the masks OBS is late, without them it has room: the worst case."""
    machine = Machine(own=14.0, cost={"fast": 1.0, "balanced": 25.0, "best": 30.0})
    machine.run(1800)  # an hour
    assert machine.changes() <= 24
    # Ever more seldom: the second half hour holds fewer changes than the first.
    half = len(machine.levels) // 2
    first, machine.levels = machine.levels[:half], machine.levels[half:]
    second = machine.changes()
    machine.levels = first
    assert second <= machine.changes()
    assert second <= 8


@pytest.mark.parametrize("phase", range(0, 60, 7))
def test_load_that_comes_and_goes_is_followed_calmly(phase: int) -> None:
    machine = Machine(own=12.0)
    for number in range(600):
        machine.own = 31.0 if (number + phase) % 60 < 20 else 12.0
        machine.run(1)
    assert machine.changes() <= 600 / 60 * 8


def test_an_obs_that_is_late_by_itself_is_left_alone() -> None:
    machine = Machine(own=50.0, cost={"fast": 1.0, "balanced": 2.0, "best": 3.0})
    machine.run(50)
    assert set(machine.levels) == {0}


def test_masks_slower_than_frames_lower_best_to_balanced_and_no_further() -> None:
    machine = Machine(own=1.0, use=replace(USE, quality="best"))
    slow = replace(machine.use, total_ms=200.0, masks_per_second=5.0)
    for _ in range(2 * governor.DOWN_AFTER * 4):
        machine.governor.decide(_sample(5.0), [slow])
    assert machine.rung() == Rung(3, "balanced") and machine.governor.reason == governor.SLOW
    level = machine.governor.level
    for _ in range(50):
        machine.governor.decide(_sample(5.0), [replace(slow, total_ms=100.0)])
    assert machine.governor.level == level, "masks that fill a frame leave no room for Best"
    fresh = Governor()
    for _ in range(20):
        fresh.decide(_sample(5.0), [replace(USE, total_ms=200.0, masks_per_second=5.0)])
    assert fresh.level == 0, "fewer masks make none of them faster"


def test_the_reason_is_that_of_now_where_no_more_can_be_taken() -> None:
    governed = Governor()
    slow = replace(USE, quality="best", total_ms=60.0, masks_per_second=15.0)
    for _ in range(8):
        governed.decide(_sample(20.0), [slow])
    assert governed.reason == governor.SLOW
    for _ in range(8):
        governed.decide(_sample(60.0, lagged=30), [slow])
    assert governed.reason == governor.LATE


def test_the_level_holds_for_all_filters_as_far_as_each_allows() -> None:
    fresh = Governor()
    uses = [USE, replace(USE, governed=False), replace(USE, quality="best", locked=True)]
    for _ in range(20):
        fresh.decide(_sample(40.0, lagged=20), uses)
    rungs = [
        ladder(use, FRAME)[min(fresh.level, len(ladder(use, FRAME)) - 1)] for use in uses
    ]  # fmt: skip
    assert rungs == [Rung(3, "balanced"), Rung(1, "balanced"), Rung(1, "balanced")]
    fresh.decide(_sample(40.0, lagged=20), [replace(USE, governed=False)])
    assert fresh.level == 0


class Library:
    """The four functions of libobs that the governor calls."""

    def __init__(self) -> None:
        self.frames = self.lagged = 0
        self.frame_ms = 5.0

    def obs_get_total_frames(self) -> int:
        return self.frames

    def obs_get_lagged_frames(self) -> int:
        return self.lagged

    def obs_get_frame_interval_ns(self) -> int:
        return 33_333_333

    def obs_get_average_frame_time_ns(self) -> int:
        return int(self.frame_ms * 1e6)


def test_the_decision_is_in_the_link_and_read_from_it() -> None:
    segment, library = layout.Segment(), Library()
    watch = governor.Watch(library, segment)
    channel: Any = segment.channels[2]
    channel.used, channel.quality, channel.governor = 7, b"balanced", b"balanced"
    channel.lowest_rate, channel.total_ms, channel.masks_per_second = 15.0, 14.0, 30.0
    for second in range(30):
        library.frames += 30
        library.lagged += 10
        watch.decide(float(second))
    assert (channel.every, channel.eased_quality, watch.reason) == (2, b"", "late")
    channel.quality = b"best"
    library.frames, library.lagged = library.frames + 60, library.lagged + 20
    watch.decide(40.0)
    library.frames, library.lagged = library.frames + 60, library.lagged + 20
    watch.decide(44.0)
    assert (channel.every, channel.eased_quality) == (2, b"balanced")
    assert channel.eased_sequence == 1
    channel.governor = b"off"
    library.frames += 60
    watch.decide(60.0)
    assert (channel.every, channel.eased_quality) == (1, b"")
    assert channel.eased_sequence == 2
