"""What is put behind the person, and how."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vb_worker.errors import UsageError, UserError
from vb_worker.offline.backgrounds import Blur, Colour, cover, open_background, weighted_blur
from vb_worker.offline.compose import cut_out, over

RED, BLUE = (230, 20, 20), (20, 20, 230)


def _split() -> tuple[np.ndarray, np.ndarray]:
    """A red person on the left half of a blue room, with its exact alpha."""
    frame = np.full((90, 160, 3), BLUE, np.uint8)
    frame[:, :80] = RED
    alpha = np.zeros((90, 160), np.float32)
    alpha[:, :80] = 1.0
    return frame, alpha


def test_texts_are_understood(tmp_path: Path) -> None:
    assert open_background("transparent") is None
    colour = open_background("#FF8000")
    assert isinstance(colour, Colour)
    frame, alpha = _split()
    assert (colour.behind(frame, alpha, 0.0) == (255, 128, 0)).all()
    assert isinstance(open_background("blur:12.5"), Blur)


@pytest.mark.parametrize("text", ["", "#12345", "#12345g", "blur", "blur:", "blur:0", "blur:9999"])
def test_texts_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        open_background(text)


def test_a_damaged_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing")
    with pytest.raises(UserError, match="damaged"):
        open_background(str(tmp_path / "bad.png"))


@pytest.mark.parametrize("sigma", [2.0, 24.0, 80.0])
def test_a_blur_holds_nothing_of_the_person(sigma: float) -> None:
    frame, alpha = _split()
    room = Blur(sigma).behind(frame, alpha, 0.0)
    assert np.abs(room[:, 80:].astype(int) - BLUE).max() <= 2, "the person bleeds into the room"


def test_where_no_room_is_near_a_blur_is_that_of_everything() -> None:
    random = np.random.default_rng(1)
    frame = random.integers(40, 256, (90, 160, 3), dtype=np.uint8)
    everything = weighted_blur(frame, np.ones((90, 160), np.float32), 6.0)
    full = np.ones((90, 160), np.float32)
    assert np.abs(Blur(6.0).behind(frame, full, 0.0).astype(int) - everything).max() <= 1
    left = full.copy()
    left[:, 80:] = 0.0
    far = Blur(6.0).behind(frame, left, 0.0)[:, :40].astype(int)
    assert np.abs(far - everything[:, :40]).max() <= 1


def test_a_blur_leaves_no_detail() -> None:
    random = np.random.default_rng(1)
    frame = random.integers(0, 256, (90, 160, 3), dtype=np.uint8)
    room = weighted_blur(frame, np.ones((90, 160), np.float32), 24.0)
    assert room.std() < 0.05 * frame.std()
    assert abs(float(room.mean()) - float(frame.mean())) < 3


def test_a_blur_is_as_wide_as_asked() -> None:
    frame = np.zeros((200, 400, 3), np.uint8)
    frame[:, 200:] = 255
    room = weighted_blur(frame, np.ones((200, 400), np.float32), 20.0)[100, :, 0].astype(float)
    # An edge blurred by a Gaussian is 16 % and 84 % one sigma before and after it.
    low, high = np.interp([0.1587 * 255, 0.8413 * 255], room, np.arange(400))
    assert (high - low) / 2 == pytest.approx(20.0, rel=0.1)


def test_sure_pixels_pass_unchanged() -> None:
    random = np.random.default_rng(1)
    frame = random.integers(0, 256, (90, 160, 3), dtype=np.uint8)
    behind = random.integers(0, 256, (90, 160, 3), dtype=np.uint8)
    alpha = np.zeros((90, 160), np.float32)
    alpha[:, :60] = 1.0
    alpha[:, 60:100] = 0.25
    got = over(frame, alpha, behind)
    np.testing.assert_array_equal(got[:, :60], frame[:, :60])
    np.testing.assert_array_equal(got[:, 100:], behind[:, 100:])
    mixed = 0.25 * frame[:, 60:100].astype(float) + 0.75 * behind[:, 60:100]
    assert np.abs(got[:, 60:100] - mixed).max() <= 0.5


def test_a_cut_out_hides_nothing_of_the_room_under_its_alpha() -> None:
    frame, alpha = _split()
    got = cut_out(frame, alpha)
    np.testing.assert_array_equal(got[..., 3], (alpha * 255).astype(np.uint8))
    np.testing.assert_array_equal(got[:, :80, :3], frame[:, :80])
    assert np.abs(got[:, 80:, :3].astype(int) - RED).max() <= 2


@pytest.mark.parametrize(("width", "height"), [(160, 90), (90, 160), (100, 100)])
def test_a_picture_covers_the_frame_without_being_squeezed(width: int, height: int) -> None:
    picture = np.zeros((120, 120, 3), np.uint8)
    cv2.circle(picture, (60, 60), 20, (255, 255, 255), -1)
    got = cover(picture, width, height)
    assert got.shape == (height, width, 3)
    ys, xs = np.nonzero(got[..., 0] > 127)
    assert np.ptp(xs) == pytest.approx(np.ptp(ys), abs=2)
    assert (xs.mean(), ys.mean()) == pytest.approx((width / 2, height / 2), abs=1.5)
