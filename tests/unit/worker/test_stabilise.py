"""Still regions are held, moving ones let go at once, and nothing newly covered is cut off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.unit.network_time import share_of_finding
from vb_worker.matte.stabilise import Stabiliser

SHAPE = (144, 256)
FRAME = 1 / 30  # seconds
STILL = np.ones((72, 128), np.float32)  # smaller than the mask, as it may be


def _flat(value: float) -> NDArray[np.float32]:
    return np.full(SHAPE, value, np.float32)


def test_the_first_frame_is_taken_as_it_is() -> None:
    given = np.random.default_rng(1).random(SHAPE, dtype=np.float32)
    np.testing.assert_array_equal(Stabiliser()(given, STILL, FRAME), given)


def test_tremble_on_a_still_picture_is_held() -> None:
    random = np.random.default_rng(1)
    steady = Stabiliser()
    given = [np.clip(0.5 + random.normal(0, 0.02, SHAPE), 0, 1) for _ in range(40)]
    got = [steady(frame.astype(np.float32), STILL, FRAME).copy() for frame in given]

    def flicker(frames: list[NDArray[np.float32]]) -> float:
        return float(np.mean([np.abs(b - a).mean() for a, b in zip(frames[9:], frames[10:])]))

    assert flicker(got) < 0.25 * flicker([frame.astype(np.float32) for frame in given])
    assert abs(float(got[-1].mean()) - 0.5) < 0.01


def test_a_newly_covered_area_is_taken_at_once_even_on_a_still_picture() -> None:
    steady = Stabiliser()
    steady(_flat(0.0), STILL, FRAME)
    covered = _flat(0.0)
    covered[40:80, 60:120] = 1.0
    got = steady(covered, STILL, FRAME)
    assert got[40:80, 60:120].min() > 0.99


def test_a_moving_area_is_let_go_at_once() -> None:
    steady = Stabiliser()
    steady(_flat(1.0), STILL, FRAME)
    moved = STILL.copy()
    moved[:, :64] = 0
    got = steady(_flat(0.0), moved, FRAME)
    assert got[:, :124].max() < 0.01, "a ghost is left where the picture moved"
    assert got[:, 134:].min() > 0.3, "a still picture's mask is dropped in one frame"


def test_a_mask_that_goes_without_movement_fades_within_some_frames() -> None:
    steady = Stabiliser()
    steady(_flat(1.0), STILL, FRAME)
    for _ in range(3):
        got = steady(_flat(0.0), STILL, FRAME)
    assert got.max() < 0.25, "the default threshold and softness still show it"
    for _ in range(60):
        got = steady(_flat(0.0), STILL, FRAME)
    assert np.rint(got.max() * 255) == 0


def test_a_slow_drift_is_followed() -> None:
    steady = Stabiliser()
    for number in range(101):
        got = steady(_flat(number / 100), STILL, FRAME)
    assert got.min() > 0.9


def test_another_size_starts_anew() -> None:
    steady = Stabiliser()
    steady(_flat(1.0), STILL, FRAME)
    small = np.zeros((10, 10), np.float32)
    assert steady(small, STILL, FRAME).max() == 0.0


def test_it_takes_less_than_an_eighth_of_finding_the_person() -> None:
    random = np.random.default_rng(3)
    frames = [random.random(SHAPE, dtype=np.float32) for _ in range(8)]
    picture = random.integers(0, 256, (*SHAPE, 4), np.uint8)
    steady = Stabiliser()
    assert share_of_finding(lambda n: steady(frames[n % 8], STILL, FRAME), [picture] * 100) < 1 / 8
