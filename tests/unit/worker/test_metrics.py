"""The measures, on masks whose answers can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vb_worker.bench import metrics

SHAPE = (120, 160)  # a diagonal of 200: bands are 2 pixels


def _box(left: float, right: float, top: int = 30, bottom: int = 90) -> NDArray[np.float32]:
    """Return a mask with sub-pixel left and right edges."""
    at = np.arange(SHAPE[1])
    row = np.clip(np.minimum(at + 1 - left, right - at), 0, 1)
    mask = np.zeros(SHAPE, np.float32)
    mask[top:bottom] = row
    return mask


def test_the_truth_itself_is_without_fault() -> None:
    truth = _box(40, 100)
    for measure in (metrics.iou, metrics.boundary_iou, metrics.band_iou):
        assert measure(truth, truth) == 1.0
        assert measure(np.zeros_like(truth), np.zeros_like(truth)) == 1.0
    assert metrics.mad(truth, truth) == 0.0
    assert metrics.gradient_error(truth, truth) == 0.0


def test_iou_and_mad_of_half_a_person() -> None:
    truth, half = _box(40, 100), _box(40, 70)
    assert metrics.iou(half, truth) == pytest.approx(0.5)
    assert metrics.mad(half, truth) == pytest.approx(30 * 60 / (120 * 160))


def test_boundary_iou_sees_the_band_alone() -> None:
    truth, wider = _box(40, 100), _box(40, 101)
    # The bands are 2 pixels: of the right one's 120 pixels 60 are missed and 60 are new.
    assert metrics.iou(wider, truth) > 0.98
    assert metrics.boundary_iou(wider, truth) == pytest.approx(404 / 532, abs=0.02)
    assert metrics.boundary_iou(wider, truth) < metrics.band_iou(wider, truth) < 1.0


def test_the_pictures_border_is_a_boundary() -> None:
    whole = np.ones(SHAPE, np.float32)
    hole = whole.copy()
    hole[:2] = 0.0
    assert metrics.boundary_iou(hole, whole) < 0.7


def test_a_soft_edge_differs_in_gradient() -> None:
    truth = _box(40, 100)
    soft = truth.copy()
    soft[30:90, 36:44] = np.linspace(0, 1, 8, dtype=np.float32)
    assert metrics.gradient_error(soft, truth) > 0.1


def test_flicker_counts_what_the_truth_does_not_do() -> None:
    truths = [_box(40, 100)] * 3
    trembling = [truth.copy() for truth in truths]
    trembling[1][0, 0] = 1.0
    # One pixel changes by 1 in each of two steps.
    assert metrics.flicker(trembling, truths) == pytest.approx(255 / (120 * 160))
    assert metrics.flicker(truths, truths) == 0.0
    moving = [_box(40 + n, 100 + n) for n in range(3)]
    assert metrics.flicker(moving, moving) == 0.0
    assert metrics.dtssd(moving, moving) == 0.0
    assert metrics.dtssd(trembling, truths) == pytest.approx(100 / (120 * 160) ** 0.5)


@pytest.mark.parametrize("speed", [0.5, 3.0])
@pytest.mark.parametrize("delay", [0, 1, 2])
def test_lag_is_how_far_the_matte_is_behind(speed: float, delay: int) -> None:
    truths = [_box(20 + speed * n, 60 + speed * n) for n in range(20)]
    mattes = [truths[max(0, n - delay)] for n in range(20)]
    # At the corners a little of the edges that do not move is counted.
    assert metrics.lag(mattes, truths) == pytest.approx(delay * speed, rel=0.2, abs=0.02)


def test_nothing_moving_has_no_lag() -> None:
    truths = [_box(40, 100)] * 8
    assert metrics.lag(truths, truths) == 0.0


def test_flips_are_of_regions_and_not_of_edges() -> None:
    truths = [_box(40, 100)] * 4
    steady = [_box(40, 100)] * 4
    assert metrics.Changes.of(steady, truths).flips == 0.0
    trembling = [_box(40, 100 + number % 2) for number in range(4)]
    assert metrics.Changes.of(trembling, truths).flips == 0.0
    assert metrics.Changes.of(trembling, truths).flicker > 0.0
    # A chair of 10 x 20 comes and goes; the band is 2 pixels on either side of a 60 x 60 contour.
    chair = [np.maximum(_box(40, 100), _box(130, 140, 50, 70) * (n % 2)) for n in range(4)]
    away = 120 * 160 - (64 * 64 - 56 * 56)
    assert metrics.Changes.of(chair, truths).flips == pytest.approx(1e3 * 200 / away)
    # What the truth does, too, is no fault.
    assert metrics.Changes.of(chair, chair).flips == 0.0


def test_changes_of_one_frame_are_none() -> None:
    changes = metrics.Changes.of([_box(40, 100)], [_box(40, 100)])
    assert (changes.flicker, changes.dtssd, changes.flips) == (0.0, 0.0, 0.0)
