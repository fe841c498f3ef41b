"""Each kind of output becomes the same thing: how surely each pixel is person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.onnx_graphs import FLOAT, INT64, Graph, manifest_for
from tests.unit.worker_pictures import iou, person
from vb_link import folders
from vb_worker.matte.pipeline import Pipeline
from vb_worker.models import InstancesModel, ModelError, open_model
from vb_worker.models.families import finds_person
from vb_worker.models.manifest_reader import load

W, H = 8, 6
PICTURE = [1, 3, H, W]


def _frame(width: int = W, height: int = H, seed: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)


def _red(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (frame[..., 0] / 255).astype(np.float32)


def _three(path: Path) -> Path:
    """Three channels out as they came in: scores of three classes."""
    graph = Graph()
    graph.node("Identity", "picture", out="out")
    return graph.save(path, [("picture", FLOAT, PICTURE)], [("out", FLOAT, PICTURE)])


def _one(path: Path, height: int = H, width: int = W) -> Path:
    """The red channel out."""
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (0, 1, 1))
    graph.node("Slice", "picture", begin, end, axis, out="out")
    shape = [1, 3, height, width]
    return graph.save(
        path, [("picture", FLOAT, shape)], [("out", FLOAT, [1, 1, height, width])]
    )  # fmt: skip


def test_class_scores_take_the_persons_class(tmp_path: Path) -> None:
    file = _three(tmp_path / "a.onnx")
    frame = _frame()
    colours = frame[..., :3] / 255
    for index in range(3):
        manifest = manifest_for(file, f'kind = "class_scores"\nperson = {index}', width=W, height=H)
        expected = np.exp(colours)[..., index] / np.exp(colours).sum(-1)
        np.testing.assert_allclose(open_model(manifest)(frame), expected, atol=1e-5)
    plain = 'kind = "class_scores"\nperson = 2\nactivation = "none"'
    manifest = manifest_for(file, plain, width=W, height=H)
    np.testing.assert_allclose(open_model(manifest)(frame), colours[..., 2], atol=1e-5)


def test_scores_with_the_classes_last(tmp_path: Path) -> None:
    graph = Graph()
    graph.node("Transpose", "picture", out="out", perm=[0, 2, 3, 1])
    file = graph.save(
        tmp_path / "a.onnx", [("picture", FLOAT, PICTURE)], [("out", FLOAT, [1, H, W, 3])]
    )
    told = 'kind = "class_scores"\nperson = 1\nactivation = "none"\nlayout = "NHWC"'
    frame = _frame()
    answer = open_model(manifest_for(file, told, width=W, height=H))(frame)
    np.testing.assert_allclose(answer, frame[..., 1] / 255, atol=1e-5)


def test_two_logits_are_a_softmax(tmp_path: Path) -> None:
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (0, 2, 1))
    graph.node("Slice", "picture", begin, end, axis, out="out")
    file = graph.save(
        tmp_path / "a.onnx", [("picture", FLOAT, PICTURE)], [("out", FLOAT, [1, 2, H, W])]
    )
    frame = _frame()
    a, b = frame[..., 0] / 255, frame[..., 1] / 255
    answer = open_model(manifest_for(file, 'kind = "two_logits"', width=W, height=H))(frame)
    np.testing.assert_allclose(answer, np.exp(b) / (np.exp(a) + np.exp(b)), atol=1e-5)
    with pytest.raises(ModelError, match="two channels"):
        three = _three(tmp_path / "b.onnx")
        open_model(manifest_for(three, 'kind = "two_logits"', width=W, height=H))


def test_class_numbers_are_compared(tmp_path: Path) -> None:
    graph = Graph()
    graph.node("ArgMax", "picture", out="out", axis=1, keepdims=1)
    file = graph.save(
        tmp_path / "a.onnx", [("picture", FLOAT, PICTURE)], [("out", INT64, [1, 1, H, W])]
    )
    frame = _frame()
    manifest = manifest_for(file, 'kind = "class_index"\nperson = 2', width=W, height=H)
    expected = frame[..., :3].argmax(-1) == 2
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(open_model(manifest)(frame), expected)


def test_a_logit_becomes_a_probability(tmp_path: Path) -> None:
    told = 'kind = "probability"\nactivation = "sigmoid"'
    manifest = manifest_for(_one(tmp_path / "a.onnx"), told, width=W, height=H)
    frame = _frame()
    np.testing.assert_allclose(
        open_model(manifest)(frame), 1 / (1 + np.exp(-_red(frame))), atol=1e-5
    )


def test_an_alpha_is_held_to_its_range_and_gives_the_colours(tmp_path: Path) -> None:
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (0, 1, 1))
    red = graph.node("Slice", "picture", begin, end, axis)
    graph.node("Mul", red, graph.weight([2.0], np.float32), out="pha")
    graph.node("Identity", "picture", out="fgr")
    file = graph.save(
        tmp_path / "a.onnx",
        [("picture", FLOAT, PICTURE)],
        [("fgr", FLOAT, PICTURE), ("pha", FLOAT, [1, 1, H, W])],
    )
    told = 'kind = "alpha"\nname = "pha"\nforeground = "fgr"'
    model = open_model(manifest_for(file, told, width=W, height=H))
    frame = _frame()
    np.testing.assert_allclose(model(frame), np.clip(_red(frame) * 2, 0, 1), atol=1e-5)
    assert getattr(model, "foreground").shape == (1, 3, H, W)  # noqa: B009


def _sum_of_all_frames(path: Path) -> Path:
    """A state that adds up the red of each frame, and is the answer."""
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (0, 1, 1))
    red = graph.node("Slice", "picture", begin, end, axis)
    graph.node("Add", red, "before", out="after")
    graph.node("Identity", "after", out="pha")
    plane = [1, 1, H, W]
    return graph.save(
        path,
        [("picture", FLOAT, PICTURE), ("before", FLOAT, plane)],
        [("pha", FLOAT, plane), ("after", FLOAT, plane)],
    )


RECURRENT = 'kind = "recurrent"\nname = "pha"\nstate = [["before", "after"]]'


def test_states_belong_to_streams_and_reset_drops_them(tmp_path: Path) -> None:
    manifest = manifest_for(_sum_of_all_frames(tmp_path / "a.onnx"), RECURRENT, width=W, height=H)
    model = open_model(manifest)
    frame = _frame() // 8
    once, twice = _red(frame), _red(frame) * 2

    def run(stream: str | None) -> NDArray[np.float32]:
        return model.infer(model.prepare(model.shrink(frame)), stream)

    np.testing.assert_allclose(run("a"), once, atol=1e-5)
    np.testing.assert_allclose(run("a"), twice, atol=1e-5)
    np.testing.assert_allclose(run("b"), once, atol=1e-5)
    np.testing.assert_allclose(run(None), once, atol=1e-5)
    pipeline = Pipeline(model)
    pipeline.reset("a")
    np.testing.assert_allclose(run("a"), once, atol=1e-5)
    np.testing.assert_allclose(run("b"), twice, atol=1e-5)


def test_a_state_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    wrong = RECURRENT.replace("before", "earlier")
    manifest = manifest_for(
        _sum_of_all_frames(tmp_path / "a.onnx"), wrong, width=W, height=H,
        more='name = "picture"',
    )  # fmt: skip
    with pytest.raises(ModelError, match=r'line \d+: "output.state"') as caught:
        open_model(manifest)
    number = manifest.lines["output.state"]
    assert "state =" in manifest.path.read_text().splitlines()[number - 1]
    assert f"line {number}" in str(caught.value)


@pytest.mark.parametrize("near", ["high", "low"])
def test_depth_is_nearness_from_0_to_1(tmp_path: Path, near: str) -> None:
    told = f'kind = "depth"\nnear = "{near}"'
    manifest = manifest_for(_one(tmp_path / "a.onnx"), told, width=W, height=H)
    assert not finds_person(manifest)
    frame = _frame()
    answer = open_model(manifest)(frame)
    assert (answer.min(), answer.max()) == (0.0, 1.0)
    slope = np.corrcoef(answer.ravel(), _red(frame).ravel())[0, 1]
    assert slope > 0.98 if near == "high" else slope < -0.98


def _instances(path: Path, masks: NDArray[np.float32]) -> Path:
    graph = Graph()
    for name, values in (
        ("boxes", np.array([[0, 0, 4, 6], [4, 0, 8, 3], [0, 0, 8, 6]], np.float32)),
        ("labels", np.array([1, 1, 7], np.int64)),
        ("scores", np.array([0.6, 0.9, 0.99], np.float32)),
        ("masks", masks),
    ):
        graph.node("Identity", graph.weight(values), out=name)
    graph.node("ReduceMean", "picture", out="used", axes=[0, 1, 2, 3], keepdims=0)
    return graph.save(
        path,
        [("picture", FLOAT, PICTURE)],
        [("boxes", FLOAT, [3, 4]), ("labels", INT64, [3]), ("scores", FLOAT, [3]),
         ("masks", FLOAT, list(masks.shape)), ("used", FLOAT, [])],
    )  # fmt: skip


INSTANCES = 'kind = "instances"\nperson = 1'


def test_instances_keep_people_apart_surest_first(tmp_path: Path) -> None:
    small = np.ones((3, 1, 2, 2), np.float32)  # over each box
    manifest = manifest_for(_instances(tmp_path / "a.onnx", small), INSTANCES, width=W, height=H)
    model = open_model(manifest)
    assert isinstance(model, InstancesModel)
    frame = _frame()
    found = model.find(model.prepare(frame))
    np.testing.assert_allclose(found.scores, [0.9, 0.6])
    np.testing.assert_array_equal(found.boxes, [[4, 0, 8, 3], [0, 0, 4, 6]])
    right = np.zeros((H, W))
    right[:3, 4:] = 1
    np.testing.assert_array_equal(found.masks[0], right)
    both = right.copy()
    both[:, :4] = 1
    np.testing.assert_array_equal(model(frame), both)


def test_instances_with_whole_masks_and_with_nobody(tmp_path: Path) -> None:
    whole = np.zeros((3, 1, H, W), np.float32)
    whole[0, 0, 2, 1] = 1
    file = _instances(tmp_path / "a.onnx", whole)
    answer = open_model(manifest_for(file, INSTANCES, width=W, height=H))(_frame())
    assert answer.sum() == 1 and answer[2, 1] == 1
    nobody = f"{INSTANCES}\nleast_score = 0.95"
    answer = open_model(manifest_for(file, nobody, width=W, height=H))(_frame())
    assert answer.shape == (H, W) and not answer.any()


def test_a_letterbox_keeps_the_aspect_and_is_cut_off_again(tmp_path: Path) -> None:
    file = _one(tmp_path / "a.onnx", 16, 16)
    manifest = manifest_for(
        file, 'kind = "probability"', width=16, height=16, resize="letterbox"
    )  # fmt: skip
    model = open_model(manifest)
    assert model.frame_size(32, 16) == (16, 8)
    wide, tall = _frame(16, 8), _frame(8, 16)
    for frame in (wide, tall, wide):
        feed = model.prepare(frame)
        assert feed.shape == (1, 3, 16, 16)
        assert np.isclose(feed.sum(), (frame[..., :3] / 255).sum(), rtol=1e-4), "stale border"
        np.testing.assert_allclose(model(frame), _red(frame), atol=1e-5)
    assert Pipeline(model).still(wide).alpha.shape == (8, 16)


def test_a_large_network_gets_frames_that_the_link_can_hold(tmp_path: Path) -> None:
    file = _one(tmp_path / "a.onnx", 640, 1024)
    model = open_model(manifest_for(file, 'kind = "probability"', width=1024, height=640))
    assert model.input_size == (512, 320)
    assert model(_frame(512, 320)).shape == (320, 512)


def test_sizes_are_a_choice_only_where_the_manifest_says_so(tmp_path: Path) -> None:
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (0, 1, 1))
    graph.node("Slice", "picture", begin, end, axis, out="out")
    file = graph.save(
        tmp_path / "a.onnx", [("picture", FLOAT, [1, 3, "h", "w"])],
        [("out", FLOAT, [1, 1, "h", "w"])],
    )  # fmt: skip
    ranges = "width_range = [8, 64]\nheight_range = [8, 64]\nmultiple_of = 8"
    free = manifest_for(file, 'kind = "probability"', width=16, height=8, more=ranges)
    assert open_model(free, size=(32, 24))(_frame()).shape == (24, 32)
    for size, word in (((128, 8), "from 8x8 to 64x64"), ((20, 8), "steps of 8")):
        with pytest.raises(ModelError, match=word):
            open_model(free, size=size)
    fixed = manifest_for(file, 'kind = "probability"', width=16, height=8)
    with pytest.raises(ModelError, match="16x8 pictures only"):
        open_model(fixed, size=(32, 24))


def test_grabcut_finds_a_person_in_the_middle_and_remembers() -> None:
    model = open_model(load(folders.models_dir() / "grabcut.toml"))
    picture, truth = person(160, 90)
    first = model.infer(model.prepare(picture), "a")
    assert first.shape == (90, 160)
    assert iou(first, truth) > 0.8
    np.testing.assert_array_equal(model.infer(model.prepare(picture), None), first)
    again = model.infer(model.prepare(picture), "a")
    assert iou(again, truth) > 0.8
    model.forget("a")
    np.testing.assert_array_equal(model.infer(model.prepare(picture), "a"), first)
    with pytest.raises(ModelError, match="CPU only"):
        open_model(load(folders.models_dir() / "grabcut.toml"), compute="cuda")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ('kind = "class_scores"\nperson = 3', '"?number of classes should be over 3 and is 3'),
        ('kind = "probability"', "one channel"),
        ('kind = "class_scores"\nperson = 1\nname = "other"', '"output.name" is .other.'),
        ('kind = "class_index"\nperson = 1', "one number a pixel"),
    ],
)
def test_a_graph_unlike_its_manifest_is_refused_with_the_line(
    tmp_path: Path, told: str, words: str
) -> None:
    manifest = manifest_for(_three(tmp_path / "a.onnx"), told, width=W, height=H)
    with pytest.raises(ModelError, match=words) as caught:
        open_model(manifest)
    assert ", line " in str(caught.value)
    assert "\n" not in str(caught.value)
