"""The clean plate in a running OBS, and strokes: furniture goes, what is held stays.

The model's answer is the picture's red channel: the person fully; a chair partly, which therefore
leaks into the mask; a book that is held not at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clips import write_clip
from tests.obs import painted
from tests.obs.stage import CAMERA, FILTER, SCENE, SIZE, Image, Stage, wait_for
from vb_demo.errors import ObsError
from vb_demo.obs_session import SCRIPT
from vb_link import layout, texts
from vb_link.settings import SCENE_FILTER_ID

ENGLISH = texts.load("en-US")
PANEL = Path(__file__).resolve().parent / "scripts" / "filter_panel.py"
BODY = np.s_[220:720, 480:760]
CHAIR = np.s_[320:720, 860:1060]
BOOK = np.s_[420:540, 360:480]
FPS = 30


def _inner(part: tuple[slice, ...], by: int = 24) -> tuple[slice, ...]:
    return tuple(slice(side.start + by, side.stop - by) for side in part)


def _room() -> Image:
    """Return a room with a chair, BGR; neither cold walls nor shelves have any red."""
    room = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    room[..., 0] = np.linspace(60, 150, SIZE[0])
    room[..., 1] = np.linspace(140, 70, SIZE[1])[:, None]
    for left in range(60, 1280, 240):
        room[60:160, left : left + 100] = (200, 60, 0)
        room[180:230, left + 40 : left + 200] = (30, 170, 0)
    room[CHAIR] = (30, 60, 115)  # its red is under a half: where nobody is the model finds nobody
    return room


def _somebody(room: Image) -> Image:
    picture = room.copy()
    picture[BODY] = (40, 20, 255)
    picture[BOOK] = (220, 230, 10)
    return picture


def _clip(path: Path, picture: Image, lights: list[float], moved: int = 0) -> Path:
    """Write a clip with a camera's noise."""
    random = np.random.default_rng(5)
    noise = [random.normal(0, 2, (SIZE[1], SIZE[0], 1)).astype(np.float32) for _ in range(5)]
    turned = np.roll(picture, moved, axis=1)
    frames = (
        np.clip(turned * np.float32(light) + noise[number % 5], 0, 255).astype(np.uint8)
        for number, light in enumerate(lights)
    )
    return write_clip(path, frames, FPS, preset="ultrafast", crf="12", bf="0")


@pytest.fixture
def red_model(data_folder: Path) -> str:
    return painted.install_model(data_folder / "models", "red_stays")


class Seat:
    """An OBS whose camera plays one clip after the other."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.folder = stage, folder

    def play(self, file: Path) -> None:
        self.stage.obs.request(
            "SetInputSettings",
            {"inputName": CAMERA, "inputSettings": {"local_file": str(file), "looping": True}},
        )

    def press(self, button: str) -> str:
        """Press a button of the filter's panel; return the status that was above it."""
        asked = {"source": CAMERA, "filter": FILTER, "button": button, "list": "sync_source"}
        (self.folder / "press.new").write_text(json.dumps(asked))
        (self.folder / "press.new").rename(self.folder / "press")
        self.stage.obs.request("CreateScene", {"sceneName": f"Event {time.monotonic_ns()}"})
        wait_for((self.folder / "shown").exists, 5, "the panel")
        (self.folder / "shown").unlink()
        # The panel breaks the status into lines.
        return " ".join((self.folder / "status").read_text("utf-8").split())

    def wait_for_status(self, key: str) -> None:
        """Wait until the panel has the text ``key``: the script writes it by and by."""
        wait_for(lambda: ENGLISH[key] in self.press("none"), 5, f"the text {key} in the panel")

    def wait_for_plate(self, state: int, seconds: float = 15) -> None:
        wait_for(
            lambda: self.stage.channels()[0].plate_state == state, seconds, f"plate state {state}"
        )

    def alpha(self) -> Image:
        try:
            return self.stage.shot(CAMERA)[..., 3]
        except ObsError:  # between two clips the camera has no size
            time.sleep(0.5)
            return self.stage.shot(CAMERA)[..., 3]


@pytest.fixture
def seat(
    start_obs: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Seat]:
    monkeypatch.setenv("PANEL_FOLDER", str(tmp_path))
    with start_obs(scripts=((SCRIPT, {}), (PANEL, {}))) as stage:
        stage.obs.add_input(SCENE, CAMERA, "ffmpeg_source", {"local_file": "", "looping": True})
        yield Seat(stage, tmp_path)


def _share(alpha: Image, part: tuple[slice, ...]) -> float:
    return float(alpha[_inner(part)].mean() / 255)


