"""A layer at a depth of the scene, and one of two people, in a running OBS."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from tests.clips import write_clip
from tests.obs.stage import CAMERA, SCENE, SIZE, Image, frames_of, person, wait_for
from tests.unit.onnx_graphs import Graph, manifest_for
from vb_link import layout

LAYER = (40, 190, 40)
FAR, NEAR = (120, 110, 30), (120, 110, 225)  # BGR: the more red the nearer
DEPTH_MODEL = "red_is_near"
W, H = 64, 36


@pytest.fixture
def depth_model(data_folder: Path) -> str:
    """Install a depth model whose answer is the picture's red channel."""
    folder = data_folder / "models"
    folder.mkdir(exist_ok=True)
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (0, 1, 1))
    graph.node("Slice", "picture", begin, end, axis, out="out")
    kind = TensorProto.FLOAT
    file = graph.save(
        folder / f"{DEPTH_MODEL}.onnx",
        [("picture", kind, [1, 3, H, W])],
        [("out", kind, [1, 1, H, W])],
    )
    manifest_for(file, 'kind = "depth"\nnear = "high"', width=W, height=H, name=DEPTH_MODEL)
    return DEPTH_MODEL


def _room(picture: Image, alpha: Image) -> Image:
    """Return the picture with a far room on its left and a near one on its right."""
    room = np.empty_like(picture)
    room[:, : SIZE[0] // 2], room[:, SIZE[0] // 2 :] = FAR, NEAR
    share = alpha[..., None] / 255.0
    return np.asarray(picture * share + room * (1 - share), np.uint8)


def test_what_is_nearer_than_the_layer_s_depth_stays_before_it(
    start_obs: Callable[..., Any], depth_model: str
) -> None:
    with start_obs() as stage:
        picture, truth = person()
        picture = _room(picture, truth)
        stage.picture(CAMERA, picture)
        stage.obs.request("CreateScene", {"sceneName": "Shelf"})
        stage.picture("Sign", np.full((720, 1280, 3), LAYER, np.uint8), scene="Shelf")
        stage.add_filter(background="room", behind_source="Sign", depth_model=depth_model)
        stage.wait_for_mask()

        def shown() -> Any:
            return stage.shot(CAMERA)[..., :3].astype(int)

        def near_stays() -> bool:
            return bool(np.abs(shown()[40:140, 1000:1240] - NEAR).max() <= 3)

        wait_for(near_stays, 10, "the near part of the room before the layer")
        expected = picture.astype(int).copy()
        outside = cv2.dilate(truth, np.ones((41, 41), np.uint8)) == 0
        left = np.zeros(outside.shape, bool)
        left[:, : SIZE[0] // 2 - 40] = True
        expected[left & outside] = LAYER
        inside = cv2.erode(truth, np.ones((41, 41), np.uint8)) == 255
        right = np.zeros(outside.shape, bool)
        right[:, SIZE[0] // 2 + 40 :] = True
        sure = inside | (outside & (left | right))
        difference = np.abs(shown() - expected).max(axis=2)[sure]
        assert (difference <= 3).mean() > 0.995
        # A layer right at the camera is in front of all of the room, never of the person.
        stage.set_filter(behind_depth=1.0)
        wait_for(lambda: np.abs(shown()[40:140, 1000:1240] - LAYER).max() <= 3, 5, "the layer")
        assert (np.abs(shown() - picture).max(axis=2)[inside] <= 3).mean() > 0.99
        # Without the depth model it is behind the person, in front of all of the room.
        stage.set_filter(behind_depth=0.5, depth_model="")
        wait_for(lambda: np.abs(shown()[40:140, 1000:1240] - LAYER).max() <= 3, 5, "no depth")


def _two_people(left: float) -> tuple[Image, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return a picture of a large person on the right and a small one at ``left``, and where."""
    picture, alpha = person()
    canvas = np.full((SIZE[1], SIZE[0], 3), (140, 150, 160), np.uint8)
    where = []
    for scale, x in ((0.95, 560), (0.6, int(left))):
        width, height = int(SIZE[0] * scale), int(SIZE[1] * scale)
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        mask = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA)
        # Only the middle of the picture, where the person is.
        cut = slice(width // 4, 3 * width // 4)
        small, mask = small[:, cut], mask[:, cut]
        top, right = SIZE[1] - height, x + small.shape[1]
        share = mask[..., None] / 255.0
        part = canvas[top:, x:right]
        canvas[top:, x:right] = small * share + part * (1 - share)
        is_there = np.zeros(SIZE[::-1], bool)
        is_there[top:, x:right] = mask > 127
        where.append(is_there)
    return canvas, where[0], where[1]


@pytest.mark.parametrize(
    ("settings", "large_stays", "small_stays"),
    [
        ({"person": "all"}, True, True),
        ({"person": "largest"}, True, False),
        ({"person": "follow", "person_x": 0.2, "person_y": 0.75}, False, True),
    ],
)
def test_one_of_two_people_stays(
    start_obs: Callable[..., Any], settings: dict[str, Any], large_stays: bool, small_stays: bool
) -> None:
    with start_obs() as stage:
        picture, large, small = _two_people(60)
        stage.picture(CAMERA, picture)
        stage.add_filter(background="transparent", **settings)
        stage.wait_for_mask()
        stage.wait_frames(10)
        alpha = stage.shot(CAMERA)[..., 3] > 127
        for where, stays in ((large, large_stays), (small, small_stays)):
            share = float(alpha[where].mean())
            assert share > 0.85 if stays else share < 0.05
        assert stage.channels()[0].state == layout.STATE_MASK


def test_the_one_followed_stays_alone_through_a_clip(
    start_obs: Callable[..., Any], tmp_path: Path
) -> None:
    steps = 45
    # To the right and back, so that the clip loops without a jump.
    lefts = [40 + 80 * (1 - abs(2 * step / steps - 1)) for step in range(steps)]
    pictures = (_two_people(left)[0] for left in lefts)
    file = write_clip(tmp_path / "two.mp4", pictures, crf="14")
    _, large, small = _two_people(80)
    with start_obs() as stage:
        stage.obs.add_input(
            SCENE, CAMERA, "ffmpeg_source", {"local_file": str(file), "looping": True}
        )
        stage.add_filter(
            background="color", background_color=0xFF3060F0, cover="color",
            cover_color=0xFF3060F0, person="follow", person_x=0.2, person_y=0.75,
        )  # fmt: skip
        stage.wait_for_mask()
        time.sleep(1.0)
        with stage.obs.recording() as files:
            time.sleep(2.0)
        frames = frames_of(files[0])
        assert len(frames) > 20
        surely_large = large & ~cv2.dilate(small.astype(np.uint8), np.ones((1, 221))).astype(bool)
        kept = []
        for frame in frames:
            shown = np.abs(frame.astype(int) - (0x30, 0x60, 0xF0)).max(axis=2) > 40
            assert shown[surely_large].mean() < 0.05
            kept.append(float(shown[small].mean()))
        assert float(np.median(kept)) > 0.6
