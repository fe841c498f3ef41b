"""The published networks themselves, where they are at hand.

``OBS_VIRTUAL_BACKGROUND_TEST_MODELS`` names a folder with the files that the manifests' sources
name (deeplabv3_257_mv_gpu.tflite, ...). Without it these tests are skipped.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.worker_pictures import iou, person
from vb_link import folders
from vb_worker import cli
from vb_worker.convert import checking, from_tflite
from vb_worker.matte.pipeline import Pipeline
from vb_worker.models import Manifest, find_models, open_model
from vb_worker.models.families import finds_person

VARIABLE = "OBS_VIRTUAL_BACKGROUND_TEST_MODELS"
FOLDER = os.environ.get(VARIABLE)
pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(FOLDER is None, reason=f"{VARIABLE} is not set"),
]
SHIPPED = find_models([folders.models_dir()])


def _files(manifest: Manifest) -> list[Path]:
    """Return the source's files from the folder, by their sums; skip where one is not there."""
    assert FOLDER is not None and manifest.source is not None
    by_sum = {
        hashlib.sha256(path.read_bytes()).hexdigest(): path
        for path in sorted(Path(FOLDER).rglob("*"))
        if path.is_file()
    }
    found = [by_sum[wanted] for wanted in manifest.source.sums if wanted in by_sum]
    twins = [by_sum[twin] for twin in manifest.source.twins if twin in by_sum]
    if not found and twins:
        return twins[:1]
    if len(found) < len(manifest.source.sums) or not found:
        pytest.skip(f"the folder does not hold {manifest.name}'s files")
    return found


FETCHED = [name for name, model in SHIPPED.items() if model.source and model.source.sums]


@pytest.mark.parametrize("name", FETCHED)
def test_a_published_network_installs_and_finds_the_person(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    manifest = SHIPPED[name]
    if manifest.weights.parent == folders.models_dir():
        pytest.skip("it ships")
    files = [str(path) for path in _files(manifest)]
    assert cli.main(["models", "install", name, "--yes", "--file", *files]) == 0
    picture, truth = person(640, 360)
    model = open_model(manifest)
    if not finds_person(manifest):
        nearness = model(picture)
        near = cv2.resize(truth, nearness.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
        assert nearness[near].mean() > nearness[~near].mean() + 0.1
        return
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    pipeline = Pipeline(model)
    for _ in range(3):
        alpha = pipeline.process(rgba, stream="a").alpha
    large = np.asarray(alpha, np.float32) / 255
    full = np.asarray(cv2.resize(large, (640, 360)), np.float32)
    assert iou(full, truth) > 0.8


@pytest.mark.parametrize(
    "name", [name for name in FETCHED if getattr(SHIPPED[name].source, "convert", "") == "tflite"]
)
def test_tflite_answers_as_in_its_own_runtime(name: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    import onnxruntime  # noqa: PLC0415 - with the other runtime only

    from vb_worker.convert.references import TfliteReference  # noqa: PLC0415 - optional

    data = _files(SHIPPED[name])[0].read_bytes()
    reference = TfliteReference(data)
    session = onnxruntime.InferenceSession(
        from_tflite.convert(data, name), providers=["CPUExecutionProvider"]
    )
    feeds = [
        np.random.default_rng(seed).uniform(-1, 1, reference.shape).astype(np.float32)
        for seed in range(2)
    ]
    found = checking.compare(reference, lambda feed: session.run(None, {"input": feed})[0], feeds)
    checking.refuse_inexact(found)


def test_a_wrong_class_of_a_published_network_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    files = [str(path) for path in _files(SHIPPED["deeplabv3"])]
    assert cli.main(["models", "install", "deeplabv3", "--file", *files]) == 0
    own = tmp_path / "models" / "wrong.toml"
    text = SHIPPED["deeplabv3"].path.read_text(encoding="utf-8")
    text = text.replace('name = "deeplabv3"', 'name = "wrong"')
    own.write_text(text.replace("person = 15", "person = 12"), encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["models", "check", "wrong"]) == 1
    told = capsys.readouterr().err
    assert '"output.person" is wrong' in told and "with 15" in told
    assert cli.main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
