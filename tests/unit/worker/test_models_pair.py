"""Two models that answer together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from vb_link import folders
from vb_worker.matte.pipeline import Pipeline
from vb_worker.models import Manifest, ModelError, open_model
from vb_worker.models.families.pair import PairModel
from vb_worker.models.kinds import companion_of


def _constant(folder: Path, name: str, answer: float, size: int, more: str = "") -> Manifest:
    """Return a model of size x size that always answers the same."""
    graph = Graph()
    shape = [1, 1, size, size]
    graph.node("ReduceMean", "picture", out="grey", axes=[1], keepdims=1)
    zero = graph.node("Mul", "grey", graph.weight([0.0], np.float32))
    graph.node("Add", zero, graph.weight([answer], np.float32), out="out")
    file = graph.save(
        folder / f"{name}.onnx", [("picture", FLOAT, [1, 3, size, size])], [("out", FLOAT, shape)]
    )
    manifest = manifest_for(
        file, f'kind = "probability"\n{more}', width=size, height=size, name=name
    )
    manifest.path.write_text("", encoding="utf-8")
    return manifest


@pytest.mark.parametrize(
    ("first", "second", "common"),
    [(0.5, 0.5, 0.5), (0.9, 0.9, 0.9), (0.9, 0.1, 0.5), (0.9999, 0.4, 0.948), (0.0, 0.6, 0.052)],
)
def test_the_surer_one_counts_for_more(
    tmp_path: Path, first: float, second: float, common: float
) -> None:
    together = PairModel(
        open_model(_constant(tmp_path, "one", first, 16)),
        open_model(_constant(tmp_path, "two", second, 24)),
    )
    answer = together(np.zeros((40, 60, 3), np.uint8))
    assert answer.shape == (16, 16)
    np.testing.assert_allclose(answer, common, atol=2e-3)


def test_a_companion_is_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    paired = _constant(tmp_path, "one", 0.9, 16, 'companion = "selfie_square"')
    assert paired.output.companion == "selfie_square"
    model = open_model(paired)
    assert isinstance(model, PairModel)
    nobody = Pipeline(model).still(np.full((90, 160, 3), 120, np.uint8)).alpha
    alone = replace(paired, output=replace(paired.output, companion=""))
    assert (
        nobody.max()
        < Pipeline(open_model(alone)).still(np.full((90, 160, 3), 120, np.uint8)).alpha.min()
    )


def test_a_companion_that_ships_is_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    own = folders.user_models_dir()
    own.mkdir()
    text = (folders.models_dir() / "selfie_square.toml").read_text(encoding="utf-8")
    (own / "selfie_square.toml").write_text(text, encoding="utf-8")
    paired = _constant(own, "one", 0.9, 16, 'companion = "selfie_square"')
    found = companion_of(paired)
    assert found is not None and found.path.parent == folders.models_dir()


def test_a_companion_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model named 'gone'"):
        open_model(_constant(tmp_path, "one", 0.9, 16, 'companion = "gone"'))
