"""Ours beside a stock filter in states that hold most pairs of what OBS can be: see tests/twins.

``python -m tests.twins`` tries more of them, and more kinds of states.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.twins import compare, states

CANVASES = ("NV12 709", "I444 sRGB", "P010 2100PQ")
# The first of all hold the most pairs.
STATES, SEED = 24, 5
WANTED = states.by_canvas(states.short(SEED, canvas=CANVASES)[:STATES])


@pytest.mark.versions
@pytest.mark.timeout(900)
@pytest.mark.parametrize("canvas", WANTED)
def test_pairs_of_states(start_obs: Callable[..., Any], tmp_path: Path, canvas: str) -> None:
    wanted = WANTED[canvas]
    with start_obs(**compare.obs_options(tmp_path, canvas)) as stage:
        results = list(compare.Comparison(stage, tmp_path).results(wanted))
    assert [result.as_json() for result in results if not result.good] == []
    assert sum(result.drawn for result in results) > len(wanted) / 2