def test_the_plate_is_taken_by_the_button_and_what_is_in_it_goes(
    seat: Seat, tmp_path: Path, red_model: str
) -> None:
    # One test from beginning to end, if a long one: each step goes on from the state before it.
    steady = [1.0] * FPS
    day = [1.0 - 0.3 * (1 - abs(2 * at / 240 - 1)) for at in range(240)]
    room = _room()
    empty = _clip(tmp_path / "empty.mp4", room, steady)
    sitting = _clip(tmp_path / "sitting.mp4", _somebody(room), steady)
    darker = _clip(tmp_path / "darker.mp4", _somebody(room), day)
    turned = _clip(tmp_path / "turned.mp4", _somebody(room), steady, moved=110)
    turned_empty = _clip(tmp_path / "turned-empty.mp4", room, steady, moved=110)
    stage = seat.stage

    # Without a plate the chair leaks and the book is missing.
    seat.play(sitting)
    stage.add_filter(model=red_model, background="transparent", threshold=0.3, softness=0.0)
    stage.wait_for_mask()
    wait_for(lambda: _share(seat.alpha(), CHAIR) > 0.95, 10, "the chair in the model's mask")
    assert _share(seat.alpha(), BOOK) < 0.05

    # Nothing is taken while somebody is there.
    stage.set_filter(clean_plate=True)
    seat.wait_for_plate(layout.PLATE_TAKING)
    seat.press("clean_plate_button")
    seat.wait_for_status("Plate.taking")
    time.sleep(1.0)
    assert stage.channels()[0].plate_state == layout.PLATE_TAKING
    seat.play(empty)
    seat.wait_for_plate(layout.PLATE_FITS)
    seat.play(sitting)

    def right() -> bool:
        shown = seat.alpha()
        return (
            _share(shown, BODY) > 0.97
            and _share(shown, BOOK) > 0.95
            and _share(shown, CHAIR) < 0.02
        )

    wait_for(right, 10, "the person and the book without the chair")
    cv2.imwrite(str(tmp_path / "with-plate.png"), stage.shot(CAMERA))
    seat.wait_for_status("Plate.fits")

    # The light drops by a third and comes back, in eight seconds.
    seat.play(darker)
    wait_for(right, 5, "the same in the first light")
    good = []
    until = time.monotonic() + 9
    while time.monotonic() < until:
        good.append(right())
        assert stage.channels()[0].plate_state == layout.PLATE_FITS
    assert np.mean(good) > 0.9, good

    # The camera is turned: the status says so, and only the model is used.
    seat.play(turned)
    seat.wait_for_plate(layout.PLATE_UNFIT)
    moved = np.s_[CHAIR[0], CHAIR[1].start + 110 : CHAIR[1].stop + 110]
    wait_for(lambda: _share(seat.alpha(), moved) > 0.95, 5, "the model's own answer")
    cv2.imwrite(str(tmp_path / "turned.png"), stage.shot(CAMERA))
    seat.play(turned_empty)
    seat.wait_for_status("Plate.unfit")
    seat.press("clean_plate_button")
    seat.wait_for_plate(layout.PLATE_FITS)
    seat.play(turned)
    book = np.s_[BOOK[0], BOOK[1].start + 110 : BOOK[1].stop + 110]

    def right_again() -> bool:
        shown = seat.alpha()
        return _share(shown, book) > 0.95 and _share(shown, moved) < 0.02

    wait_for(right_again, 10, "the book without the chair again")


def _rectangle(number: int, kind: str, *edges: float) -> dict[str, Any]:
    key = f"zone{number}"
    names = ("left", "top", "right", "bottom")
    return {key: kind, **{f"{key}_{name}": edge for name, edge in zip(names, edges)}}


def test_a_stroke_takes_the_whole_chair_and_the_whole_book_in_its_scene(
    start_obs: Callable[..., Any], tmp_path: Path, red_model: str
) -> None:
    strokes = {
        **_rectangle(1, "drop_thing", 0.72, 0.6, 0.78, 0.7),
        **_rectangle(2, "keep_thing", 0.31, 0.64, 0.34, 0.69),
    }
    with start_obs() as stage:
        stage.picture(CAMERA, _somebody(_room()))
        stage.add_filter(model=red_model, background="transparent", threshold=0.3, softness=0.0)
        stage.wait_for_mask()

        def shares() -> tuple[float, float, float]:
            shown = stage.shot(CAMERA)[..., 3]
            return _share(shown, BODY), _share(shown, BOOK), _share(shown, CHAIR)

        def plain() -> bool:
            body, book, chair = shares()
            return body > 0.97 and book < 0.05 and chair > 0.95

        def corrected() -> bool:
            body, book, chair = shares()
            return body > 0.97 and book > 0.95 and chair < 0.02

        wait_for(plain, 10, "the model's own answer")
        # The scene's own strokes, saved with it.
        stage.obs.add_filter(SCENE, "Own", SCENE_FILTER_ID, {"own_zones": True, **strokes})
        wait_for(corrected, 10, "the chair gone and the book kept")
        shown = stage.shot(CAMERA)
        cv2.imwrite(str(tmp_path / "with-strokes.png"), shown)
        outside = shown[..., 3].copy()
        for part in (BODY, BOOK):
            rows, columns = part
            outside[rows.start - 24 :, columns.start - 24 : columns.stop + 24] = 0
        assert (outside > 127).mean() < 0.002, "a stroke kept some of the room"

        # Another scene with the same camera has none; back in the first they apply again.
        stage.obs.request("CreateScene", {"sceneName": "Other"})
        stage.obs.request("CreateSceneItem", {"sceneName": "Other", "sourceName": CAMERA})
        stage.obs.request("SetCurrentProgramScene", {"sceneName": "Other"})
        wait_for(plain, 10, "no strokes in the other scene")
        stage.obs.request("SetCurrentProgramScene", {"sceneName": SCENE})
        wait_for(corrected, 10, "the strokes of the first scene")
