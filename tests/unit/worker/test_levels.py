"""Threshold and softness: the shader's mathematics."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vb_worker.offline.levels import levels


def _bilinear(alpha: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float64]:
    """What a GPU's sampler returns: half-pixel centres, clamped to the edge."""
    tall, wide = alpha.shape
    y = (np.arange(height) + 0.5) * tall / height - 0.5
    x = (np.arange(width) + 0.5) * wide / width - 0.5
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    fy, fx = (y - y0)[:, None], (x - x0)[None, :]
    rows = [np.clip(y0 + step, 0, tall - 1) for step in (0, 1)]
    columns = [np.clip(x0 + step, 0, wide - 1) for step in (0, 1)]
    p = alpha / 255.0
    top = p[np.ix_(rows[0], columns[0])] * (1 - fx) + p[np.ix_(rows[0], columns[1])] * fx
    bottom = p[np.ix_(rows[1], columns[0])] * (1 - fx) + p[np.ix_(rows[1], columns[1])] * fx
    return np.asarray(top * (1 - fy) + bottom * fy)


@pytest.mark.parametrize(("threshold", "softness"), [(0.5, 0.5), (0.3, 1.0), (0.7, 0.0)])
def test_it_is_the_formula_of_the_shader(threshold: float, softness: float) -> None:
    alpha = np.random.default_rng(1).integers(0, 256, (9, 16), dtype=np.uint8)
    p = _bilinear(alpha, 80, 45)
    expected = np.clip((p - threshold) / max(softness, 1 / 255) + 0.5, 0, 1)
    got = levels(alpha, 80, 45, threshold=threshold, softness=softness)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=2e-3 if softness else 2e-2)


def test_the_sure_ends_are_exact() -> None:
    alpha = np.array([[0, 40, 63, 128, 192, 220, 255]], np.uint8)
    got = levels(alpha, 7, 1)
    assert list(got[0, :3]) == [0.0, 0.0, 0.0]
    assert 0.0 < got[0, 3] < 1.0
    assert list(got[0, 4:]) == [1.0, 1.0, 1.0]


def test_the_input_is_not_changed() -> None:
    alpha = np.full((4, 4), 99, np.uint8)
    levels(alpha, 4, 4)
    assert (alpha == 99).all()
