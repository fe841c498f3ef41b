"""What can be wrong with a model's file ends in one sentence, never in a crash or a wrong mask."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vb_link import folders
from vb_worker.models import Manifest, ModelError, choose_model, find_models, open_model
from vb_worker.models.manifest_reader import load
from vb_worker.runtime.providers import available_units, find_unit


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """The default model's manifest, on a copy that a test may damage."""
    for name in ("selfie_landscape.toml", "selfie_landscape.onnx", "selfie_square.onnx"):
        shutil.copy(folders.models_dir() / name, tmp_path / name)
    return load(tmp_path / "selfie_landscape.toml")


def _refused(manifest: Manifest, **options: str) -> str:
    with pytest.raises(ModelError) as caught:
        open_model(manifest, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_a_model_answers_with_probabilities_at_its_own_size(manifest: Manifest) -> None:
    model = open_model(manifest)
    answer = model(np.full((90, 160, 4), 128, np.uint8))
    assert answer.shape == (144, 256)
    assert answer.dtype == np.float32
    assert 0.0 <= answer.min() <= answer.max() <= 1.0
    assert model.input_size == (256, 144)
    assert model.compute == "CPU"


def test_a_missing_file_is_named(manifest: Manifest) -> None:
    manifest.weights.unlink()
    assert not manifest.installed
    message = _refused(manifest)
    assert str(manifest.weights) in message
    assert "missing" in message


def test_a_changed_file_is_not_loaded(manifest: Manifest) -> None:
    data = bytearray(manifest.weights.read_bytes())
    data[len(data) // 2] ^= 1
    manifest.weights.write_bytes(data)
    assert "damaged" in _refused(manifest)


def test_a_truncated_file_is_not_loaded_even_if_its_sum_is_right(manifest: Manifest) -> None:
    data = manifest.weights.read_bytes()[:1000]
    manifest.weights.write_bytes(data)
    changed = replace(manifest, sha256=hashlib.sha256(data).hexdigest())
    assert "or it is damaged" in _refused(changed)


def test_a_file_unlike_its_manifest_is_refused(manifest: Manifest) -> None:
    other = manifest.path.parent / "selfie_square.onnx"
    total = hashlib.sha256(other.read_bytes()).hexdigest()
    message = _refused(replace(manifest, file=other.name, sha256=total))
    assert "does not match its manifest" in message
    assert "[1, 256, 256, 3]" in message


def test_a_layout_unlike_the_file_is_refused(manifest: Manifest) -> None:
    changed = replace(manifest, input=replace(manifest.input, layout="NCHW"))
    assert "the input should be [1, 3, 144, 256]" in _refused(changed)


def test_an_unknown_compute_unit_is_refused_and_the_known_are_named(manifest: Manifest) -> None:
    message = _refused(manifest, compute="abacus")
    assert "'abacus'" in message
    assert "cpu" in message


def test_the_cpu_is_always_there_and_first() -> None:
    assert available_units()[0] == find_unit("cpu")
    assert all(unit.provider != "AzureExecutionProvider" for unit in available_units())


def test_an_unknown_name_is_refused_and_the_known_are_named() -> None:
    models = find_models([folders.models_dir()])
    with pytest.raises(ModelError, match="selfie_landscape"):
        choose_model(models, "nothing")
