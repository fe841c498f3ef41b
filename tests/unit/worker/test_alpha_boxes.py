"""The boxes say where an alpha is above each level."""

from __future__ import annotations

import numpy as np

from vb_link import layout
from vb_worker.matte.alpha_boxes import boxes


def test_each_level_has_the_smallest_box_around_what_is_above_it() -> None:
    alpha = np.zeros((20, 30), np.uint8)
    alpha[5:15, 10:25] = 20  # above 1 / 16, not above 2 / 16
    alpha[8:10, 12:14] = 255
    found = boxes(alpha)
    assert len(found) == 4 * layout.BOXES
    assert found[:8] == [10, 5, 25, 15] * 2
    assert found[8:] == [12, 8, 14, 10] * 6


def test_an_empty_alpha_has_empty_boxes() -> None:
    assert boxes(np.zeros((4, 4), np.uint8)) == [0] * 4 * layout.BOXES
