"""The clean plate: furniture goes, held things stay, and what no longer fits is not used."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.unit.worker_pictures import person
from vb_link.layout import PLATE_FITS, PLATE_NONE, PLATE_TAKING, PLATE_UNFIT
from vb_worker.bench.synthetic_clips import drawn_room
from vb_worker.cli import main
from vb_worker.matte.plate import MISFIT_SECONDS, TAKE_SECONDS, Plate

HEIGHT, WIDTH = 288, 512
ROOM = drawn_room(WIDTH, HEIGHT, 4)
BODY = np.s_[100:288, 200:300]
CHAIR = np.s_[150:288, 400:460]
FRAME = 1 / 30  # seconds
NOBODY = np.zeros((HEIGHT, WIDTH), np.float32)


def _noisy(picture: NDArray[np.uint8], seed: int = 1) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _scene(seed: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return someone before the room, and a model's answer that takes the chair for a person."""
    picture = ROOM.copy()
    picture[BODY] = (250, 20, 200)
    answer = NOBODY.copy()
    answer[BODY] = answer[CHAIR] = 1.0
    return _noisy(picture, seed), answer


def test_without_a_plate_the_answer_is_the_models() -> None:
    picture, answer = _scene()
    assert Plate()(picture, answer, FRAME) is answer


def test_what_looks_like_the_empty_room_is_room() -> None:
    plate = Plate(ROOM)
    picture, answer = _scene()
    got = plate(picture, answer, FRAME)
    assert plate.state == PLATE_FITS
    assert got[CHAIR].max() < 0.05
    assert got[104:284, 204:296].min() > 0.95


def test_a_thing_that_is_held_stays_and_a_shadow_does_not() -> None:
    picture, answer = _scene()
    picture[150:180, 300:350] = (20, 250, 30)  # held out to the side, unseen by the model
    shadow = np.s_[200:288, 300:330]
    picture[shadow] = np.clip(_noisy(ROOM)[shadow] * 0.75, 0, 255)
    got = Plate(ROOM)(picture, answer, FRAME)
    assert got[156:174, 306:344].min() > 0.9
    assert got[210:280, 306:326].max() < 0.1


def test_something_that_changed_far_from_anyone_is_not_added() -> None:
    picture, answer = _scene()
    picture[20:60, 20:80] = (20, 250, 30)
    assert Plate(ROOM)(picture, answer, FRAME)[20:60, 20:80].max() < 0.05


def test_holes_in_someone_in_the_rooms_colours_are_held_by_what_is_around() -> None:
    picture, answer = _scene()
    picture[170:186, 240:256] = _noisy(ROOM)[170:186, 240:256]
    assert Plate(ROOM)(picture, answer, FRAME)[172:184, 242:254].min() > 0.7


def test_a_plate_is_taken_when_nobody_is_there() -> None:
    plate = Plate()
    assert plate.state == PLATE_NONE
    plate.take()
    picture, answer = _scene()
    for _ in range(round(2 * TAKE_SECONDS / FRAME)):
        assert plate(picture, answer, FRAME) is answer
    assert plate.state == PLATE_TAKING, "a person became part of the plate"
    for seed in range(round(TAKE_SECONDS / FRAME) + 1):
        plate(_noisy(ROOM, seed), NOBODY, FRAME)
    assert plate.state == PLATE_FITS
    assert plate(picture, answer, FRAME)[CHAIR].max() < 0.05
    plate.drop()
    assert plate.state == PLATE_NONE
    assert plate(picture, answer, FRAME) is answer


def test_slow_and_sudden_changes_of_light_are_followed() -> None:
    plate = Plate(ROOM)
    picture, answer = _scene()
    for light in (1.0, 0.97, 0.9, 0.8, 0.6):
        got = plate(np.clip(picture * light, 0, 255).astype(np.uint8), answer, FRAME)
        assert plate.state == PLATE_FITS
        assert got[CHAIR].mean() < 0.1, light
    for step in range(200):  # the sun warms a corner
        picture[:100, :100] = np.clip(_noisy(ROOM, step)[:100, :100] + 0.1 * step, 0, 255)
        got = plate(picture, answer, FRAME)
    assert plate.state == PLATE_FITS
    answer[:80, :80] = 1.0
    assert plate(picture, answer, FRAME)[:70, :70].mean() < 0.1


def test_a_moved_camera_is_noticed_and_the_model_stands_alone() -> None:
    plate = Plate(ROOM)
    picture, answer = _scene()
    moved = np.ascontiguousarray(picture[:, ::-1])
    mirrored = np.ascontiguousarray(answer[:, ::-1])
    for _ in range(round(MISFIT_SECONDS / FRAME) + 1):
        got = plate(moved, mirrored, FRAME)
        assert got is mirrored
    assert plate.state == PLATE_UNFIT
    assert plate(picture, answer, FRAME)[CHAIR].max() < 0.05, "back in place it is not used again"
    assert plate.state == PLATE_FITS


def test_another_working_size_keeps_the_plate() -> None:
    plate = Plate(ROOM)
    picture, answer = _scene()
    plate(picture, answer, FRAME)
    size = (256, 256)
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    got = plate(small, np.asarray(cv2.resize(answer, size), np.float32), FRAME)
    assert plate.state == PLATE_FITS
    assert got[150:250, 204:226].mean() < 0.1


def test_the_command_takes_a_picture_of_the_room(tmp_path: Path) -> None:
    picture, truth = person(320, 180)
    other, other_truth = person(320, 180, 0.25)
    everyone = np.where(truth[..., None] > 0.02, picture, other)
    for name, pixels in (("two", everyone), ("one", other)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels[..., ::-1])
    command = ["mask", str(tmp_path / "two.png"), "-o", str(tmp_path / "out")]
    assert main(command) == 0
    before = cv2.imread(str(tmp_path / "out/two.png"), cv2.IMREAD_GRAYSCALE)
    assert main([*command, "--plate", str(tmp_path / "one.png")]) == 0
    after = cv2.imread(str(tmp_path / "out/two.png"), cv2.IMREAD_GRAYSCALE)
    assert before is not None
    assert after is not None
    alone = (truth < 0.02) & (other_truth > 0.98)  # only the one of the plate is here
    assert before[alone].mean() > 100
    assert after[alone].mean() < 0.3 * before[alone].mean()
    assert main([*command, "--plate", str(tmp_path / "absent.png")]) == 1


def test_a_plain_room_that_was_turned_is_told_by_its_edges() -> None:
    room = np.full((288, 512, 3), 110, np.uint8)
    for left in range(40, 512, 120):
        room[60:160, left : left + 12] = (40, 60, 190)
    nobody = np.zeros((288, 512), np.float32)
    plate = Plate(room)
    for _ in range(30):
        plate(room, nobody, FRAME)
    assert plate.state == PLATE_FITS
    turned = np.roll(room, 50, axis=1)
    assert (np.abs(turned.astype(int) - room).max(-1) > 8).mean() < 0.2, "most looks alike"
    for _ in range(30):
        plate(turned, nobody, FRAME)
    assert plate.state == PLATE_UNFIT
