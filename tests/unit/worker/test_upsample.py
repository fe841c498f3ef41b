"""A small mask enlarged along the picture's edges, and the shader that does the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import vb_link
from tests.unit.worker_pictures import person
from vb_worker.bench import metrics
from vb_worker.models.shrink import shrunk
from vb_worker.offline import upsample
from vb_worker.offline.levels import levels
from vb_worker.offline.upsample import shown, upsampled

SHADER = Path(vb_link.__file__).resolve().parents[1] / "vb_filter" / "refine.effect"


def _small(truth: NDArray[np.float32]) -> NDArray[np.uint8]:
    mask = cv2.resize(truth, (320, 180), interpolation=cv2.INTER_AREA)
    return np.rint(mask * 255).astype(np.uint8)


def _as_the_shader(frame: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Do at every pixel what the shader's text says, in its own terms: uv and texels."""
    tall, wide = alpha.shape
    height, width = frame.shape[:2]
    guide = shrunk(frame, wide, tall).astype(np.float64) / 255
    image = frame.astype(np.float64) / 255
    at_x = (np.arange(width) + 0.5) / width * wide
    at_y = (np.arange(height) + 0.5) / height * tall
    total = np.zeros((height, width))
    weights = np.zeros((height, width))
    for y in (-1, 0, 1):
        for x in (-1, 0, 1):
            tap_x, tap_y = np.floor(at_x + 0.001) + 0.5 + x, np.floor(at_y + 0.001) + 0.5 + y
            texel = np.ix_(
                np.clip(np.floor(tap_y), 0, tall - 1).astype(int),
                np.clip(np.floor(tap_x), 0, wide - 1).astype(int),
            )
            away = (at_y - tap_y)[:, None] ** 2 + (at_x - tap_x)[None, :] ** 2
            off = ((image - guide[texel]) ** 2).sum(2)
            weight = np.exp(-1.0204082 * away - 50.0 * off) + 0.01
            total += weight * (alpha[texel] / 255)
            weights += weight
    return (total / weights).astype(np.float32)


def test_it_is_the_shaders_mathematics() -> None:
    for size in ((800, 450), (641, 359), (300, 170)):
        frame, truth = person(*size)
        alpha = _small(truth)
        wanted = _as_the_shader(frame, alpha)
        np.testing.assert_allclose(upsampled(frame, alpha), wanted, atol=0.01 / 255)


def test_the_shader_has_the_same_constants() -> None:
    text = SHADER.read_text(encoding="utf-8")
    pattern = r"exp\(-([\d.]+) \* dot\(away.*?- ([\d.]+) \* dot\(off.*?\) \+ ([\d.]+);"
    place, colour, least = map(float, re.findall(pattern, text)[0])
    (tie,) = map(float, re.findall(r"floor\(at \+ ([\d.]+)\)", text))
    assert tie == pytest.approx(upsample.TIE)
    assert place == pytest.approx(1 / (2 * upsample.PLACE**2), rel=1e-6)
    assert colour == pytest.approx(1 / (2 * upsample.COLOUR**2), rel=1e-6)
    assert least == pytest.approx(upsample.LEAST)


def test_a_sharp_edge_is_drawn_sharper_than_by_interpolation() -> None:
    random = np.random.default_rng(2)
    truth = np.zeros((720, 1280), np.float32)
    cv2.circle(truth, (600, 400), 250, 1.0, -1)
    frame = np.where(truth[..., None] > 0.5, (190, 150, 130), (90, 100, 110))
    frame = np.clip(frame + random.normal(0, 4, frame.shape), 0, 255).astype(np.uint8)
    alpha = _small(truth)
    plain = levels(alpha, 1280, 720)
    better = shown(frame, alpha, edges=True)
    assert metrics.gradient_error(better, truth) < 0.7 * metrics.gradient_error(plain, truth)
    assert metrics.mad(better, truth) < 0.7 * metrics.mad(plain, truth)
    np.testing.assert_array_equal(shown(frame, alpha, edges=False), plain)


def test_what_is_sure_stays_exactly_so() -> None:
    frame, truth = person(640, 360)
    for value in (0, 255):
        whole = upsampled(frame, np.full((90, 160), value, np.uint8))
        assert (whole == value / 255).all()
    better = shown(frame, _small(truth), edges=True)
    assert np.mean(better == 1.0) > 0.2
    assert np.mean(better == 0.0) > 0.3


def test_any_size_will_do() -> None:
    random = np.random.default_rng(1)
    for size, small in (((1, 1), (1, 1)), ((50, 70), (50, 70)), ((50, 70), (256, 256))):
        frame = random.integers(0, 256, (*size, 3)).astype(np.uint8)
        got = upsampled(frame, random.integers(0, 256, small).astype(np.uint8))
        assert got.shape == size
        assert got.min() >= 0.0
        assert got.max() <= 1.0


@pytest.mark.parametrize(("threshold", "softness"), [(0.5, 0.5), (0.2, 1.0), (0.8, 0.1), (0.5, 0)])
@pytest.mark.parametrize("size", [(640, 360), (500, 333), (161, 97)])
def test_what_the_threshold_makes_sure_of_need_not_be_weighed(
    size: tuple[int, int], threshold: float, softness: float
) -> None:
    frame, truth = person(*size)
    alpha = np.asarray(cv2.GaussianBlur(_small(truth), (0, 0), 5), np.uint8)
    every = levels(upsampled(frame, alpha), *size, threshold=threshold, softness=softness)
    got = shown(frame, alpha, edges=True, threshold=threshold, softness=softness)
    np.testing.assert_array_equal(got, every)


def test_only_the_edge_of_a_large_picture_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[int] = []
    weigh = upsample._Upsampler.__call__

    def counted(self: Any, rows: Any, columns: Any) -> Any:
        pixels, values = weigh(self, rows, columns)
        worked.append(pixels.size)
        return pixels, values

    monkeypatch.setattr(upsample._Upsampler, "__call__", counted)
    frame, truth = person(1280, 720)
    shown(frame, _small(truth), edges=True)
    assert 0 < sum(worked) < 0.1 * truth.size
