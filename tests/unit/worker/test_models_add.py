"""Adding networks of the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.onnx_graphs import FLOAT, INT64, Graph, manifest_for
from tests.unit.worker.model_files import PACKAGE, SHIPPED, SUM, WEIGHTS, far_model
from vb_worker import cli
from vb_worker.models import default_folders, find_models, sample_check
from vb_worker.models.manifest_reader import load


def test_an_own_file_is_guessed_and_listed_at_once(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "My Network.onnx"
    own.write_bytes((SHIPPED / "selfie_square.onnx").read_bytes())
    assert cli.main(["models", "add", str(own), "--title", "Mine", "--licence", "MIT"]) == 0
    assert "Written" in capsys.readouterr().out
    manifest = load(data / "my_network.toml")
    shipped = load(SHIPPED / "selfie_square.toml")
    assert (manifest.input, manifest.output) == (shipped.input, shipped.output)
    assert (manifest.title, manifest.licence, manifest.commercial) == ("Mine", "MIT", False)
    assert cli.main(["models", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries["my_network"]["installed"]
    assert cli.main(["models", "check", "my_network"]) == 0
    # And by the very list that OBS shows:
    from vb_script import list_choices  # noqa: PLC0415 - the other side of the link

    assert ("my_network", "Mine") in list_choices.model_lists(default_folders()).people


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no network at all", "is not an ONNX file"), (None, "does not exist")],
)
def test_what_cannot_be_added_is_told(
    data: Path,
    tmp_path: Path,
    content: bytes | None,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = tmp_path / "own.onnx"
    if content is not None:
        own.write_bytes(content)
    assert cli.main(["models", "add", str(own)]) in (1, 2)
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1
    assert list(data.iterdir()) == []
    own.write_bytes(WEIGHTS)
    assert cli.main(["models", "add", str(own), "--name", "selfie_square"]) == 1
    assert "is taken" in capsys.readouterr().err


def _one_size(path: Path) -> Path:
    """A network that says it takes any size, and fails at all but one."""
    graph = Graph()
    size = graph.weight([1, 1, 96, 96], np.int64)
    graph.node("Reshape", graph.node("ReduceMean", "picture", axes=[1]), size, out="out")
    return graph.save(
        path, [("picture", FLOAT, [1, 3, "h", "w"])], [("out", FLOAT, [1, 1, "h", "w"])]
    )  # fmt: skip


def test_a_network_that_fails_when_it_runs_is_one_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = _one_size(tmp_path / "own.onnx")
    assert cli.main(["models", "add", str(own)]) == 1
    told = capsys.readouterr().err
    assert "own failed on a picture: [ONNXRuntimeError]" in told and told.count("\n") == 1
    assert list(data.iterdir()) == []


def test_what_fails_when_it_runs_does_not_keep_others_from_being_checked(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest_for(_one_size(data / "a.onnx"), 'kind = "probability"', width=64, height=64, name="a")
    assert cli.main(["models", "check"]) == 1
    told = capsys.readouterr()
    assert "a failed on a picture" in told.err and told.err.count("\n") == 1
    assert "selfie_square: 9" in told.out
    pictures = str(sample_check.PICTURE.parent)
    assert cli.main(["mask", pictures, "-o", str(tmp_path / "out"), "--model", "a"]) == 1
    told = capsys.readouterr()
    assert "a failed on a picture" in told.err and told.err.count("\n") == 1


def test_an_output_that_cannot_be_read_does_not_hide_the_one_that_can(
    data: Path, tmp_path: Path
) -> None:
    graph = Graph()
    channel = graph.weight(np.array([[[[30.0]], [[0.0]], [[-30.0]]]], np.float32))
    graph.node("Sigmoid", graph.node("Conv", "picture", channel), out="mask")
    # Several planes, as only a run shows
    most = graph.node("ReduceMax", "mask", keepdims=0)
    several = graph.node("Cast", graph.node("Add", most, graph.weight(3.0, np.float32)), to=INT64)
    unity = graph.weight([1], np.int64)
    planes = graph.node("Reshape", several, unity)
    graph.node(
        "Tile", "mask", graph.node("Concat", unity, planes, unity, unity, axis=0), out="planes"
    )
    own = graph.save(
        tmp_path / "own.onnx", [("picture", FLOAT, [1, 3, 90, 160])],
        [("planes", FLOAT, [1, 1, "h", "w"]), ("mask", FLOAT, [1, 1, 90, 160])],
    )  # fmt: skip
    assert cli.main(["models", "add", str(own)]) == 0
    assert load(data / "own.toml").output.name == "mask"


def test_an_own_model_is_never_replaced_by_another_of_its_name(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, other = tmp_path / "\u4eba\u7269.onnx", tmp_path / "\u72ac.onnx"
    first.write_bytes(WEIGHTS)
    other.write_bytes((SHIPPED / "selfie_square.onnx").read_bytes())
    assert cli.main(["models", "add", str(first)]) == 0
    assert sorted(path.name for path in data.iterdir()) == ["model.onnx", "model.toml"]
    capsys.readouterr()
    assert cli.main(["models", "add", str(other)]) == 1
    told = capsys.readouterr().err
    assert f"'model' is taken ({data / 'model.toml'})" in told and "--name" in told
    assert (data / "model.onnx").read_bytes() == WEIGHTS
    assert cli.main(["models", "add", str(other), "--name", "dog"]) == 0


def test_neither_a_manifest_with_a_mistake_nor_the_weights_of_another_is_replaced(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "a.toml").write_text("name = ", encoding="utf-8")
    (data / "b.onnx").write_bytes(b"any")
    far_model(data, PACKAGE, name="far", file='"c.onnx"')  # not fetched yet
    before = {path: path.read_bytes() for path in data.iterdir()}
    own = tmp_path / "own.onnx"
    own.write_bytes(WEIGHTS)
    for name, place in (("a", "a.toml"), ("b", "b.onnx"), ("c", "far.toml")):
        assert cli.main(["models", "add", str(own), "--name", name]) == 1
        assert f"is taken ({data / place})" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in data.iterdir()} == before


def test_a_depth_network_that_sees_nobody_leaves_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = Graph()
    channel = graph.weight(np.array([[[[0.0]], [[0.0]], [[0.0]]]], np.float32))
    graph.node("Conv", "picture", channel, out="far")
    own = graph.save(
        tmp_path / "own.onnx", [("picture", FLOAT, [1, 3, 90, 160])],
        [("far", FLOAT, [1, 1, 90, 160])],
    )  # fmt: skip
    assert cli.main(["models", "add", str(own), "--kind", "depth"]) == 1
    told = capsys.readouterr().err
    assert "does not put the person before the room" in told and told.count("\n") == 1
    assert list(data.iterdir()) == []


def test_an_own_model_is_written_whole_or_not_at_all(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    own = tmp_path / "own.onnx"
    own.write_bytes(WEIGHTS)
    monkeypatch.setattr(Path, "write_text", full)  # the manifest's
    assert cli.main(["models", "add", str(own)]) == 1
    assert list(data.iterdir()) == []


def test_the_written_manifest_reads_back_the_same(tmp_path: Path) -> None:
    from vb_worker.catalogue import adding  # noqa: PLC0415 - only here
    from vb_worker.models.manifest_reader import parse  # noqa: PLC0415 - only here

    for manifest in find_models([SHIPPED]).values():
        if not manifest.file:
            continue
        told = adding.text_of(
            manifest if manifest.sha256 else manifest.__class__(**{**vars(manifest), "sha256": SUM})
        )
        again = parse(tmp_path / "x.toml", told)
        assert (again.input, again.output) == (manifest.input, manifest.output), manifest.name


def test_a_recurrent_network_is_guessed_with_its_states(data: Path, tmp_path: Path) -> None:
    """Redder than blue is the person; a state goes along."""
    graph = Graph()
    channel = graph.weight(np.array([[[[30.0]], [[0.0]], [[-30.0]]]], np.float32))
    graph.node("Sigmoid", graph.node("Conv", "src", channel), out="pha")
    graph.node("Add", "r1i", "pha", out="r1o")
    plane, picture = [1, 1, 90, 160], [1, 3, 90, 160]
    own = graph.save(
        tmp_path / "own.onnx", [("src", FLOAT, picture), ("r1i", FLOAT, plane)],
        [("pha", FLOAT, plane), ("r1o", FLOAT, plane)],
    )  # fmt: skip
    assert cli.main(["models", "add", str(own), "--name", "own"]) == 0
    output = load(data / "own.toml").output
    assert (output.kind, output.name, output.state) == ("recurrent", "pha", (("r1i", "r1o"),))


def test_a_depth_network_is_added_when_it_is_said_to_be_one(data: Path, tmp_path: Path) -> None:
    graph = Graph()
    channel = graph.weight(np.array([[[[-1.0]], [[0.0]], [[1.0]]]], np.float32))
    graph.node("Conv", "picture", channel, out="far")  # blue is the room
    own = graph.save(
        tmp_path / "own.onnx", [("picture", FLOAT, [1, 3, 90, 160])],
        [("far", FLOAT, [1, 1, 90, 160])],
    )  # fmt: skip
    assert cli.main(["models", "add", str(own), "--name", "own", "--kind", "depth"]) == 0
    assert load(data / "own.toml").output.near == "low"
    assert cli.main(["models", "add", str(own), "--name", "b", "--kind", "magic"]) == 1
