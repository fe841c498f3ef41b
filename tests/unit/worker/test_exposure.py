"""In low light the model sees a brighter picture, else the picture itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.worker_pictures import iou, person
from vb_link import folders
from vb_worker.matte.exposure import BRIGHT, HIGHLIGHT, LARGEST_GAIN, Exposure, _percentile
from vb_worker.models import find_models, open_model

FRAME = 1 / 30  # seconds


def _light(level: float) -> NDArray[np.uint8]:
    random = np.random.default_rng(1)
    return np.clip(random.uniform(0, level * 255, (288, 512, 3)), 0, 255).astype(np.uint8)


def test_a_lit_picture_is_handed_on_untouched() -> None:
    picture = _light(0.8)
    assert Exposure()(picture, FRAME) is picture


def test_a_dark_picture_is_brightened_and_not_written_to() -> None:
    picture = _light(0.1)
    before = picture.copy()
    brighter = Exposure()(picture, FRAME)
    assert abs(float(np.percentile(brighter[..., 1], 95)) / 255 - BRIGHT) < 0.05
    np.testing.assert_array_equal(picture, before)


def test_a_bright_window_behind_someone_dark_is_left_alone() -> None:
    picture = _light(0.1)
    picture[:100, :200] = 250
    assert Exposure()(picture, FRAME) is picture


def test_black_is_not_blown_up_without_end() -> None:
    assert Exposure()(np.full((20, 20, 3), 1, np.uint8), FRAME).max() <= LARGEST_GAIN


def test_a_lamp_that_is_switched_changes_the_gain_gradually() -> None:
    exposure = Exposure()
    exposure(_light(0.8), FRAME)
    first = exposure(_light(0.1), FRAME).mean()
    for _ in range(60):
        last = exposure(_light(0.1), FRAME).mean()
    assert first < 0.4 * last


@pytest.mark.parametrize("size", [1, 2, 3, 100, 4097])
def test_highlights_are_what_numpy_calls_the_percentile(size: int) -> None:
    values = np.random.default_rng(size).integers(0, 256, size).astype(np.uint8)
    for percent in (0, 50, HIGHLIGHT, 100):
        assert _percentile(values, percent) == pytest.approx(np.percentile(values, percent))


def test_a_person_in_the_dark_is_found_better() -> None:
    model = open_model(find_models([folders.models_dir()])["selfie_square"])
    picture, truth = person(320, 180)
    noise = np.random.default_rng(3).normal(0, 3, picture.shape)
    dark = np.clip(picture * 0.03 + noise, 0, 255).astype(np.uint8)
    scores = [iou(resized(model(frame), truth), truth) for frame in (dark, Exposure()(dark, FRAME))]
    assert scores[1] > scores[0] + 0.1
    assert scores[1] > 0.7


def resized(mask: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(mask, like.shape[::-1]), np.float32)
