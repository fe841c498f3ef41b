"""The box for the closer look: tight, inside the picture, and held."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vb_worker.matte.crops import Box, Tracker, find_box, shows_all

HEIGHT, WIDTH = 288, 512
FRAME = 1 / 30  # seconds


def _people(*boxes: Box) -> NDArray[np.float32]:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = 0.9
    return mask


def test_a_box_is_tight_and_square() -> None:
    box = find_box(_people((200, 80, 280, 200)))
    assert box is not None
    left, top, right, bottom = box
    assert right - left == pytest.approx(bottom - top, abs=1)
    assert bottom - top == pytest.approx(1.1 * 120, abs=5)
    assert (left + right) / 2 == pytest.approx(240, abs=4)


@pytest.mark.parametrize("person", [(0, 100, 60, 288), (480, 0, 512, 40), (100, 0, 400, 288)])
def test_a_box_stays_inside_the_picture_and_holds_the_person(person: Box) -> None:
    box = find_box(_people(person))
    assert box is not None
    assert box[0] >= 0
    assert box[1] >= 0
    assert box[2] <= WIDTH
    assert box[3] <= HEIGHT
    assert box[0] <= person[0] <= person[2] <= box[2]
    assert box[1] <= person[1] <= person[3] <= box[3]


def test_everyone_is_in_the_box() -> None:
    box = find_box(_people((40, 60, 90, 200), (300, 100, 380, 288)))
    assert box is not None
    assert box[0] <= 40
    assert box[2] >= 380


def test_specks_and_the_unsure_are_nobody() -> None:
    assert find_box(_people((100, 100, 108, 108))) is None
    assert find_box(np.full((HEIGHT, WIDTH), 0.4, np.float32)) is None


def test_a_box_is_held_through_small_movement_and_grows_at_once() -> None:
    tracker = Tracker()
    tracker.update(_people((200, 80, 280, 200)), FRAME)
    held = tracker.box
    for shift in (1, -2, 2, 0):
        tracker.update(_people((200 + shift, 80, 280 + shift, 200)), FRAME)
        assert tracker.box == held
    tracker.update(_people((200, 80, 330, 200)), FRAME)
    assert tracker.box is not None
    assert tracker.box[2] >= 330


def test_a_box_shrinks_after_a_while_and_goes_with_the_person() -> None:
    tracker = Tracker()
    tracker.update(_people((100, 20, 400, 280)), FRAME)
    large = tracker.box
    small = _people((200, 80, 280, 200))
    tracker.update(small, FRAME)
    assert tracker.box == large
    for _ in range(30):
        tracker.update(small, FRAME)
    assert tracker.box is not None
    assert tracker.box[2] - tracker.box[0] < 160
    tracker.update(_people(), FRAME)
    assert tracker.box is None


def test_a_box_of_nearly_everything_is_known() -> None:
    assert shows_all((0, 0, 500, 280), WIDTH, HEIGHT)
    assert not shows_all((0, 0, 288, 288), WIDTH, HEIGHT)


def test_no_rounding_leads_out_of_the_picture() -> None:
    for width in range(180, 200):
        for left in range(100, 110):
            mask = np.zeros((101, width), np.float32)
            mask[20:90, left:] = 1.0
            box = find_box(mask)
            assert box is not None
            assert box[2] <= width
            assert box[3] <= 101
