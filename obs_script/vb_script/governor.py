"""Lowers the worker's load when OBS is late, and raises it again when there is headroom.

Decided every two seconds from OBS's statistics and the worker's mask times. One level holds for
the whole OBS, as all filters share its time; each filter's user limits how far it is lowered.
First masks are made for every second and third frame only, then Best becomes Balanced, which
runs the network less often on the same picture, and where the model is chosen automatically, the
lightest is taken. Fast is never chosen for the user: without the
mirrored pass a little more of the room shows. (The networks run on one thread anyway.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vb_link.settings import AUTO_MODEL, QUALITIES

PERIOD = 2.0  # seconds between two decisions
LATE_SHARE, LATE_TIME = 0.02, 0.9  # share of frames skipped; share of the frame time used
CALM_SHARE, CALM_TIME = 0.002, 0.75
WORTH = 0.08  # of a core: easing a worker that takes less gains nothing
TOO_SLOW, FAST_AGAIN = 1.2, 0.5  # time for a mask, in frame intervals
DOWN_AFTER = 2  # periods of trouble
UP_AFTER, UP_AFTER_AT_MOST = 15, 240  # periods of calm
SOON = 30  # periods: trouble this soon after a step up was caused by it
MOST_EVERY = 3
LOWEST_QUALITY = "balanced"  # the lowest that is chosen for the user

LATE, SLOW = "late", "slow"


@dataclass(frozen=True)
class Sample:
    """OBS since the last sample; times in ms, ``frame_ms`` is the time to render a frame."""

    interval_ms: float
    frame_ms: float
    frames: int
    lagged: int

    @property
    def lagged_share(self) -> float:
        """Share of the frames that came late."""
        return self.lagged / max(self.frames, 1)


@dataclass(frozen=True)
class Use:
    """One filter: what its user allows, and what its masks cost.

    ``lowest_rate``: masks per second. ``locked``: each frame needs its own mask. ``total_ms``: time
    for a mask; ``masks_per_second``: the actual rate. ``can_lighten``: whether the model is chosen
    automatically and a lighter one could be taken.
    """

    governed: bool
    quality: str
    lowest_rate: float
    locked: bool
    total_ms: float
    masks_per_second: float
    can_lighten: bool = False

    @property
    def share(self) -> float:
        """The share of a core that this filter's masks take."""
        return self.total_ms * self.masks_per_second / 1e3


@dataclass(frozen=True)
class Rung:
    """How a filter runs: a mask for every ``every``-th frame, at a quality, by which model."""

    every: int
    quality: str
    lighter: bool = False

    def costs_as(self, other: Rung) -> bool:
        """Whether a mask takes as long as on another rung."""
        return (self.quality, self.lighter) == (other.quality, other.lighter)


def ladder(use: Use, interval_ms: float) -> list[Rung]:
    """Return the rungs a filter may be put on, the user's own first."""
    chosen = use.quality if use.quality in QUALITIES else LOWEST_QUALITY
    rungs = [Rung(1, chosen)]
    if not use.governed:
        return rungs
    if not use.locked and interval_ms > 0:
        for every in range(2, MOST_EVERY + 1):
            # OBS's 30 fps may be slightly less or more.
            if 1.01e3 / interval_ms / every >= use.lowest_rate:
                rungs.append(Rung(every, chosen))
    lower = QUALITIES[QUALITIES.index(LOWEST_QUALITY) : QUALITIES.index(chosen)]
    rungs += [Rung(rungs[-1].every, quality) for quality in reversed(lower)]
    return [*rungs, replace(rungs[-1], lighter=True)] if use.can_lighten else rungs


