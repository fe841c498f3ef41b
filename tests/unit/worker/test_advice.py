"""What is said about pictures of which no good mask can be made, and when."""

from __future__ import annotations

import numpy as np
import pytest

from tests import advice
from vb_link.layout import ADVICE
from vb_worker.matte.advice import EVERY_SECONDS, LASTING_SECONDS, SLOW_MS, Advisor

TIMES = [look * EVERY_SECONDS for look in range(16)]


@pytest.mark.parametrize("kind", ["", *advice.KINDS])
def test_each_kind_of_poor_picture_is_named_and_a_good_one_is_not(kind: str) -> None:
    assert advice.said([advice.made(kind, t) for t in TIMES]) == kind


def _said(advisor: Advisor, kind: str, begin: float, seconds: float, ms: float = 10.0) -> list[str]:
    """Show one picture for some seconds and return what is said at each look."""
    picture, alpha = advice.made(kind, 0.0)
    rgba = np.dstack([picture[..., ::-1], np.full_like(alpha, 255)])
    looks = int(seconds / EVERY_SECONDS)
    return [advisor(rgba, alpha, ms, begin + look * EVERY_SECONDS) for look in range(looks)]


def test_it_takes_seconds_to_be_said_and_as_long_to_be_taken_back() -> None:
    advisor = Advisor()
    said = _said(advisor, "dark", 0.0, LASTING_SECONDS + 2)
    assert said.index("dark") == LASTING_SECONDS / EVERY_SECONDS
    said = _said(advisor, "", 100.0, LASTING_SECONDS + 2)
    assert said.index("") == LASTING_SECONDS / EVERY_SECONDS


def test_what_comes_and_goes_is_not_said_and_not_taken_back() -> None:
    advisor = Advisor()
    for turn in range(10):
        assert set(_said(advisor, "dark", 10.0 * turn, 3)) == {""}
        assert set(_said(advisor, "", 10.0 * turn + 3, 7)) == {""}
    _said(advisor, "dark", 200.0, 10)
    for turn in range(10):
        assert set(_said(advisor, "", 210.0 + 4 * turn, 2)) == {"dark"}
        assert set(_said(advisor, "dark", 212.0 + 4 * turn, 2)) == {"dark"}


def test_a_slow_model_is_named_where_nothing_else_is_wrong() -> None:
    advisor = Advisor()
    assert _said(advisor, "", 0.0, 10, ms=SLOW_MS + 1)[-1] == "slow"
    said = _said(advisor, "dark", 10.0, 10, ms=SLOW_MS + 1)
    assert said[0] == "slow"
    assert said[-1] == "dark"


def test_looks_between_are_free() -> None:
    advisor = Advisor()
    picture, alpha = advice.made("dark", 0.0)
    rgba = np.dstack([picture, alpha])
    advisor(rgba, alpha, 10.0, 0.0)
    assert advisor(rgba[:0], alpha[:0], 10.0, EVERY_SECONDS / 2) == ADVICE[0]
