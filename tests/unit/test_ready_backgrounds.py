"""The pictures that ship as ready backgrounds."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.ready_backgrounds import __main__ as drawing
from vb_link import folders, texts
from vb_link.ready_backgrounds import MOVING_BACKGROUNDS, READY_BACKGROUNDS

PICTURES = {name: folders.ready_background(name) for name in READY_BACKGROUNDS}


def _shipped(name: str) -> npt.NDArray[np.uint8]:
    picture = cv2.imread(str(PICTURES[name]))
    assert picture is not None
    return np.asarray(picture, np.uint8)


def test_they_are_a_dozen_small_files_and_nothing_else() -> None:
    assert len(PICTURES) >= 12
    folder = next(iter(PICTURES.values())).parent
    assert set(folder.iterdir()) == set(PICTURES.values())
    assert sum(path.stat().st_size for path in PICTURES.values()) < 1_500_000


def test_each_has_a_name_and_fills_a_large_picture() -> None:
    for name in PICTURES:
        for locale in ("en-US", "ja-JP"):
            assert texts.load(locale)[f"Background.{name}"]
        height, width = _shipped(name).shape[:2]
        assert height == 1080
        assert width >= 1.4 * 1920 if name in MOVING_BACKGROUNDS else width == 1920, name


def test_some_are_light_and_some_are_dark() -> None:
    bright = [_shipped(name).mean() for name in PICTURES]
    assert sum(value > 140 for value in bright) >= 4
    assert sum(value < 70 for value in bright) >= 4


@pytest.mark.parametrize("name", ["studio_light"])
def test_the_command_draws_what_ships(name: str) -> None:
    difference = np.abs(drawing.picture(name).astype(int) - _shipped(name)[..., ::-1])
    assert difference.mean() < 2.0
