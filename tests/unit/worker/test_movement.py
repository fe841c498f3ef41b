"""Sensor noise is stillness, a moved edge is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vb_worker.matte.movement import LARGEST_AREA, Movement, small_size


def _noisy(seed: int, height: int = 288, width: int = 512) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    return np.clip(100 + random.normal(0, 3, (height, width, 3)), 0, 255).astype(np.uint8)


def test_a_first_frame_has_nothing_to_compare_with() -> None:
    movement = Movement()
    assert movement(_noisy(1)) is None
    assert movement(_noisy(2)) is not None
    assert movement(_noisy(3, 100, 100)) is None, "another size is a first frame"


def test_sensor_noise_is_not_movement() -> None:
    movement = Movement()
    movement(_noisy(1))
    still = movement(_noisy(2))
    assert still is not None
    assert still.shape == (144, 256)
    assert still.min() > 0.9


def test_what_moves_is_not_still_and_the_rest_is() -> None:
    movement = Movement()
    before = _noisy(1)
    after = _noisy(2)
    after[100:200, 200:300] += 60
    movement(before)
    still = movement(after)
    assert still is not None
    assert still[52:98, 102:148].max() == 0.0
    assert still[:, :90].min() > 0.9


def test_colour_with_alpha_is_the_same_picture() -> None:
    plain, with_alpha = Movement(), Movement()
    answers = []
    for seed in (1, 2):
        picture = _noisy(seed) * np.uint8(seed)
        answers.append(
            (plain(picture), with_alpha(np.dstack([picture, np.full((288, 512), 9, np.uint8)])))
        )
    assert answers[1][0] is not None
    np.testing.assert_array_equal(answers[1][0], answers[1][1])


def test_small_pictures_are_not_enlarged() -> None:
    assert small_size(100, 50) == (100, 50)
    width, height = small_size(1000, 500)
    assert width == 2 * height
    assert width * height <= LARGEST_AREA * 1.02
