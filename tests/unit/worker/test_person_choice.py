"""One person of two stays in the mask, and it stays the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.network_time import share_of_finding
from tests.unit.two_people import BLUE, FRAMES_PER_SECOND, Stand, as_probability, draw
from vb_worker.people.choice import MODES, PersonChoice
from vb_worker.people.tracker import FORGET_SECONDS


@dataclass
class Shown:
    """What of each person's true mask is shown in a frame, as a share of it."""

    of_first: float
    of_second: float


def _play(
    choice_of: Sequence[object],
    stands: Sequence[tuple[Stand, Stand]],
    noise: float = 3.0,
    rate: float = FRAMES_PER_SECOND,
) -> list[Shown]:
    """Run a clip (back person, front person) through a choice (mode, x, y)."""
    random = np.random.default_rng(7)
    moment = [0.0]
    choice = PersonChoice(*choice_of, clock=lambda: moment[0])  # type: ignore[arg-type]
    shown = []
    for number, pair in enumerate(stands):
        moment[0] = number / rate
        picture, seen = draw(*pair)
        noisy = np.clip(picture + random.normal(0, noise, picture.shape), 0, 255)
        kept = choice(as_probability(seen), noisy.astype(np.uint8))
        parts = [
            float((kept > 0.5)[mask > 0.5].sum() / max((mask > 0.5).sum(), 300)) for mask in seen
        ]
        shown.append(Shown(*parts))
    return shown


def _line(a: float, b: float, count: int = 60) -> NDArray[np.float64]:
    return np.linspace(a, b, count)


APART = (Stand(0.25, 0.6, BLUE), Stand(0.75, 0.7))


def _picture() -> tuple[NDArray[np.uint8], NDArray[np.float32], list[NDArray[np.float32]]]:
    picture, seen = draw(*APART)
    return picture, as_probability(seen), seen


def test_all_changes_nothing() -> None:
    picture, probability, _ = _picture()
    assert PersonChoice("all")(probability, picture) is probability


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        (("largest",), 1),
        (("follow", 0.2, 0.8), 0),
        (("follow", 0.9, 0.1), 1),
    ],
)
def test_the_one_chosen_stays_as_it_is_and_the_other_goes(choice: tuple[object], kept: int) -> None:
    picture, probability, seen = _picture()
    result = PersonChoice(*choice)(probability, picture)  # type: ignore[arg-type]
    near = seen[kept] > 0.01
    np.testing.assert_array_equal(result[near], probability[near])  # soft edge and all
    assert result[seen[1 - kept] > 0.01].max() == 0.0


def test_central_takes_the_one_nearer_to_the_middle() -> None:
    picture, seen = draw(Stand(0.4, 0.5, BLUE), Stand(0.85, 0.8))
    result = PersonChoice("central")(as_probability(seen), picture)
    assert result[seen[0] > 0.5].min() > 0.5
    assert result[seen[1] > 0.5].max() == 0.0


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="follow"):
        PersonChoice("tallest")


def test_nobody_gives_an_empty_mask() -> None:
    picture, probability, _ = _picture()
    choice = PersonChoice("largest")
    assert choice(np.zeros_like(probability), picture).max() == 0.0
    assert choice(probability, picture).max() > 0.9


@pytest.mark.parametrize("followed", [0, 1])
def test_touching_people_are_divided_and_part_again(followed: int) -> None:
    way = [*_line(0, 0.15, 30), *_line(0.15, 0, 30)]
    stands = [(Stand(0.2 + d, 0.6, BLUE), Stand(0.7 - d, 0.65)) for d in way]
    shown = _play(("follow", stands[0][followed].x, 0.8), stands)
    mine = [(s.of_first, s.of_second)[followed] for s in shown]
    other = [(s.of_first, s.of_second)[1 - followed] for s in shown]
    assert min(mine) > 0.88
    assert max(other) < 0.12
    assert mine[-1] > 0.97
    assert other[-1] < 0.01


