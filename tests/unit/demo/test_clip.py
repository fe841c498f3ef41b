"""The sample clip: its alpha is true, its loop closes, its files are what they say."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vb_demo import backdrop, clip, room
from vb_demo.clip import ClipError

WIDTH, HEIGHT = 320, 180
NOISE_LIMIT = 6 * clip.NOISE + 1


def test_where_the_alpha_is_nothing_the_picture_is_the_room() -> None:
    drawn = room.room(WIDTH, HEIGHT).astype(int)
    for t in (0.0, 3.3):
        picture, alpha = clip.frame(t, WIDTH, HEIGHT)
        difference = np.abs(picture.astype(int) - drawn).max(axis=2)
        assert difference[alpha == 0].max() <= NOISE_LIMIT
        assert difference[alpha == 0].mean() > 0.3, "there is no sensor noise"
        assert (difference[alpha == 255] > NOISE_LIMIT).mean() > 0.8


def test_the_alpha_explains_each_pixel() -> None:
    """One person over two flat rooms: their difference is (1 - alpha) times the rooms'."""
    black, alpha = clip.frame(1.7, WIDTH, HEIGHT, room_color=(0, 0, 0), noise=False)
    white, same = clip.frame(1.7, WIDTH, HEIGHT, room_color=(255, 255, 255), noise=False)
    assert np.array_equal(alpha, same)
    rest = white.astype(int) - black
    assert np.abs(rest - (255 - alpha.astype(int))[..., None]).max() <= 1
    assert ((alpha > 0) & (alpha < 255)).any(), "the edge is not soft"


def test_no_colour_of_the_old_background_is_left_at_the_edge() -> None:
    """Over black the edge of hair over grey would shine; hers is no lighter than the hair."""
    picture, alpha = clip.frame(0.0, 1280, 720, room_color=(0, 0, 0), noise=False)
    top = slice(0, 330)  # hair only
    edge = (alpha[top] > 40) & (alpha[top] < 215)
    own = picture[top][edge] / (alpha[top][edge, None] / 255)
    hair = picture[top][alpha[top] == 255]
    assert edge.sum() > 500
    assert np.median(own) < np.median(hair) + 10


def test_the_person_fills_the_frame_as_before_a_webcam() -> None:
    for step in range(10):
        _, alpha = clip.frame(step, WIDTH, HEIGHT)
        rows = np.flatnonzero((alpha > 127).any(axis=1))
        assert 0.70 <= (HEIGHT - rows[0]) / HEIGHT <= 0.82
        bottom = np.flatnonzero(alpha[-1] == 255)
        assert len(bottom) > WIDTH / 4, "a cut line shows at the bottom"
        assert bottom[-1] - bottom[0] == len(bottom) - 1
        assert not alpha[:, 0].any()
        assert not alpha[:, -1].any()


def test_it_moves_by_little_and_the_loop_closes() -> None:
    def alpha(t: float) -> np.ndarray:
        return clip.frame(t, WIDTH, HEIGHT)[1].astype(int)

    steps = [np.abs(alpha((i + 1) / 30) - alpha(i / 30)).mean() for i in range(0, 300, 15)]
    seam = np.abs(alpha(300 / 30) - alpha(299 / 30)).mean()
    assert np.array_equal(alpha(clip.PERIOD), alpha(0.0))
    assert seam <= 1.5 * max(steps)
    assert np.abs(alpha(5.0) - alpha(0.0)).mean() > 3 * max(steps), "it hardly moves"


def test_a_short_loop_closes_and_is_calm() -> None:
    first = clip.true_alpha(0, width=WIDTH, height=HEIGHT, seconds=2.0).astype(int)
    last = clip.true_alpha(59, width=WIDTH, height=HEIGHT, seconds=2.0).astype(int)
    assert np.array_equal(clip.true_alpha(60, width=WIDTH, height=HEIGHT, seconds=2.0), first)
    assert np.abs(first - last).mean() < 2


def test_the_same_frame_is_the_same_picture() -> None:
    first, again = clip.frame(2.0, WIDTH, HEIGHT), clip.frame(2.0, WIDTH, HEIGHT)
    assert np.array_equal(first[0], again[0])
    again[0][:] = 0  # what a caller does to its picture is its own affair
    assert np.array_equal(first[0], clip.frame(2.0, WIDTH, HEIGHT)[0])


def test_the_files_hold_the_clip_and_its_truth(tmp_path: Path) -> None:
    path, truth = tmp_path / "clip.mp4", tmp_path / "truth.mkv"
    arguments = [str(path), "--truth", str(truth), "--size", f"{WIDTH}x{HEIGHT}",
                 "--fps", "25", "--seconds", "1.2", "--room-color", "#20c040"]  # fmt: skip
    assert clip.main(arguments) == 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.pix_fmt == "yuv420p"
        assert stream.average_rate == Fraction(25)
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(stream)]
    with av.open(str(truth)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "ffv1"
        alphas = [frame.to_ndarray(format="gray") for frame in container.decode(stream)]
    assert len(pictures) == len(alphas) == 30
    for index in (0, 17, 29):
        expected = clip.true_alpha(index, width=WIDTH, height=HEIGHT, fps=25, seconds=1.2)
        assert np.array_equal(alphas[index], expected)
        far = cv2.dilate(alphas[index], np.ones((9, 9), np.uint8)) == 0
        assert np.abs(np.median(pictures[index][far], axis=0) - (0x40, 0xC0, 0x20)).max() <= 3


def test_an_error_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ClipError, match="even numbers"):
        clip.make_clip(tmp_path / "a.mp4", width=321, height=180)
    missing = tmp_path / "no folder" / "a.mp4"
    assert clip.main([str(missing), "--size", "64x64", "--seconds", "0.1"]) == 1
    said = capsys.readouterr().err
    assert str(missing) in said
    assert said.count("\n") == 1


def test_room_and_backdrop_have_any_size_and_stay_the_same() -> None:
    for width, height in ((160, 90), (90, 160), (97, 61)):
        assert room.room(width, height).shape == (height, width, 3)
        assert backdrop.backdrop(width, height).shape == (height, width, 3)
    small = cv2.resize(room.room(640, 360), (160, 90), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(small - room.room(160, 90)).mean() < 6, "the room changes with its size"
    with pytest.raises(ValueError, match="too small"):
        room.room(8, 8)


def test_the_cutout_is_the_one_its_licence_describes() -> None:
    folder = clip.CUTOUT.parent
    digest = "4e5a7a0a513976a7387c9b7978e38665b77b50865908558e94249ac9083a256e"
    assert hashlib.sha256(clip.CUTOUT.read_bytes()).hexdigest() == digest
    source = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"
    assert source in (folder / "LICENCE.txt").read_text("utf-8")
    assert source in (folder / "make_cutout.py").read_text("utf-8")
