"""The picture of before, mask and after."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vb_demo import picture
from vb_demo.picture import PictureError

BLUE = np.full((90, 160, 3), (200, 40, 20), np.uint8)
MASK = np.zeros((45, 80), np.uint8)
MASK[:, 40:] = 255
GLASS = np.full((180, 320, 4), (60, 200, 100, 128), np.uint8)


def test_three_panels_stand_in_a_row_with_gaps() -> None:
    joined = picture.join(BLUE, MASK, GLASS, width=646)
    gap = 2
    panel = (646 - 2 * gap) // 3
    assert joined.shape == (round(panel * 90 / 160), 646, 3)
    row = joined[5].astype(int)
    assert (row[10] == (200, 40, 20)).all()
    assert (row[panel : panel + gap] == 255).all()
    assert (row[panel + gap + 5] == 0).all()
    assert (row[2 * panel + gap - 5] == 255).all()
    assert np.abs(row[-1] - (30, 100, 50)).max() <= 1, "half transparent is half as bright"


def test_each_panel_is_labelled_in_its_corner() -> None:
    grey = np.full((360, 640, 3), 128, np.uint8)
    joined = picture.join(grey, grey, grey, width=1932)
    for left in (0, 646, 1292):
        panel = joined[:, left : left + 640]
        assert (panel[:250] == 128).all(), "the label reaches into the picture"
        assert (panel[280:] > 240).any(), "no letters"
        assert (panel[280:] < 70).any(), "no tag behind the letters"
    assert (joined[:, :640] != joined[:, 646:1286]).any(), "the labels are all the same"
    assert (grey == 128).all(), "the caller's picture was drawn on"


def test_the_command_writes_a_png(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    for name, image in zip(names, (BLUE, MASK, GLASS)):
        cv2.imwrite(name, image)
    out = tmp_path / "out.png"
    assert picture.main([*names, "-o", str(out), "--width", "646"]) == 0
    written = cv2.imread(str(out))
    assert written is not None
    assert np.array_equal(written, picture.join(BLUE, MASK, GLASS, width=646))


def test_an_error_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    with pytest.raises(PictureError, match=r"text\.png"):
        picture.join(BLUE, text, BLUE)
    good = tmp_path / "good.png"
    cv2.imwrite(str(good), BLUE)
    missing = tmp_path / "missing.png"
    for arguments in (
        [good, missing, good, "-o", tmp_path / "o.png"],
        [good, good, good, "-o", tmp_path / "no folder" / "o.png"],
        [good, good, good, "-o", tmp_path / "o.nothing"],
    ):
        assert picture.main([str(argument) for argument in arguments]) == 1
        assert capsys.readouterr().err.count("\n") == 1
