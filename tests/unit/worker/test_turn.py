"""A camera on its side, upside down or mirrored: the model sees upright people."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from tests.unit.worker.test_instances import H, W, two_who_touch
from tests.unit.worker_pictures import iou, person
from vb_link import folders
from vb_link.settings import TURNS
from vb_worker.cli import main
from vb_worker.matte.depth_plane import Depths, DepthStream
from vb_worker.matte.pipeline import Pipeline
from vb_worker.matte.quality import PRESETS
from vb_worker.matte.turn import UPRIGHT, Turn, turn_of
from vb_worker.models import find_models, open_model
from vb_worker.offline.levels import levels
from vb_worker.people.choice import PersonChoice

WIDTH, HEIGHT = 320, 180
ALL = [Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]
Value = TypeVar("Value", np.uint8, np.float32)


def _stands(picture: NDArray[Value], turn: Turn) -> NDArray[Value]:
    """Return an upright picture as such a camera gives it."""
    mirrored = picture[:, ::-1] if turn.mirrored else picture
    return np.ascontiguousarray(np.rot90(mirrored, -turn.quarters))  # numpy turns to the left


def _name(turn: Turn) -> str:
    return f"{TURNS[turn.quarters]}{' mirrored' if turn.mirrored else ''}"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(open_model(find_models([folders.models_dir()])["selfie_square"]))


@pytest.mark.parametrize("turn", ALL, ids=_name)
def test_pictures_planes_and_boxes_go_there_and_back(turn: Turn) -> None:
    upright = np.random.default_rng(1).integers(0, 255, (30, 50, 3)).astype(np.uint8)
    stands = _stands(upright, turn)
    np.testing.assert_array_equal(turn.upright(stands), upright)
    np.testing.assert_array_equal(turn.back(upright), stands)
    plane = np.zeros((30, 50), np.float32)
    plane[4:10, 7:30] = 1.0
    left, top, right, bottom = turn.box_back((7, 4, 30, 10), 50, 30)
    expected = np.zeros(turn.size(50, 30)[::-1], np.float32)
    expected[top:bottom, left:right] = 1.0
    np.testing.assert_array_equal(turn.back(plane), expected)


def test_words_of_the_settings() -> None:
    assert turn_of("0", False) == UPRIGHT == turn_of("sideways", False)
    assert [turn_of(degrees, True) for degrees in TURNS] == ALL[4:]


@pytest.mark.parametrize("turn", ALL[1:], ids=_name)
@pytest.mark.parametrize("quality", sorted(PRESETS))
def test_the_person_is_found_as_well_as_upright(
    pipeline: Pipeline, quality: str, turn: Turn
) -> None:
    own = Pipeline(pipeline.model, PRESETS[quality])
    pictures = [person(WIDTH, HEIGHT, shift=0.01 * number) for number in range(4)]
    scores = []
    for way in (UPRIGHT, turn):
        for number, (picture, truth) in enumerate(pictures):
            stands, true = _stands(picture, way), _stands(truth, way)
            result = own.process(stands, stream="a", turn=way, now=number / 30)
        scores.append(iou(levels(result.alpha, *true.shape[::-1]), true))
    assert scores[0] > 0.9
    assert scores[1] == pytest.approx(scores[0], abs=0.01)


def test_without_the_setting_someone_upside_down_is_not_found_well(pipeline: Pipeline) -> None:
    picture, truth = person(WIDTH, HEIGHT)
    turn = Turn(2)
    stands = _stands(picture, turn)
    true = _stands(truth, turn)
    scores = [
        iou(levels(pipeline.still(stands, turn=way).alpha, WIDTH, HEIGHT), true)
        for way in (UPRIGHT, turn)
    ]
    assert scores[1] > scores[0] + 0.05


def test_a_network_of_one_size_gets_the_picture_in_its_own_aspect(pipeline: Pipeline) -> None:
    """Without the closer look frames have the model's size, as it is when turned."""
    own = Pipeline(pipeline.model, PRESETS["balanced"])
    own.quality = PRESETS["balanced"].__class__("bare", False, False, 1, False)
    for turn in ALL:
        width, height = turn.size(1280, 720)
        assert own.working_size(width, height, turn) == turn.size(*own.working_size(1280, 720))


