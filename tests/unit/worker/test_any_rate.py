"""What means seconds lasts as long at 5 masks a second as at 60, and with uneven gaps.

Times are given, so no machine is too slow for these tests.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vb_link.layout import PLATE_FITS, PLATE_UNFIT
from vb_worker.bench.synthetic_clips import drawn_room
from vb_worker.matte.crops import PATIENCE_SECONDS, Tracker
from vb_worker.matte.exposure import EASE_SECONDS, Exposure
from vb_worker.matte.plate import LEAST_FRAMES, MISFIT_SECONDS, TAKE_SECONDS, Plate
from vb_worker.matte.stabilise import AFTER, KEPT_FADING, KEPT_STILL, Stabiliser
from vb_worker.matte.stroke_rectangles import DROP, Rectangle, SceneStrokes
from vb_worker.matte.strokes import EVERY, STRANGE_SECONDS, Strokes
from vb_worker.people.shapes import Person
from vb_worker.time_step import LONGEST_STEP, TimeStep, smoothing

Plane = NDArray[np.float32]
Picture = NDArray[np.uint8]

W, H = 256, 144
ROOM = drawn_room(W, H, 4)
BODY = np.s_[50:144, 100:150]
BOOK = np.s_[75:90, 150:175]
CHAIR = np.s_[75:144, 200:230]
ASIDE = -60  # pixels that the person moves
UNCOVERED = np.s_[50:144, 118:150]  # where they were, and their book is not
NOBODY = np.zeros((H, W), np.float32)
RATES = ("5", "10", "15", "30", "60", "uneven")
_NOISE = [np.random.default_rng(seed).normal(0, 2, (H, W, 3)) for seed in range(5)]


def _steps(rate: str, seconds: float) -> list[float]:
    """Return the gaps between masks that fill so many seconds."""
    if rate != "uneven":
        return [1 / float(rate)] * round(seconds * float(rate))
    random = np.random.default_rng(8)
    gaps: list[float] = []
    while sum(gaps) < seconds:
        gaps.append(float(random.uniform(1 / 60, LONGEST_STEP)))
    return gaps


def _longest(rate: str) -> float:
    return LONGEST_STEP if rate == "uneven" else 1 / float(rate)


def _noisy(picture: NDArray[np.floating] | Picture, number: int) -> Picture:
    return np.clip(picture + _NOISE[number % 5], 0, 255).astype(np.uint8)


def _cold_room() -> Picture:
    """Return a room that has red nowhere but in a chair: its colours tell little of that light."""
    room = np.zeros((H, W, 3), np.uint8)
    room[..., 2] = np.linspace(60, 150, W)
    room[..., 1] = np.linspace(140, 70, H)[:, None]
    for left in range(12, W, 48):
        room[12:32, left : left + 20] = (0, 60, 200)
        room[36:46, left + 8 : left + 40] = (0, 170, 30)
    room[CHAIR] = (115, 60, 30)
    return room


def _someone(
    light: float, number: int, aside: int = 0, room: Picture = ROOM
) -> tuple[Picture, Plane]:
    """Return someone with a book before a chair; the model sees the chair and not the book."""
    picture = room.copy()
    answer = NOBODY.copy()
    for part, colour in ((BODY, (250, 20, 200)), (BOOK, (20, 250, 30))):
        picture[part[0], part[1].start + aside : part[1].stop + aside] = colour
    answer[BODY[0], BODY[1].start + aside : BODY[1].stop + aside] = 1.0
    answer[CHAIR] = 0.5
    return _noisy(picture * np.float32(light), number), answer


def _inner(plane: Plane, part: tuple[slice, slice], aside: int = 0) -> Plane:
    rows, columns = part
    inside = slice(columns.start + aside + 5, columns.stop + aside - 5)
    return plane[rows.start + 5 : rows.stop - 5, inside]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("room", [ROOM, _cold_room()], ids=["warm", "cold"])
def test_the_plate_follows_light_that_falls_by_a_third_and_comes_back(
    rate: str, room: Picture
) -> None:
    plate = Plate(room)
    now, wrong = 0.0, []
    gaps = _steps(rate, 8.0)
    for number, passed in enumerate(gaps):
        light = 1.0 - 0.3 * (1 - abs(2 * now / 8 - 1))
        aside = ASIDE if now > 4 else 0  # what was behind them then has the new light, too
        got = plate(*_someone(light, number, aside, room), passed)
        good = (
            _inner(got, CHAIR).max() < 0.1
            and _inner(got, BODY, aside).min() > 0.9
            and _inner(got, BOOK, aside).min() > 0.9
            and (not aside or _inner(got, UNCOVERED).max() < 0.1)
        )
        if not good or plate.state != PLATE_FITS:
            wrong.append(round(now, 2))
        now += passed
    assert not wrong


@pytest.mark.parametrize("rate", RATES)
def test_that_a_plate_does_not_fit_is_said_after_half_a_second(rate: str) -> None:
    plate = Plate(ROOM)
    picture, answer = _someone(1.0, 0)
    turned, where = np.ascontiguousarray(picture[:, ::-1]), np.ascontiguousarray(answer[:, ::-1])
    plate(picture, answer, 0.0)
    now = 0.0
    for passed in _steps(rate, 3.0):
        now += passed
        assert plate(turned, where, passed) is where
        if plate.state == PLATE_UNFIT:
            break
    assert MISFIT_SECONDS - 1e-6 <= now <= MISFIT_SECONDS + _longest(rate) + 1e-6


@pytest.mark.parametrize("rate", RATES)
def test_a_plate_is_taken_of_as_long_a_time(rate: str) -> None:
    plate = Plate()
    plate.take()
    plate(_noisy(ROOM, 0), NOBODY, 5.0)
    now = 0.0
    for number, passed in enumerate(_steps(rate, 3.0), 1):
        now += passed
        plate(_noisy(ROOM, number), NOBODY, passed)
        if plate.state == PLATE_FITS:
            break
    assert now >= TAKE_SECONDS - 1e-6
    assert now <= max(TAKE_SECONDS + _longest(rate), LEAST_FRAMES * _longest(rate)) + 1e-6


def test_one_long_gap_is_no_long_time() -> None:
    plate = Plate()
    plate.take()
    for number in range(2):
        plate(_noisy(ROOM, number), NOBODY, 60.0)
    assert plate.state != PLATE_FITS, "a plate of two pictures"
    plate = Plate(ROOM)
    plate(ROOM[:, ::-1].copy(), NOBODY, 60.0)
    assert plate.state == PLATE_FITS, "one odd picture"


@pytest.mark.parametrize("rate", RATES)
def test_the_gain_in_low_light_follows_in_the_same_time(rate: str) -> None:
    lit, dark = (np.full((H, W, 3), value, np.uint8) for value in (200, 20))
    wanted = float(Exposure()(dark, 0.0)[0, 0, 0])
    exposure = Exposure()
    exposure(lit, 0.0)
    now = 0.0
    for passed in _steps(rate, 0.6):
        now += passed
        seen = float(exposure(dark, passed)[0, 0, 0])
    expected = 20 + (wanted - 20) * smoothing(now, EASE_SECONDS)
    assert seen == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize("rate", RATES)
def test_a_mask_on_a_still_picture_is_held_as_long(rate: str) -> None:
    still = np.ones((H, W), np.float32)
    trembling, fading = Stabiliser(), Stabiliser()
    for steady, first in ((trembling, 0.5), (fading, 1.0)):
        steady(np.full((H, W), first, np.float32), None, 0.0)
    now = 0.0
    for passed in _steps(rate, 0.2):
        now += passed
        held = trembling(np.full((H, W), 0.54, np.float32), still, passed)
        if now < 0.05:  # a large step down, to a half
            fading(np.full((H, W), 0.5, np.float32), still, passed)
    assert held[0, 0] == pytest.approx(0.54 - 0.04 * KEPT_STILL ** (now / AFTER), abs=0.002)
    gone = fading(np.full((H, W), 0.0, np.float32), still, 0.2)
    assert gone[0, 0] < KEPT_FADING**6 + 0.01


@pytest.mark.parametrize("rate", RATES)
def test_the_closer_box_shrinks_after_the_same_time(rate: str) -> None:
    large, small = NOBODY.copy(), NOBODY.copy()
    large[10:140, 50:200] = small[40:100, 100:140] = 1.0
    tracker = Tracker()
    tracker.update(large, 0.0)
    box = tracker.box
    now = 0.0
    for passed in _steps(rate, 3.0):
        now += passed
        tracker.update(small, passed)
        if tracker.box != box:
            break
    assert PATIENCE_SECONDS - 1e-6 <= now <= PATIENCE_SECONDS + _longest(rate) + 1e-6


@pytest.mark.parametrize("rate", RATES)
def test_another_chair_under_a_stroke_is_taken_after_the_same_time(rate: str) -> None:
    strokes = Strokes()
    strokes.set(SceneStrokes((Rectangle(DROP, 0.8, 0.6, 0.88, 0.8),)))
    still = np.ones((H, W), np.float32)
    picture, answer = _someone(1.0, 0)
    picture[CHAIR] = (30, 90, 60)
    strokes(picture, answer, None, 0.0)
    other = picture.copy()
    other[CHAIR] = (200, 150, 190)
    strokes(other, answer, 1.0 - still, 0.0)
    now = 0.0
    for passed in _steps(rate, 8.0):
        now += passed
        if strokes(other, answer, still, passed)[100, 215] < 0.5:
            break
    cuts = EVERY * _longest(rate)  # it is looked for in every so many-th frame
    assert STRANGE_SECONDS - 1e-6 <= now <= STRANGE_SECONDS + cuts + 1e-6


@pytest.mark.parametrize("rate", RATES)
def test_someone_hidden_moves_on_as_fast_as_before(rate: str) -> None:
    shape = np.zeros((72, 128), np.uint8)
    shape[20:60, 10:30] = 1
    person = Person(1, shape, 800.0, np.zeros(1, np.float32), (20.0, 40.0), born=0.0, seen=0.0)
    for passed in _steps(rate, 1.0):
        person.move((20 * passed, 0.0), 1.0, passed)
    x = person.centre[0]
    hidden = 0.0
    for passed in _steps(rate, 1.0):
        hidden += passed
        person.move((0.0, 0.0), 0.0, passed)
    assert person.centre[0] - x == pytest.approx(20 * hidden, abs=0.5)


def test_time_that_stands_or_runs_back_is_no_time() -> None:
    step = TimeStep()
    assert [step(now) for now in (7.0, 7.5, 7.5, 7.0, 8.0)] == [0.0, 0.5, 0.0, 0.0, 1.0]
    assert step(None) == 0.0
    assert smoothing(0.0, 1.0) == 0.0
