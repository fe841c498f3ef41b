"""What is joined to no person does not appear, and no part of a person goes with it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vb_worker.matte.blobs import PROVEN_SECONDS, Blobs

WIDTH, HEIGHT = 320, 180
BODY = np.s_[60:180, 100:200]
LAMP = np.s_[20:44, 270:294]  # 1 % of the picture
SPOT = np.s_[150:158, 290:298]
HAND = np.s_[90:104, 206:220]  # a gap beside the body
Mask = NDArray[np.float32]


def _mask(*parts: tuple[slice, slice]) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    for part in parts:
        rows, columns = part
        soft = np.s_[rows.start - 3 : rows.stop + 3, columns.start - 3 : columns.stop + 3]
        mask[soft] = np.maximum(mask[soft], 0.3)
    for part in parts:
        mask[part] = 0.9
    return mask


def _run(masks: list[Mask], rate: float = 30.0) -> list[Mask]:
    blobs = Blobs()
    return [blobs(mask, number / rate) for number, mask in enumerate(masks)]


def test_a_region_beside_the_person_that_comes_and_goes_is_left_out_whole() -> None:
    flashing = [_mask(BODY, LAMP) if number % 3 == 0 else _mask(BODY) for number in range(30)]
    for given, shown in zip(flashing, _run(flashing)):
        assert shown[:60, 250:].max() == 0.0, "its soft surroundings stayed"
        assert (shown[60:, 90:210] == given[60:, 90:210]).all()


@pytest.mark.parametrize("rate", [5.0, 30.0, 60.0])
def test_what_stays_for_half_a_second_is_shown_at_any_rate(rate: float) -> None:
    frames = round(2 * rate)
    shown = _run([_mask(BODY, LAMP)] * frames, rate)
    there = [mask[LAMP].max() > 0.5 for mask in shown]
    first = there.index(True)
    assert PROVEN_SECONDS - 1e-6 <= first / rate <= PROVEN_SECONDS + 1.5 / rate + 1e-6
    assert all(there[first:])


def test_a_speck_never_is_anybody() -> None:
    assert all(mask[SPOT].max() == 0.0 for mask in _run([_mask(BODY, SPOT)] * 90))
    assert _run([_mask(SPOT)] * 90)[-1].max() == 0.0


def test_a_hand_with_a_gap_before_it_stays_at_once() -> None:
    (shown,) = _run([_mask(BODY, HAND)])
    assert shown[HAND].min() > 0.5


def test_a_second_person_is_there_at_once() -> None:
    other = np.s_[80:180, 240:300]
    (shown,) = _run([_mask(BODY, other)])
    assert shown[other].min() > 0.5


def test_a_person_who_goes_far_away_stays() -> None:
    """Each step smaller than the last, down to a hundredth of the picture."""
    steps = [np.s_[180 - side : 180, 150 : 150 + side // 2] for side in range(160, 32, -4)]
    assert all(mask[part].min() > 0.5 for mask, part in zip(_run([*map(_mask, steps)]), steps))


def test_nothing_is_copied_where_there_is_nothing_to_leave_out() -> None:
    mask = _mask(BODY)
    assert Blobs()(mask, 0.0) is mask


def test_a_still_keeps_all_that_is_large_enough_for_a_person() -> None:
    shown = Blobs()(_mask(BODY, LAMP, SPOT), None)
    assert shown[LAMP].min() > 0.5 and shown[SPOT].max() == 0.0


def test_a_mask_of_another_size_begins_anew() -> None:
    blobs = Blobs()
    blobs(_mask(BODY, LAMP), 0.0)
    assert blobs(np.zeros((90, 160), np.float32), 0.1).shape == (90, 160)