CROSSINGS = {
    "front passes": [(Stand(0.5, 0.5, BLUE), Stand(x, 0.6)) for x in _line(0.12, 0.85)],
    "both pass": [(Stand(x, 0.5, BLUE), Stand(1 - x, 0.6)) for x in _line(0.15, 0.85)],
    "sizes change": [
        (Stand(x, 0.36 + 0.4 * x, BLUE), Stand(0.9 - 0.7 * x, 0.5)) for x in _line(0.15, 0.85)
    ],
    "hidden for a second": [
        (Stand(0.5, 0.45, BLUE), Stand(x, 0.75))
        for x in (*_line(0.02, 0.48, 25), *[0.48] * 30, *_line(0.48, 0.98, 25))
    ],
    "turns back": [
        (Stand(0.5, 0.45, BLUE), Stand(x, 0.7))
        for x in (*_line(0.02, 0.45, 25), *[0.45] * 10, *_line(0.45, 0.02, 25))
    ],
}


@pytest.mark.parametrize("name", CROSSINGS)
@pytest.mark.parametrize("followed", [0, 1])
def test_the_same_person_is_followed_through_a_crossing(name: str, followed: int) -> None:
    stands = CROSSINGS[name]
    shown = _play(("follow", stands[0][followed].x, 0.8), stands)
    last = [(s.of_first, s.of_second) for s in shown[-5:]]
    assert min(pair[followed] for pair in last) > 0.9
    assert max(pair[1 - followed] for pair in last) < 0.05
    if followed == 1:
        # In front, and whole all the time: never away, whoever is behind.
        assert min(s.of_second for s in shown) > 0.7


def test_who_is_lost_for_a_moment_is_waited_for() -> None:
    there = [*[True] * 20, *[False] * 25, *[True] * 15]
    stands = [(replace(APART[0], there=t), APART[1]) for t in there]
    shown = _play(("follow", 0.25, 0.8), stands)
    assert max(s.of_second for s in shown) == 0.0, "another person took the place"
    assert min(s.of_first for s in shown[:20] + shown[-13:]) > 0.95


def test_somebody_else_in_the_lost_ones_place_is_not_them() -> None:
    first = [APART] * 20
    swapped = [(replace(APART[0], tint=(0.3, 1.3, 0.3)), APART[1])] * 20
    shown = _play(
        ("follow", 0.25, 0.8),
        [*first, *[(replace(APART[0], there=False), APART[1])] * 10, *swapped],
    )
    assert max(max(s.of_first, s.of_second) for s in shown[21:]) == 0.0


def test_who_stays_away_is_replaced_by_the_nearest() -> None:
    away = int((FORGET_SECONDS + 0.5) * FRAMES_PER_SECOND)
    stands = [APART] * 20 + [(replace(APART[0], there=False), APART[1])] * away
    shown = _play(("follow", 0.25, 0.8), stands)
    assert shown[20 + int(0.8 * FORGET_SECONDS * FRAMES_PER_SECOND)].of_second == 0.0
    assert shown[-1].of_second > 0.95


@pytest.mark.parametrize("mode", ["largest", "follow"])
def test_who_is_not_found_once_in_an_obs_of_few_frames_is_not_replaced(mode: str) -> None:
    larger = (replace(APART[0], tall=0.8), APART[1])
    stands = [larger] * 4 + [(replace(larger[0], there=False), larger[1])] + [larger] * 2
    shown = _play((mode, 0.25, 0.8), stands, rate=0.4)
    assert max(s.of_second for s in shown) == 0.0
    assert min(s.of_first for s in shown[:4] + shown[-1:]) > 0.95


def test_the_largest_is_kept_unless_another_is_clearly_larger_for_a_while() -> None:
    def sizes(*of_first: float) -> list[tuple[Stand, Stand]]:
        return [(replace(APART[0], tall=tall), replace(APART[1], tall=0.6)) for tall in of_first]

    wavering = sizes(*[0.62, 0.58, 0.64, 0.57] * 10)
    shown = _play(("largest",), wavering)
    assert min(s.of_first for s in shown) > 0.95
    shown = _play(("largest",), [*wavering, *sizes(*[0.4] * 30)])
    assert shown[40].of_first > 0.95, "it changed at once"
    assert shown[-1].of_first == 0.0
    assert shown[-1].of_second > 0.95


def test_central_does_not_flip_between_two_at_the_same_distance() -> None:
    stands = [
        (Stand(0.25 + d, 0.6, BLUE), Stand(0.75 + d, 0.6)) for d in [0.0, 0.03, -0.03, 0.02] * 10
    ]
    shown = _play(("central",), stands)
    first = shown[0].of_first > 0.5
    assert all((s.of_first > 0.5) == first and (s.of_second > 0.5) != first for s in shown)


