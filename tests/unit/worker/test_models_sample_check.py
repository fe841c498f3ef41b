"""A manifest that fits the graph but not its meaning is refused by its line, on a picture."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from vb_link import folders
from vb_worker.models import Manifest, ModelError, open_model, sample_check
from vb_worker.models.manifest_reader import load


def _changed(folder: Path, name: str, old: str, new: str) -> Manifest:
    for end in ("toml", "onnx"):
        shutil.copy(folders.models_dir() / f"{name}.{end}", folder)
    path = folder / f"{name}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load(path)


@pytest.mark.parametrize("name", ["selfie_landscape", "selfie_square", "grabcut"])
def test_what_ships_passes(name: str) -> None:
    model = open_model(load(folders.models_dir() / f"{name}.toml"))
    assert sample_check.check(model, thorough=True) > 0.9


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("scale = 255.0", "scale = 1.0", "input.scale"),
        ("scale = 255.0", "scale = 25500.0", "input.scale"),
        ("mean = [0.0, 0.0, 0.0]", "mean = [9.0, 9.0, 9.0]", "input.mean"),
        (
            'kind = "probability"',
            'kind = "probability"\nactivation = "sigmoid"',
            "output.activation",
        ),
    ],
)
def test_the_wrong_line_is_named(tmp_path: Path, old: str, new: str, key: str) -> None:
    manifest = _changed(tmp_path, "selfie_landscape", old, new)
    with pytest.raises(ModelError) as caught:
        sample_check.check(open_model(manifest))
    message = str(caught.value)
    assert f'"{key}" is wrong' in message
    number = manifest.lines[key]
    assert f"{manifest.path}, line {number}" in message
    assert manifest.path.read_text().splitlines()[number - 1] == new.splitlines()[-1]
    assert "\n" not in message


def _two_classes(path: Path) -> Path:
    """Scores from the default model's answer: the person is class 2 of 4."""
    graph = Graph()
    # Not a network: orange clothes and skin are redder than the blue room.
    begin, end, axis = (graph.weight([value], np_int) for value, np_int in _ints(0, 1, 1))
    red = graph.node("Slice", "picture", begin, end, axis)
    begin, end, axis = (graph.weight([value], np_int) for value, np_int in _ints(2, 3, 1))
    blue = graph.node("Slice", "picture", begin, end, axis)
    person = graph.node("Mul", graph.node("Sub", red, blue), graph.weight(40.0, "float32"))
    flat = graph.node("Mul", person, graph.weight(-0.1, "float32"))
    graph.node("Concat", flat, flat, person, flat, out="out", axis=1)
    return graph.save(
        path, [("picture", FLOAT, [1, 3, 90, 160])], [("out", FLOAT, [1, 4, 90, 160])]
    )  # fmt: skip


def _ints(*values: int) -> list[tuple[int, str]]:
    return [(value, "int64") for value in values]


def test_another_class_than_people_is_named(tmp_path: Path) -> None:
    file = _two_classes(tmp_path / "a.onnx")
    right = manifest_for(file, 'kind = "class_scores"\nperson = 2', width=160, height=90)
    assert sample_check.check(open_model(right)) > sample_check.GOOD_ENOUGH
    wrong = manifest_for(file, 'kind = "class_scores"\nperson = 1', width=160, height=90)
    with pytest.raises(ModelError, match=r'"output.person" is wrong.* found with 2'):
        sample_check.check(open_model(wrong))


def test_colours_the_wrong_way_round_are_named(tmp_path: Path) -> None:
    file = _two_classes(tmp_path / "a.onnx")
    manifest = manifest_for(file, 'kind = "class_scores"\nperson = 2', width=160, height=90)
    text = manifest.path.read_text().replace('"RGB"', '"BGR"')
    manifest.path.write_text(text)
    with pytest.raises(ModelError, match=r'"input.colour" is wrong.*"RGB"'):
        sample_check.check(open_model(load(manifest.path)))


def test_a_network_for_something_else_is_refused(tmp_path: Path) -> None:
    graph = Graph()
    begin, end, axis = (graph.weight([value], kind) for value, kind in _ints(1, 2, 1))
    graph.node("Slice", "picture", begin, end, axis, out="out")
    file = graph.save(
        tmp_path / "a.onnx",
        [("picture", FLOAT, [1, 3, 90, 160])],
        [("out", FLOAT, [1, 1, 90, 160])],
    )
    manifest = manifest_for(file, 'kind = "probability"', width=160, height=90)
    with pytest.raises(ModelError, match="it is not for people"):
        sample_check.check(open_model(manifest))


def test_depth_the_wrong_way_round_is_named(tmp_path: Path) -> None:
    graph = Graph()
    begin, end, axis = (graph.weight([value], kind) for value, kind in _ints(2, 3, 1))
    graph.node("Slice", "picture", begin, end, axis, out="out")  # blue: the room
    file = graph.save(
        tmp_path / "a.onnx",
        [("picture", FLOAT, [1, 3, 90, 160])],
        [("out", FLOAT, [1, 1, 90, 160])],
    )
    right = manifest_for(file, 'kind = "depth"\nnear = "low"', width=160, height=90)
    assert sample_check.check(open_model(right)) > 0.5
    wrong = manifest_for(file, 'kind = "depth"\nnear = "high"', width=160, height=90)
    with pytest.raises(ModelError, match=r'"output.near" is wrong'):
        sample_check.check(open_model(wrong))