class Governor:
    """The level (0: nothing eased), and why: ``reason`` is LATE, SLOW or empty."""

    def __init__(self) -> None:
        self.level = 0
        self.reason = ""
        self._trouble = self._calm = 0
        self._up_after = UP_AFTER
        self._since_up = SOON + 1

    def decide(self, sample: Sample, uses: Sequence[Use]) -> None:
        """Take one period into account."""
        highest = max((len(ladder(use, sample.interval_ms)) for use in uses), default=1) - 1
        self.level = min(self.level, highest)
        if sample.frames == 0:
            return
        self._since_up += 1
        cause = self._cause(sample, uses)
        self._trouble = self._trouble + 1 if cause else 0
        self._calm = self._calm + 1 if not cause and self._is_calm(sample, uses) else 0
        if self._trouble >= DOWN_AFTER and self.level < highest:
            if self._since_up <= SOON:
                self._up_after = min(2 * self._up_after, UP_AFTER_AT_MOST)
            self.level += 1
            self._trouble = 0
            self._since_up = SOON + 1
        elif self._calm >= self._up_after and self.level:
            self.level -= 1
            self._calm = self._since_up = 0
        if self._since_up > 4 * self._up_after and self._calm:
            self._up_after = UP_AFTER
        if not self.level:
            self.reason = ""
        elif cause:
            self.reason = cause

    def _cause(self, sample: Sample, uses: Sequence[Use]) -> str:
        late = sample.lagged_share > LATE_SHARE or sample.frame_ms > LATE_TIME * sample.interval_ms
        if late and sum(use.share for use in uses) >= WORTH:
            return LATE
        for use in uses:
            left = ladder(use, sample.interval_ms)[self.level :]
            # Only a lower quality or a lighter model makes a mask faster; fewer masks do not.
            can_help = any(not rung.costs_as(left[0]) for rung in left)
            if can_help and use.total_ms > TOO_SLOW * sample.interval_ms:
                return SLOW
        return ""

    def _is_calm(self, sample: Sample, uses: Iterable[Use]) -> bool:
        return (
            sample.lagged_share <= CALM_SHARE
            and sample.frame_ms < CALM_TIME * sample.interval_ms
            and all(self._would_fit(use, sample.interval_ms) for use in uses)
        )

    def _would_fit(self, use: Use, interval_ms: float) -> bool:
        """Return whether a filter's masks would keep up after a step up."""
        rungs = ladder(use, interval_ms)
        if not 0 < self.level < len(rungs):
            return True
        lowered = not rungs[self.level].costs_as(rungs[self.level - 1])
        return not lowered or use.total_ms < FAST_AGAIN * interval_ms


class Watch:
    """Samples OBS and the link, and writes the decision into the link. Not thread-safe."""

    def __init__(self, library: Any, segment: Any) -> None:
        self._library = library
        self._segment = segment
        self._governor = Governor()
        self._counted: tuple[int, int] | None = None
        self._next = 0.0

    @property
    def reason(self) -> str:
        """Why the filters do less at present, or ""."""
        return self._governor.reason

    def decide(self, now: float) -> None:
        """Decide if a period has passed; ``now`` in seconds."""
        if now < self._next:
            return
        self._next = now + PERIOD
        sample = self._sample()
        channels = [channel for channel in self._segment.channels if channel.used]
        uses = [use_of(channel) for channel in channels]
        if sample is not None:
            self._governor.decide(sample, uses)
            for channel, use in zip(channels, uses):
                rungs = ladder(use, sample.interval_ms)
                put(channel, rungs[min(self._governor.level, len(rungs) - 1)])

    def _sample(self) -> Sample | None:
        before = self._counted
        frames = int(self._library.obs_get_total_frames())
        lagged = int(self._library.obs_get_lagged_frames())
        self._counted = frames, lagged
        if before is None or frames < before[0]:
            return None
        return Sample(
            interval_ms=self._library.obs_get_frame_interval_ns() / 1e6,
            frame_ms=self._library.obs_get_average_frame_time_ns() / 1e6,
            frames=frames - before[0],
            lagged=max(lagged - before[1], 0),
        )


def use_of(channel: Any) -> Use:
    """Read a filter's :class:`Use` from its channel of the link."""
    return Use(
        governed=channel.governor != b"off",
        quality=channel.quality.decode("utf-8", "replace"),
        lowest_rate=channel.lowest_rate,
        locked=channel.delay_frames > 0,
        total_ms=channel.total_ms,
        masks_per_second=channel.masks_per_second,
        can_lighten=channel.model == AUTO_MODEL.encode() and bool(channel.can_lighten),
    )


def put(channel: Any, rung: Rung) -> None:
    """Write a rung into a channel if it has changed."""
    chosen = channel.quality.decode("utf-8", "replace")
    quality = b"" if rung.quality == chosen else rung.quality.encode()
    if channel.every != rung.every:
        channel.every = rung.every
    if (channel.eased_quality, bool(channel.eased_model)) != (quality, rung.lighter):
        channel.eased_quality, channel.eased_model = quality, rung.lighter
        channel.eased_sequence += 1