def test_a_detached_hand_stays_with_its_person() -> None:
    picture, probability, _ = _picture()
    hand = np.zeros_like(probability)
    hand[60:74, 88:98] = 1.0  # beside the first person's head
    result = PersonChoice("follow", 0.25, 0.8)(np.maximum(probability, hand), picture)
    assert result[60:74, 88:98].min() > 0.9
    result = PersonChoice("follow", 0.75, 0.8)(np.maximum(probability, hand), picture)
    assert result[60:74, 88:98].max() == 0.0


@pytest.mark.parametrize("late", [False, True])
def test_a_small_person_who_touches_soon_is_not_lost_to_the_other(late: bool) -> None:
    before = [(Stand(0.6, 0.4, BLUE, there=False), Stand(0.1, 0.8))] * 10 * late
    stands = [(Stand(0.6, 0.4, BLUE), Stand(x, 0.8)) for x in _line(0.1, 0.3, 20)]
    shown = _play(("follow", 0.6, 0.8), [*before, *stands])
    if late:  # the point was the large one's, as nobody else was there
        assert min(s.of_second for s in shown) > 0.95
    else:
        assert min(s.of_first for s in shown) > 0.7
        assert max(s.of_second for s in shown) < 0.1


def test_a_change_of_the_point_begins_anew() -> None:
    picture, probability, seen = _picture()
    choice = PersonChoice("follow", 0.25, 0.8)
    choice(probability, picture)
    choice.set("follow", 0.25, 0.8)
    assert choice(probability, picture)[seen[1] > 0.5].max() == 0.0
    choice.set("follow", 0.75, 0.8)
    result = choice(probability, picture)
    assert result[seen[0] > 0.5].max() == 0.0
    assert result[seen[1] > 0.6].min() > 0.5


def test_instances_part_people_who_touch_from_the_first_picture() -> None:
    picture, seen = draw(Stand(0.4, 0.7, BLUE), Stand(0.6, 0.75))
    probability = as_probability(seen)
    instances = np.stack(seen)
    for followed, x in ((0, 0.3), (1, 0.65)):
        result = PersonChoice("follow", x, 0.8)(probability, picture, instances)
        assert (result > 0.5)[seen[followed] > 0.5].mean() > 0.97
        assert (result > 0.5)[seen[1 - followed] > 0.5].mean() < 0.05


@pytest.mark.parametrize(
    "size", [(1, 1), (3, 200), (200, 3), (25, 200), (31, 128), (144, 256), (512, 512)]
)
def test_any_size_is_taken(size: tuple[int, int]) -> None:
    picture = np.zeros((*size, 4), np.uint8)
    choice = PersonChoice("largest")
    for _ in range(3):
        assert choice(np.ones(size, np.float32), picture).shape == size
    assert choice(np.ones((5, 7), np.float32), picture).min() == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_masks_without_sense_are_taken_and_nothing_is_added(seed: int) -> None:
    random = np.random.default_rng(seed)
    for mode in MODES:
        moment = [0.0]
        height, width = (int(side) for side in random.integers(1, 200, 2))
        choice = PersonChoice(mode, *random.random(2), clock=lambda now=moment: now[0])  # type: ignore[misc]
        for number in range(25):
            moment[0] += float(random.choice([0.033, 0.5, 3.0, -1.0]))
            blobs = cv2.GaussianBlur(random.random((height, width)), (0, 0), random.choice([1, 4]))
            blobs = np.clip((blobs.reshape(height, width) - 0.5) * 20 + 0.5, 0, 1)
            picture = random.integers(0, 256, (height, width, 3), np.uint8)
            instances = random.random((number % 4, height, width), np.float32)
            probability = blobs.astype(np.float32)
            kept = choice(probability, picture, instances if seed == 0 else None)
            assert kept.shape == probability.shape
            assert (kept >= 0).all() and (kept <= probability + 1e-6).all()


def test_it_costs_less_than_finding_the_person() -> None:
    stands = CROSSINGS["both pass"]
    clip = [(picture, as_probability(seen)) for picture, seen in (draw(*pair) for pair in stands)]
    choice = PersonChoice("follow", 0.15, 0.8)
    pictures = [picture for picture, _ in clip]
    assert share_of_finding(lambda n: choice(clip[n][1], pictures[n]), pictures) < 0.8
