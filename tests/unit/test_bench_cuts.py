"""The cuts' benchmark reads from frames what was covered and when the first mask came."""

from __future__ import annotations

import sys

import numpy as np
import pytest

if sys.platform == "win32":
    pytest.skip("POSIX only: the benchmark of a real OBS is Linux's", allow_module_level=True)

from tests.bench.cuts import COVER_BGR, GREY_BGR, account, shots
from tests.obs import painted
from tests.obs.stage import BACKDROP_BGR, SIZE, Image


def _flat(bgr: tuple[int, int, int]) -> Image:
    return np.full((SIZE[1], SIZE[0], 3), bgr, np.uint8)


def _shown(mask: int, picture: int) -> Image:
    """Return a picture cut out with the mask of another, over the background."""
    shown = painted.numbered(picture)
    for bit in range(painted.BITS):
        shown[painted.cell(bit, 0)] = (0, 0, 255) if mask >> bit & 1 else BACKDROP_BGR
    return shown


GREY, COVER = _flat(GREY_BGR), _flat(COVER_BGR)


def test_a_cut_that_shows_the_last_pair_and_then_a_new_mask() -> None:
    before = [_shown(9, 10)]
    # Two frames of the last pair, then masks one picture old; the camera was at 200 at the cut.
    after = [_shown(9, 10)] * 2 + [_shown(200 + at, 201 + at) for at in range(1, 8)]
    (shot,) = shots([*before, GREY, GREY, *after, GREY])
    assert shot.covered == []
    assert shot.first_mask(0) == 2
    made = account([shot], 0)
    assert (made["covered_frames"], made["cuts_without_mask"]) == (0, 0)
    assert made["first_mask_frames"] == {"median": 2, "most": 2, "histogram": {"2": 1}}


def test_covered_frames_and_numbers_that_begin_anew() -> None:
    after = [COVER] * 3 + [_shown((250 + at) % 256, (251 + at) % 256) for at in range(3, 10)]
    (shot,) = shots([GREY, *after])
    assert shot.covered == [0, 1, 2]
    assert shot.first_mask(0) == 3
    assert account([shot], 0)["covered_cuts"] == 1


def test_frames_that_are_shown_later_are_reckoned_so() -> None:
    # Locked: pictures are shown three frames later, each with its own mask.
    after = [_shown(7, 7)] * 3 + [_shown(100 + at, 100 + at) for at in range(8)]
    (shot,) = shots([GREY, *after])
    assert shot.first_mask(3) == 3


def test_a_cut_that_never_gets_a_mask_is_said() -> None:
    (shot,) = shots([GREY, *[COVER] * 4])
    assert account([shot], 0)["cuts_without_mask"] == 1
    frozen = [_shown(9, 50 + at) for at in range(6)]
    (shot,) = shots([GREY, *frozen])
    assert account([shot], 0)["cuts_without_mask"] == 1
