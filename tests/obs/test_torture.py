"""A short torture test; ``python -m tests.torture`` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.torture.run import torture


def test_a_random_walk_leaves_obs_well(tmp_path: Path) -> None:
    verdict = torture(seed=7, minutes=3, folder=tmp_path)
    print(verdict.text())
    assert verdict.faults == [], verdict.failure()
    assert len(verdict.steps) > 100
    assert verdict.hammered > 1000
    assert verdict.looks > 100
