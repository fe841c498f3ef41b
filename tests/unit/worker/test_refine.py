"""A mask's edges go where the picture's are, and nothing else changes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.unit.worker_pictures import person
from vb_worker.bench import metrics
from vb_worker.matte.refine import refined


def _coarse(truth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a network of a quarter of the size would leave of a true mask."""
    size = (truth.shape[1] // 8, truth.shape[0] // 8)
    small = cv2.resize(truth, size, interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(back, np.float32)


def test_an_edge_that_is_off_moves_to_the_pictures() -> None:
    picture = np.zeros((288, 512, 3), np.uint8)
    picture[:, :250] = (200, 150, 120)
    picture[:, 250:] = (40, 60, 90)
    random = np.random.default_rng(1)
    picture = np.clip(picture + random.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)
    mask = np.zeros((288, 512), np.float32)
    mask[:, :256] = 1.0  # six pixels too far
    edge = (refined(picture, mask) > 0.5).sum(1)
    assert np.abs(edge - 250).max() <= 2


def test_a_persons_edge_gets_better() -> None:
    picture, truth = person(512, 288)
    coarse = _coarse(truth)
    better = refined(picture, coarse)
    assert metrics.boundary_iou(better, truth) > metrics.boundary_iou(coarse, truth) + 0.05
    assert metrics.mad(better, truth) < metrics.mad(coarse, truth)


def test_what_is_sure_stays_so_away_from_edges() -> None:
    picture, truth = person(512, 288)
    better = refined(picture, truth)
    far = cv2.erode((truth >= 1.0).astype(np.uint8), np.ones((61, 61), np.uint8)) > 0
    assert far.any()
    assert better[far].min() > 0.995
    outside = cv2.erode((truth <= 0.0).astype(np.uint8), np.ones((61, 61), np.uint8)) > 0
    assert better[outside].max() < 0.005


def test_it_gives_probabilities_of_any_size() -> None:
    random = np.random.default_rng(2)
    for height, width in ((1, 1), (3, 5), (77, 100), (144, 256)):
        picture = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
        got = refined(picture, random.random((height, width), dtype=np.float32))
        assert got.shape == (height, width)
        assert got.dtype == np.float32
        assert got.min() >= 0.0
        assert got.max() <= 1.0
