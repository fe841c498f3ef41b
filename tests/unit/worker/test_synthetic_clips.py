"""The made clips: exact alpha, the same every time, still and moving parts."""

from __future__ import annotations

import numpy as np

from tests.unit.worker_pictures import person
from vb_worker.bench.synthetic_clips import Clip, cut_to_person, drawn_room


def _clip(frames: int = 24) -> Clip:
    cut = cut_to_person(*person(320, 180))
    assert cut is not None
    return Clip(*cut, drawn_room(160, 90, 3), width=320, height=180, frames=frames)


def test_a_clip_is_the_same_every_time() -> None:
    first, second = list(_clip()), list(_clip())
    assert len(first) == 24
    for (a, alpha), (b, other) in zip(first, second):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(alpha, other)


def test_the_truth_stands_still_moves_slowly_changes_light_and_moves_fast() -> None:
    frames = list(_clip())
    steps = [float(np.abs(b - a).sum()) for (_, a), (_, b) in zip(frames, frames[1:])]
    assert max(steps[:5]) == 0.0
    assert max(steps[12:17]) == 0.0
    slow, fast = max(steps[6:11]), max(steps[18:])
    assert 0.0 < slow < 0.5 * fast
    light = [float(frame.mean()) for frame, _ in frames]
    assert light[15] < 0.9 * light[12]


def test_the_picture_is_the_person_over_the_room_with_noise() -> None:
    frame, alpha = next(iter(_clip()))
    assert frame.shape == (180, 320, 3)
    assert alpha.shape == (180, 320)
    assert 0.1 < alpha.mean() < 0.7
    assert alpha[-1].max() == 1.0, "the person ends above the lower border"
    other, _ = list(_clip())[1]
    noise = (frame.astype(float) - other)[alpha == 0.0].std()
    assert 1.0 < noise < 8.0


def test_a_picture_of_nobody_gives_no_person() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    assert cut_to_person(picture, np.zeros((20, 20), np.float32)) is None
