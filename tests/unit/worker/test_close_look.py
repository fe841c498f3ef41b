"""Which looks are taken when, and what becomes of them; the model is a stand-in that is asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vb_worker.matte.close_look import CloseLook
from vb_worker.matte.movement import small_size
from vb_worker.matte.quality import PRESETS, Quality

HEIGHT, WIDTH = 288, 512
FRAME = 1 / 30  # seconds
SMALL = small_size(WIDTH, HEIGHT)[::-1]
STILL = np.ones(SMALL, np.float32)
PERSON = np.s_[100:200, 150:220]
BALANCED = PRESETS["balanced"]


class Asked:
    """Answers with the red channel, and notes the pictures' sizes."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.sizes.append((picture.shape[1], picture.shape[0]))
        return picture[..., 0].astype(np.float32) / np.float32(255)


def _scene() -> NDArray[np.uint8]:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[PERSON] = 255
    return picture


def _looks(quality: Quality, pictures: list[NDArray[np.uint8]]) -> tuple[Asked, list[int]]:
    asked = Asked()
    close_look = CloseLook(asked, quality)
    counts = []
    for number, picture in enumerate(pictures):
        before = len(asked.sizes)
        close_look(picture, STILL if number else None, FRAME)
        counts.append(len(asked.sizes) - before)
    return asked, counts


def test_the_whole_picture_then_a_close_and_a_mirrored_look() -> None:
    asked, counts = _looks(BALANCED, [_scene()])
    assert counts == [3]
    assert asked.sizes[0] == (WIDTH, HEIGHT)
    assert asked.sizes[1] == asked.sizes[2]
    assert asked.sizes[1][0] < WIDTH / 3, "the close look is not close"


def test_a_still_scene_costs_a_look_a_frame_and_now_and_then_a_second() -> None:
    asked, counts = _looks(BALANCED, [_scene()] * 25)
    assert max(counts[1:]) == 2
    whole = asked.sizes[1:].count((WIDTH, HEIGHT))
    assert whole == 24 // BALANCED.every
    assert whole - 1 <= sum(counts[1:]) - 24 - whole <= whole, "the mirrored looks"


def test_fast_looks_closely_but_never_in_the_mirror_and_best_three_times() -> None:
    asked, counts = _looks(PRESETS["fast"], [_scene()] * 25)
    whole = asked.sizes.count((WIDTH, HEIGHT))
    assert whole == 1 + 24 // PRESETS["fast"].every
    assert sum(counts) - whole == 25, "a close look a frame, and none in the mirror"
    assert _looks(PRESETS["best"], [_scene()] * 4)[1] == [3] * 4


def test_nobody_is_looked_for_once_a_frame() -> None:
    nobody = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert _looks(BALANCED, [nobody] * 4)[1] == [1] * 4


def test_movement_outside_the_box_calls_for_the_whole_picture_at_once() -> None:
    asked = Asked()
    close_look = CloseLook(asked, BALANCED)
    close_look(_scene(), None, FRAME)
    close_look(_scene(), STILL, FRAME)
    newcomer = _scene()
    newcomer[50:288, 400:480] = 255
    moved = STILL.copy()
    moved[25:, 200:240] = 0.0
    assert close_look(newcomer, moved, FRAME)[60:280, 405:475].min() > 0.99, (
        "someone is cut for a frame"
    )


def test_what_moved_is_seen_by_looks_at_this_frame_alone() -> None:
    close_look = CloseLook(Asked(), BALANCED)
    close_look(_scene(), None, FRAME)
    close_look(_scene(), STILL, FRAME)
    gone = _scene()
    gone[100:150, 150:220] = 0  # the person's upper half, inside the box
    moved = STILL.copy()
    moved[48:77, 73:112] = 0.0
    result = close_look(gone, moved, FRAME)
    assert result[100:146, 155:215].max() < 0.01, "a ghost of the last looks"
    assert result[156:196, 155:215].min() > 0.99


def test_the_mirrored_look_is_averaged_where_nothing_moves() -> None:
    def one_sided(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen = picture[..., 0].astype(np.float32) / np.float32(255)
        if picture.shape[1] < WIDTH:  # in close looks it sees the left half worse
            seen[:, : seen.shape[1] // 2] *= 0.8
        return seen

    result = CloseLook(one_sided, BALANCED)(_scene(), None, FRAME)
    left, right = result[120:180, 160:180].mean(), result[120:180, 190:210].mean()
    assert abs(left - 0.9) < 0.01
    assert abs(right - 0.9) < 0.01


def test_what_the_close_look_denies_stays_away() -> None:
    def seen_from_afar(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen = picture[..., 0].astype(np.float32) / np.float32(255)
        return seen if picture.shape[1] == WIDTH else np.zeros_like(seen)

    close_look = CloseLook(seen_from_afar, BALANCED)
    for number in range(20):
        result = close_look(_scene(), STILL if number else None, FRAME)
        assert result[PERSON].max() < 0.01, f"a chair comes and goes: frame {number}"


def test_another_size_starts_anew() -> None:
    close_look = CloseLook(Asked(), BALANCED)
    close_look(_scene(), None, FRAME)
    smaller = np.ascontiguousarray(_scene()[::2, ::2])
    result = close_look(smaller, np.ones((144, 256), np.float32), FRAME)
    assert result.shape == (144, 256)
    assert result[55:95, 80:105].min() > 0.99
