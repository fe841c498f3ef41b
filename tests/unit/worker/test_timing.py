"""A network's own time, measured on made-up clocks."""

from __future__ import annotations

from dataclasses import replace

from vb_worker.matte.quality import PRESETS
from vb_worker.units import timing

BALANCED = PRESETS["balanced"]


class Computer:
    """Two clocks, and a network that takes ``ms`` of the processor's time and waits for others."""

    def __init__(self, ms: float, waits: list[float]) -> None:
        self.time = self.cpu = self.slept = 0.0
        self.runs = 0
        self._ms, self._waits = ms, waits

    def run(self) -> None:
        """Run the network once; the first runs take ten times as long."""
        took = self._ms / 1e3 * (10.0 if self.runs < timing.WARM_UP else 1.0)
        self.cpu += took
        self.time += took + self._waits[self.runs % len(self._waits)] / 1e3
        self.runs += 1

    def sleep(self, seconds: float) -> None:
        """Pause."""
        self.time += seconds
        self.slept += seconds

    def own_ms(self, *, by_cpu: bool = False) -> float:
        """Measure it."""
        return timing.own_ms(
            self.run, by_cpu=by_cpu,
            clock=lambda: self.time, cpu_clock=lambda: self.cpu, pause=self.sleep,
        )  # fmt: skip


def test_neither_the_first_runs_nor_the_pauses_count() -> None:
    computer = Computer(7.0, [0.0])
    assert abs(computer.own_ms() - 7.0) < 1e-6
    assert computer.runs == timing.WARM_UP + timing.RUNS
    assert abs(computer.slept - timing.RUNS * timing.PAUSE) < 1e-9


def test_what_waits_for_other_programs_counts_by_its_quickest_runs() -> None:
    assert abs(Computer(7.0, [0.0, 20.0, 50.0, 90.0]).own_ms() - 7.0) < 1e-6
    always = [20.0, 30.0]
    assert Computer(7.0, always).own_ms() > 26.0
    assert abs(Computer(7.0, always).own_ms(by_cpu=True) - 7.0) < 1e-6


def test_a_clock_too_coarse_for_the_processors_time_is_left_out() -> None:
    computer = Computer(0.0, [20.0])
    assert abs(computer.own_ms(by_cpu=True) - 20.0) < 1e-6


def test_the_limit_is_the_time_of_all_runs_and_of_the_rest() -> None:
    most = (BALANCED.budget_ms - timing.OTHER_MS) / BALANCED.runs
    assert timing.fits(most, BALANCED) and not timing.fits(most * 1.01, BALANCED)
    assert timing.may_fit(most * timing.BUSY, BALANCED)
    assert not timing.may_fit(most * timing.BUSY * 1.01, BALANCED)
    assert not timing.fits(most, replace(BALANCED, runs=2 * BALANCED.runs))
