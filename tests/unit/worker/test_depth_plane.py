"""A depth goes with the alphas, at one scale, and never holds them up for long."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from vb_worker.matte.depth_plane import Depths, DepthStream, SteadyDepth, Turns
from vb_worker.models import Manifest

W, H = 64, 36


def red_is_near(folder: Path) -> Manifest:
    """Return a depth model whose answer is the red channel."""
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (0, 1, 1))
    graph.node("Slice", "picture", begin, end, axis, out="out")
    shape = [1, 3, H, W]
    file = graph.save(
        folder / "red.onnx", [("picture", FLOAT, shape)], [("out", FLOAT, [1, 1, H, W])]
    )
    return manifest_for(file, 'kind = "depth"\nnear = "high"', width=W, height=H, name="red")


def _ramp() -> NDArray[np.uint8]:
    picture = np.zeros((H, W, 4), np.uint8)
    picture[..., 0] = np.linspace(40, 200, W)
    picture[..., 3] = 255
    return picture


def test_the_plane_is_the_models_answer_255_nearest(tmp_path: Path) -> None:
    depths, stream = Depths({"red": red_is_near(tmp_path)}), DepthStream()
    depths.choose(stream, "red")
    assert stream.sized(W, H) is None
    depths.see(stream, _ramp(), 2.0, 1)
    plane = stream.sized(W, H)
    assert plane is not None and plane.dtype == np.uint8
    assert plane[:, 0].max() < 8
    assert plane[:, -1].min() > 247
    assert (np.diff(plane[0].astype(int)) >= 0).all()
    other = stream.sized(32, 18)
    assert other is not None and other.shape == (18, 32)


def test_none_is_chosen_and_a_model_that_is_not_there_or_no_depths_is_said(tmp_path: Path) -> None:
    people = manifest_for(
        red_is_near(tmp_path).weights, 'kind = "probability"', width=W, height=H, name="people"
    )
    depths, stream = Depths({"people": people}), DepthStream()
    depths.choose(stream, "")
    depths.see(stream, _ramp(), 2.0, 1)
    assert (stream.plane, stream.error) == (None, None)
    for name, told in (("gone", "not installed"), ("people", "finds no depth")):
        depths.choose(stream, name)
        assert name in str(stream.error) and told in str(stream.error)
        depths.see(stream, _ramp(), 2.0, 1)
        assert stream.plane is None
    depths.choose(stream, "")
    assert stream.error is None


def test_a_model_that_fails_on_a_picture_is_said_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock stands still: a slow first run would leave the next picture out.
    depths = Depths({"red": red_is_near(tmp_path)}, clock=lambda: 0.0)
    stream = DepthStream()
    depths.choose(stream, "red")
    depths.see(stream, _ramp(), 2.0, 1)
    assert stream.plane is not None
    depths.see(stream, np.zeros((0, 0, 4), np.uint8), 2.0, 1)
    assert "red failed on a picture" in str(stream.error)
    assert stream.plane is None, "an old depth goes on as if it were new"


def _scene(hand: bool, brightness: int = 0) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return a depth by the picture's own scale (0 farthest, 1 nearest), and the picture."""
    far_to_near = np.tile(np.linspace(0.2, 0.6, W, dtype=np.float32), (H, 1))
    picture = np.full((H, W, 3), 90 + brightness, np.uint8)
    picture[..., 1] = np.linspace(60, 200, W)
    if hand:
        far_to_near[10:30, 10:24] = 1.2
        picture[10:30, 10:24] = 230
    low, high = far_to_near.min(), far_to_near.max()
    return np.asarray((far_to_near - low) / (high - low), np.float32), picture


def test_what_stands_still_keeps_its_depth_when_a_hand_comes_near() -> None:
    steady = SteadyDepth()
    room = np.ones((H, W), bool)
    room[6:34, 6:28] = False
    begin, picture = _scene(hand=False)
    before = steady(begin, picture, 0.0)
    answer, picture = _scene(hand=True)
    assert np.abs(answer - before)[room].max() > 0.4, "the answer itself does not jump"
    for _ in range(5):
        plane = steady(answer, picture, 1 / 30)
        assert np.abs(plane - before)[room].mean() < 0.03
    assert plane[14:26, 14:20].min() > 0.95
    back = steady(*_scene(hand=False), 1 / 30)
    assert np.abs(back - before)[room].mean() < 0.05


def test_the_answers_own_scale_comes_through_within_seconds() -> None:
    steady = SteadyDepth()
    steady(*_scene(hand=False), 0.0)
    answer, picture = _scene(hand=True)
    for _ in range(30 * 12):
        plane = steady(answer, picture, 1 / 30)
    assert np.abs(plane - answer).mean() < 0.03


def test_another_picture_begins_another_scale() -> None:
    steady = SteadyDepth()
    steady(*_scene(hand=False), 0.0)
    answer, picture = _scene(hand=True)
    plane = steady(answer, 255 - picture, 1 / 30)
    np.testing.assert_array_equal(plane, answer)


def _waits(took: float, alpha: float, period: float, frames: int = 3000) -> tuple[float, float]:
    """Return the share of frames with a depth, and the mean wait for an alpha.

    The newest frame is taken, as in the worker; the wait of each frame is until an alpha of it
    or of a newer one is begun.
    """
    turns = Turns()
    free = made = waited = 0.0
    done = -1
    while done < frames:
        newest = max(done + 1, int(free / period + 1e-9))
        begins = max(newest * period, free)
        waited += sum(begins - number * period for number in range(done + 1, newest + 1))
        done = newest
        free = begins + alpha
        if turns.frame(free, alpha, count=newest + 1):
            made += 1
            free += took
            turns.took(took)
    return made / done, waited / done


@pytest.mark.parametrize("took", [0.005, 0.025])
def test_a_depth_that_fits_between_two_frames_is_made_each_time(took: float) -> None:
    share, waited = _waits(took, alpha=0.002, period=1 / 30)
    assert share > 0.99
    assert waited < 1e-3 * took


@pytest.mark.parametrize("took", [0.04, 0.08, 0.3])
def test_a_slow_depth_is_made_seldom(took: float) -> None:
    alpha = 0.003
    share, waited = _waits(took, alpha, period=1 / 30)
    assert 0.0 < share < 0.5
    assert waited <= 1.1 * alpha, "alphas take more than twice as long as without"


def test_the_cost_of_the_scale_is_small() -> None:
    random = np.random.default_rng(2)
    picture = cv2.blur(random.integers(0, 256, (144, 256, 4), np.uint8), (9, 9))
    answer = random.random((192, 320), np.float32)
    steady, took = SteadyDepth(), []
    for _ in range(40):
        begin = cv2.getTickCount()
        steady(answer, np.asarray(picture, np.uint8), 1 / 30)
        took.append((cv2.getTickCount() - begin) / cv2.getTickFrequency())
    assert np.percentile(took, 20) < 2e-3
