"""A model that tells people apart lets the choice do so from the first picture on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit.onnx_graphs import FLOAT, INT64, Graph, manifest_for
from vb_worker.matte.pipeline import Pipeline
from vb_worker.models import open_model
from vb_worker.people.choice import PersonChoice

W, H = 64, 40


def two_who_touch(folder: Path) -> Pipeline:
    """Return a pipeline whose model finds two people who stand shoulder to shoulder."""
    masks = np.zeros((2, 1, H, W), np.float32)
    masks[0, 0, 10:, 8:30] = 1
    masks[1, 0, 4:, 30:60] = 1
    graph = Graph()
    for name, values in (
        ("boxes", np.array([[8, 10, 30, H], [30, 4, 60, H]], np.float32)),
        ("labels", np.array([1, 1], np.int64)),
        ("scores", np.array([0.9, 0.8], np.float32)),
        ("masks", masks),
    ):
        graph.node("Identity", graph.weight(values), out=name)
    graph.node("ReduceMean", "picture", out="used", axes=[0, 1, 2, 3], keepdims=0)
    file = graph.save(
        folder / "a.onnx",
        [("picture", FLOAT, [1, 3, H, W])],
        [
            ("boxes", FLOAT, [2, 4]),
            ("labels", INT64, [2]),
            ("scores", FLOAT, [2]),
            ("masks", FLOAT, list(masks.shape)),
            ("used", FLOAT, []),
        ],
    )
    told = 'kind = "instances"\nperson = 1'
    return Pipeline(open_model(manifest_for(file, told, width=W, height=H)))


def test_one_oftwo_who_touch_is_kept(tmp_path: Path) -> None:
    pipeline = two_who_touch(tmp_path)
    frame = np.full((H, W, 4), 90, np.uint8)
    for who, left, right in (
        (("all", 0.5, 0.5), 255, 255),
        (("largest", 0.5, 0.5), 0, 255),
        (("follow", 0.25, 0.9), 255, 0),
        (("follow", 0.75, 0.9), 0, 255),
    ):
        choice = PersonChoice(*who)
        for alpha in (
            pipeline.still(frame, choice).alpha,
            pipeline.process(frame, stream=who, choice=choice).alpha,
        ):
            assert (alpha[25, 20], alpha[25, 45]) == (left, right)
