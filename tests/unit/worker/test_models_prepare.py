"""The network is fed exactly what its manifest says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vb_worker.models.manifest import InputSpec
from vb_worker.models.prepare import Preparer, resize

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


def _spec(layout: str, colour: str) -> InputSpec:
    return InputSpec(8, 6, layout, colour, 255.0, MEAN, STD, "stretch")


def _picture(channels: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (6, 8, channels), dtype=np.uint8)


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("colour", ["RGB", "BGR"])
@pytest.mark.parametrize("channels", [3, 4])
def test_layout_colour_mean_and_std(layout: str, colour: str, channels: int) -> None:
    picture = _picture(channels)
    expected = picture[..., :3].astype(np.float64)
    if colour == "BGR":
        expected = expected[..., ::-1]
    expected = (expected / 255 - MEAN) / STD
    if layout == "NCHW":
        expected = expected.transpose(2, 0, 1)
    feed = Preparer(_spec(layout, colour))(picture)
    assert feed.dtype == np.float32
    assert feed.flags.c_contiguous
    np.testing.assert_allclose(feed[0], expected, atol=1e-5)


def test_shrinking_averages_instead_of_picking() -> None:
    stripes = np.zeros((60, 80, 3), np.uint8)
    stripes[:, ::2] = 255  # picked pixels would be all black or all white
    small = resize(stripes, 8, 6)
    assert abs(small.astype(int) - 128).max() <= 1


def test_a_picture_that_fits_is_not_touched() -> None:
    picture = _picture(4)
    assert resize(picture, 8, 6) is picture
