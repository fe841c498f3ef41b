"""The torture tells growth from what is made once."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("POSIX only: the torture looks into /proc", allow_module_level=True)

from tests.torture.run import growth


def test_what_is_made_once_is_no_growth() -> None:
    obs = [300.0 + 150 * min(rest / 50, 1) + rest % 5 for rest in range(150)]
    assert growth([(mebibytes, 110.0) for mebibytes in obs]) == []
    assert growth([]) == []
    assert growth([(300.0, 0.0)]) == []


def test_what_goes_on_is_growth() -> None:
    fast = growth([(300.0 + 12 * rest, 110.0) for rest in range(30)])
    assert len(fast) == 1 and fast[0].startswith("OBS grew from 3")
    slow = growth([(400.0, 110.0 + 0.4 * rest) for rest in range(150)])
    assert len(slow) == 1 and slow[0].startswith("The worker grew from 1")
    assert slow[0].endswith("after rest 60.")
