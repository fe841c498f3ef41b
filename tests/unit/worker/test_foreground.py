"""Soft edges carry the person's colours, not the old room's."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.offline.foreground import own_colours

PERSON, ROOM = np.array([200.0, 60, 40]), np.array([30.0, 90, 220])


def _mixed() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return someone in one colour before a room in another, with an edge 20 pixels wide."""
    alpha = np.zeros((180, 320), np.float32)
    cv2.circle(alpha, (160, 90), 60, 1.0, -1)
    alpha = np.clip(cv2.GaussianBlur(alpha, (0, 0), 6) * 1.04 - 0.02, 0, 1).astype(np.float32)
    frame = alpha[..., None] * PERSON + (1 - alpha[..., None]) * ROOM
    return np.rint(frame).astype(np.uint8), alpha


def test_the_rooms_colour_is_taken_out_of_the_edge() -> None:
    frame, alpha = _mixed()
    own = own_colours(frame, alpha)
    edge = (alpha > 0.1) & (alpha < 0.9)
    before = np.abs(frame[edge] - PERSON).mean()
    after = np.abs(own[edge] - PERSON).mean()
    assert after < 0.6 * before


def test_what_is_sure_is_unchanged() -> None:
    frame, alpha = _mixed()
    own = own_colours(frame, alpha)
    sure = (alpha == 0.0) | (alpha == 1.0)
    np.testing.assert_array_equal(own[sure], frame[sure])
    assert own_colours(frame, np.ones_like(alpha)) is frame


def test_the_persons_own_detail_stays() -> None:
    frame, alpha = _mixed()
    striped = frame.copy()
    striped[:, ::4] = np.clip(striped[:, ::4].astype(int) - 30, 0, 255)
    own = own_colours(striped, alpha).astype(int)
    edge = np.nonzero((alpha[90] > 0.6) & (alpha[90] < 0.95))[0]
    stripes = edge[edge % 4 == 0]
    beside = (own[90, stripes - 1, 0] + own[90, stripes + 1, 0]) / 2
    assert (beside - own[90, stripes, 0]).mean() > 15


def test_a_large_picture_is_cleaned_as_a_small_one_is() -> None:
    frame, alpha = _mixed()
    # Means of a large picture are taken from a smaller one.
    large = cv2.resize(frame, (1280, 720), interpolation=cv2.INTER_LINEAR)
    large_alpha = cv2.resize(alpha, (1280, 720), interpolation=cv2.INTER_LINEAR)
    own = own_colours(np.asarray(large, np.uint8), np.asarray(large_alpha, np.float32))
    there = cv2.resize(own, (320, 180), interpolation=cv2.INTER_AREA)
    edge = (alpha > 0.1) & (alpha < 0.9)
    assert np.abs(there.astype(int) - own_colours(frame, alpha))[edge].mean() < 3
