"""Strokes: the thing that one touches stays or goes as a whole, and the rest is the model's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.worker_pictures import iou, person
from vb_link import layout
from vb_worker.matte.stroke_rectangles import DROP, KEEP, Rectangle, SceneStrokes, drawn, strokes_of
from vb_worker.matte.strokes import EVERY, STRANGE_SECONDS, Strokes

W, H = 512, 288
FRAME = 1 / 30  # seconds
STILL = np.ones((144, 256), np.float32)
MOVING = np.zeros((144, 256), np.float32)
ON_CHAIR = Rectangle(DROP, 0.68, 0.6, 0.74, 0.75)
ON_BOOK = Rectangle(KEEP, 0.32, 0.62, 0.36, 0.68)


class Scene:
    """Someone before a chair that the model takes for her, with a book that it does not see."""

    def __init__(self, book: tuple[int, int] = (150, 150), light: float = 1.0) -> None:
        picture, person_alpha = person(W, H)
        ellipse = cv2.ellipse(np.zeros((H, W), np.uint8), (330, 215), (70, 95), 0, 0, 360, 1, -1)
        self.chair = (ellipse > 0) & (person_alpha < 0.02)
        self.book = np.zeros((H, W), bool)
        left, top = book
        self.book[top : top + 50, left : left + 50] = True
        random = np.random.default_rng(7)
        shade = np.linspace(-20, 25, H)[:, None, None] + random.normal(0, 5, (H, W, 1))
        green = np.array((30, 90, 60)) + shade
        pixels = np.where(self.chair[..., None], green, picture.astype(float))
        pixels[self.book] = (200, 40, 50)
        pixels[top + 10 : top + 16, left + 8 : left + 42] = (240, 220, 90)  # its title
        pixels = pixels * light + random.normal(0, 3, pixels.shape)
        self.picture = np.clip(pixels, 0, 255).astype(np.uint8)
        seen = np.where(self.book, 0.0, np.maximum(person_alpha, self.chair))
        self.model = np.asarray(cv2.GaussianBlur(seen.astype(np.float32), (0, 0), 3), np.float32)
        self.truth = np.where(self.book, 1.0, person_alpha).astype(np.float32)

    def corrected(self, strokes: Strokes, still: NDArray[np.float32] | None) -> NDArray[np.float32]:
        return strokes(self.picture, self.model, still, FRAME)


def _strokes(*rectangles: Rectangle) -> Strokes:
    strokes = Strokes()
    strokes.set(SceneStrokes(rectangles))
    return strokes


def test_without_strokes_the_answer_is_the_models() -> None:
    scene = Scene()
    assert scene.corrected(Strokes(), None) is scene.model
    assert scene.corrected(_strokes(), None) is scene.model


def test_a_chair_goes_and_a_book_stays_each_as_a_whole() -> None:
    scene = Scene()
    assert iou(scene.model, scene.truth) < 0.8
    got = scene.corrected(_strokes(ON_CHAIR, ON_BOOK), None)
    assert iou(got, scene.truth) > 0.97
    assert got[scene.chair].mean() < 0.03
    assert got[scene.book].mean() > 0.95
    only = scene.corrected(_strokes(ON_CHAIR), None)
    assert only[scene.chair].mean() < 0.03
    assert only[scene.book].mean() < 0.3, "what has no stroke was changed"


def test_a_book_is_followed_when_it_leaves_its_stroke() -> None:
    strokes = _strokes(ON_BOOK)
    for step in range(8):
        scene = Scene((150 - 8 * step, 150 - 10 * step), light=1.0 - 0.01 * step)
        got = scene.corrected(strokes, None if step == 0 else MOVING)
        assert got[scene.book].mean() > 0.9, step
        assert got[(scene.truth < 0.01) & ~scene.chair].mean() < 0.03, step


def test_a_thing_that_has_gone_leaves_nothing_behind_and_comes_back() -> None:
    strokes = _strokes(ON_BOOK)
    scene, without = Scene(), Scene((10, -100))
    for _ in range(3):
        scene.corrected(strokes, MOVING)
    where = without.corrected(strokes, MOVING)
    assert np.abs(where - without.model).max() < 1e-6
    for _ in range(round(2 * STRANGE_SECONDS / FRAME)):
        without.corrected(strokes, STILL)
    assert np.abs(without.corrected(strokes, STILL) - without.model).max() < 1e-6
    assert scene.corrected(strokes, MOVING)[scene.book].mean() > 0.95


def test_another_chair_under_the_stroke_goes_after_a_while() -> None:
    strokes = _strokes(ON_CHAIR)
    scene, other = Scene(), Scene()
    scene.corrected(strokes, None)
    other.picture[other.chair] = 255 - other.picture[other.chair]
    assert other.corrected(strokes, MOVING)[other.chair].mean() > 0.9
    for _ in range(round(STRANGE_SECONDS / FRAME) + 2 * EVERY):
        got = other.corrected(strokes, STILL)
    assert got[other.chair].mean() < 0.05


def test_a_stroke_on_the_wall_does_not_keep_the_room() -> None:
    scene = Scene()
    mark = Rectangle(KEEP, 0.05, 0.1, 0.15, 0.2)
    got = scene.corrected(_strokes(mark), None)
    added = (got > 0.5) & (scene.model < 0.5)
    assert added.mean() < 0.02


def test_what_was_learnt_for_a_scene_is_known_when_it_comes_back() -> None:
    strokes = Strokes()
    strokes.set(SceneStrokes((ON_BOOK,)), 1)
    Scene().corrected(strokes, None)
    strokes.set(SceneStrokes(), 2)
    moved = Scene((30, 20))
    assert moved.corrected(strokes, MOVING) is moved.model
    strokes.set(SceneStrokes((ON_BOOK,)), 1)
    # The wall is under the stroke now: it is no book.
    assert np.abs(moved.corrected(strokes, MOVING) - moved.model).max() < 1e-6
    assert Scene().corrected(strokes, MOVING)[Scene().book].mean() > 0.95


def test_between_cuts_nothing_changes_where_nothing_moves() -> None:
    strokes = _strokes(ON_CHAIR, ON_BOOK)
    scene = Scene()
    first = scene.corrected(strokes, None)
    for _ in range(EVERY - 2):
        assert np.array_equal(scene.corrected(strokes, STILL), first)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 36), (256, 256)])
def test_any_size_and_an_empty_mask_are_taken(size: tuple[int, int]) -> None:
    strokes = _strokes(ON_CHAIR, ON_BOOK)
    picture = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    for value in (0.0, 1.0):
        got = strokes(picture, np.full(size[::-1], value, np.float32), None, FRAME)
        assert got.shape == size[::-1]
        assert np.isfinite(got).all()


def test_strokes_of_a_channel_are_not_trusted() -> None:
    channel = layout.Channel()
    channel.stroke_kinds[:] = [KEEP, 77, DROP, 0]
    channel.stroke_edges[:4] = [float("nan"), -1e300, float("inf"), 0.5]
    channel.stroke_edges[8:12] = [0.9, 0.9, 0.1, 0.1]
    strokes = strokes_of(channel)
    assert strokes.rectangles == (
        Rectangle(KEEP, 0.5, 0.0, 1.0, 0.5),
        Rectangle(DROP, 0.9, 0.9, 0.1, 0.1),
    )
    kinds = drawn(strokes, 20, 10)
    assert (kinds == DROP).sum() == 16 * 8
