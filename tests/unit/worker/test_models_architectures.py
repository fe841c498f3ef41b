"""DeepLabV3+, BiSeNetV2 and Mask R-CNN run from their own manifests, end to end."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from tests.unit import onnx_architectures as architectures
from tests.unit.worker_pictures import person
from vb_link import folders
from vb_worker.models import InstancesModel, Manifest, open_model
from vb_worker.models.manifest_reader import load

Raw = dict[str, NDArray[np.float32]]


def _dropped_in(file: Path, name: str) -> Manifest:
    """The shipped manifest, with the user's exported file where it looks for it."""
    shipped = load(folders.models_dir() / f"{name}.toml")
    total = hashlib.sha256(file.read_bytes()).hexdigest()
    return replace(shipped, path=file.with_suffix(".toml"), file=file.name, sha256=total)


def _picture(side: int) -> NDArray[np.uint8]:
    picture, _ = person(side, side)
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


def _raw(file: Path, feed: NDArray[np.float32]) -> Raw:
    session = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    outputs = [tensor.name for tensor in session.get_outputs()]
    return dict(zip(outputs, session.run(None, {session.get_inputs()[0].name: feed})))


def test_deeplabv3plus(tmp_path: Path) -> None:
    file = architectures.deeplabv3plus(tmp_path / "deeplabv3plus.onnx", 512)
    model = open_model(_dropped_in(file, "deeplabv3plus"))
    rgba = _picture(512)
    colours = rgba[..., :3] / 255
    feed = (colours - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    scores = _raw(file, feed.transpose(2, 0, 1)[None].astype(np.float32))["output"][0]
    likely = np.exp(scores - scores.max(0))
    expected = (likely / likely.sum(0))[15]
    assert expected.std() > 1e-3
    np.testing.assert_allclose(model(rgba) * 255, expected * 255, atol=1.0)


def test_bisenetv2(tmp_path: Path) -> None:
    file = architectures.bisenetv2(tmp_path / "bisenetv2.onnx", 640)
    manifest = _dropped_in(file, "bisenetv2")
    rgba = _picture(512)
    large = cv2.resize(rgba[..., :3], (640, 640), interpolation=cv2.INTER_LINEAR) / 255
    feed = (large - manifest.input.mean) / manifest.input.std
    classes = _raw(file, feed.transpose(2, 0, 1)[None].astype(np.float32))["preds"][0]
    # Random weights have favourites: look for a class that is somewhere and not everywhere.
    chosen = int(np.bincount(classes.ravel()).argmax())
    told = replace(manifest, output=replace(manifest.output, person=chosen))
    model = open_model(told)
    assert model.input_size == (512, 512)  # what the link can hold
    expected = cv2.resize(
        (classes == chosen).astype(np.float32), (512, 512), interpolation=cv2.INTER_AREA
    )
    assert 0.01 < expected.mean() < 0.999
    assert np.mean(np.abs(model(rgba) * 255 - expected * 255) > 1) < 0.01


def test_maskrcnn(tmp_path: Path) -> None:
    manifest = load(folders.models_dir() / "maskrcnn.toml")
    spec = manifest.output
    names = (spec.boxes, spec.labels, spec.scores, spec.masks)
    file = architectures.maskrcnn(tmp_path / "maskrcnn.onnx", 512, names, classes=2)
    dropped = _dropped_in(file, "maskrcnn")
    dropped = replace(dropped, output=replace(spec, least_score=0.05))
    rgba = np.ascontiguousarray(_picture(512)[:288])  # 16:9: the letterbox has to be undone
    model = open_model(dropped)
    assert isinstance(model, InstancesModel)
    assert model.frame_size(1280, 720) == (512, 288)
    found = model.find(model.prepare(model.shrink(rgba)))
    boxed = np.zeros((3, 512, 512), np.float32)
    mean = np.array(manifest.input.mean)[:, None, None]
    boxed[:, 112:400] = rgba[..., 2::-1].transpose(2, 0, 1) - mean
    raw = _raw(file, boxed)
    people = np.flatnonzero((raw[names[1]] == spec.person) & (raw[names[2]] >= 0.05))
    if not len(people):
        pytest.fail("the random network finds nobody: choose another seed")
    people = people[np.argsort(-raw[names[2]][people], kind="stable")]
    expected = np.clip(raw[names[0]][people] - [0, 112, 0, 112], 0, [512, 288, 512, 288])
    seen = (expected[:, 2] > expected[:, 0]) & (expected[:, 3] > expected[:, 1])
    assert 0 < seen.sum() < len(people)  # those in the border are nobody
    people, expected = people[seen], expected[seen]
    np.testing.assert_allclose(found.scores, raw[names[2]][people], atol=1e-5)
    np.testing.assert_allclose(found.boxes, expected, atol=0.01)
    assert found.masks.shape == (len(people), 288, 512)
    for mask, (left, top, right, bottom) in zip(found.masks, expected.astype(int)):
        outside = mask.copy()
        outside[max(top - 1, 0) : bottom + 2, max(left - 1, 0) : right + 2] = 0
        assert not outside.any()
        middle = mask[(top + bottom) // 2, (left + right) // 2]
        assert 0 < middle <= 1
    np.testing.assert_allclose(model(rgba) * 255, found.masks.max(0) * 255, atol=1.0)
