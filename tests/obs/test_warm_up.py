"""A look's first use while recording: its shaders are compiled already, and no room is shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from tests.obs.stage import (
    CAMERA,
    SECRET,
    Stage,
    frames_of,
    person,
    room_pixels,
    wait_for,
)

LOOKS = ("shadow", "light_wrap", "decontaminate", "match", "grow")
FRAMES = 6


def _cpu(stage: Stage, frames: int = FRAMES) -> float:
    """Return the CPU time of the graphics thread for the next ``frames`` frames, in ms."""
    (channel,) = stage.channels()
    before, drawn = channel.draw_ns, channel.drawn_frames
    wait_for(lambda: channel.drawn_frames >= drawn + frames, 60, "frames drawn")
    return float(channel.draw_ns - before) / 1e6


def _is_quiet(stage: Stage) -> bool:
    """Whether no frame in six seconds took much longer than the rest: nothing is drawn ahead."""
    end = time.monotonic() + 6
    costs: list[float] = []
    while time.monotonic() < end or len(costs) < 8:
        costs.append(_cpu(stage, 2))
    return max(costs) < 3 * statistics.median(costs)


def _recorded_ms(stage: Stage) -> int:
    return int(stage.obs.request("GetRecordStatus")["outputDuration"])


def test_the_first_use_of_a_look_costs_what_the_second_costs(
    start_obs: Callable[..., Any],
) -> None:
    # Mesa must not have cached the shaders of an earlier run.
    environment = {"MESA_SHADER_CACHE_DISABLE": "true"}
    with start_obs(environment=environment, preview=False) as stage:
        picture, truth = person(room=SECRET)
        stage.picture(CAMERA, picture)
        stage.add_filter(background="color", background_color=0xFF3060F0, cover="color")
        stage.obs.segment().measure = 1
        stage.wait_for_mask()
        wait_for(lambda: _is_quiet(stage), 150, "all is drawn ahead")
        costs: dict[str, tuple[float, float]] = {}
        with stage.obs.recording() as files:
            wait_for(lambda: _recorded_ms(stage), 20, "the recording has a frame")
            for look in LOOKS:
                turns = []
                for _ in range(2):
                    stage.set_filter(**{look: 1.0})
                    turns.append(_cpu(stage))
                    stage.set_filter(**{look: 0.0})
                    _cpu(stage)
                costs[look] = (turns[0], turns[1])
        for frame in frames_of(files[0]):
            assert room_pixels(frame, truth, 12) == 0
        slow = {look: pair for look, pair in costs.items() if pair[0] > 2 * pair[1] + 5}
        assert slow == {}, costs