def test_another_turn_begins_anew(pipeline: Pipeline) -> None:
    picture = _stands(person(WIDTH, HEIGHT)[0], Turn(1))
    alone = pipeline.still(picture, turn=Turn(1)).alpha
    for number in range(3):
        pipeline.process(picture, stream="b", now=number / 30)
    changed = pipeline.process(picture, stream="b", turn=Turn(1), now=0.1).alpha
    pipeline.reset("b")
    assert np.abs(changed.astype(int) - alone).mean() < 1.0


@pytest.mark.parametrize("turn", ALL, ids=_name)
def test_one_of_two_who_touch_is_chosen_in_the_pictures_own_places(
    tmp_path: Path, turn: Turn
) -> None:
    pipeline = two_who_touch(tmp_path)
    frame = np.full((H, W, 4), 90, np.uint8)
    choice = PersonChoice("largest")
    upright = pipeline.still(frame, PersonChoice("largest")).alpha
    stands = _stands(frame, turn)
    got = pipeline.process(stands, stream="a", choice=choice, turn=turn, now=0.0).alpha
    expected = _stands(upright, turn)
    assert np.abs(got.astype(int) - expected).mean() < 1.0


@pytest.mark.parametrize("turn", ALL, ids=_name)
def test_depth_is_told_upright_and_comes_back_as_the_picture(tmp_path: Path, turn: Turn) -> None:
    graph = Graph()  # as floors are: the lower the nearer
    rows = np.linspace(0, 1, 36)[:, None]
    floor = graph.weight(np.broadcast_to(rows, (1, 1, 36, 64)), np.float32)
    zero = graph.weight([0.0], np.float32)
    red = graph.node("ReduceMean", graph.node("Mul", "picture", zero), axes=[1])
    graph.node("Add", red, floor, out="out")
    shapes = ([1, 3, 36, 64], [1, 1, 36, 64])
    file = graph.save(
        tmp_path / "floor.onnx", [("picture", FLOAT, shapes[0])], [("out", FLOAT, shapes[1])]
    )
    model = manifest_for(file, 'kind = "depth"', width=64, height=36, name="floor")
    depths, stream = Depths({"floor": model}), DepthStream()
    depths.choose(stream, "floor")
    assert stream.error is None
    stream.turn = turn
    width, height = turn.size(64, 36)
    depths.see(stream, np.full((height, width, 4), 90, np.uint8), 2.0, 1)
    assert stream.plane is not None
    upright = turn.upright(stream.plane)
    assert upright.shape == (36, 64)
    assert upright[-1].min() > 245 and upright[0].max() < 10


@pytest.mark.parametrize("command", ["mask", "render"])
def test_the_commands_take_the_turn(tmp_path: Path, command: str) -> None:
    picture, truth = person(WIDTH, HEIGHT)
    turn = Turn(3, mirrored=True)
    stands = _stands(picture, turn)
    true = _stands(truth, turn)
    words = ["--turned", "270", "--mirrored"]
    if command == "mask":
        cv2.imwrite(str(tmp_path / "camera.png"), stands[..., ::-1])
        assert main(["mask", str(tmp_path / "camera.png"), "-o", str(tmp_path / "o"), *words]) == 0
        got = cv2.imread(str(tmp_path / "o/camera.png"), cv2.IMREAD_GRAYSCALE)
        assert got is not None
        assert iou(np.asarray(got, np.float32) / np.float32(255), true) > 0.9
        return
    from tests.clips import write_clip  # noqa: PLC0415 - PyAV is not always there

    clip = write_clip(tmp_path / "camera.mp4", [stands[..., ::-1]] * 3, crf="8")
    out = tmp_path / "out.mkv"
    words += ["--background", "#00ff00", "-o", str(out)]
    assert main(["render", str(clip), *words]) == 0
    ok, shown = cv2.VideoCapture(str(out)).read()
    assert ok and shown.shape[:2] == true.shape
    green = np.abs(shown.astype(int) - (0, 255, 0)).max(-1) < 40
    assert iou((~green).astype(np.float32), true) > 0.85
