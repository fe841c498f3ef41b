"""The worker's loop on shared memory: models that come while it runs, units, sizes, errors."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.own_model import add_own
from tests.unit.worker_pictures import person
from vb_link import folders, layout, slots, tell
from vb_worker import serve
from vb_worker.models import open_model
from vb_worker.units import choice


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models' folder, empty."""
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def _segment(model: str, compute: str = "cpu") -> Any:
    segment = layout.Segment()
    channel = segment.channels[0]
    channel.used = 1
    channel.source_width, channel.source_height = 1280, 720
    _choose(segment, model, compute)
    return segment


def _choose(segment: Any, model: str, compute: str = "cpu") -> None:
    channel = segment.channels[0]
    channel.model, channel.compute = model.encode(), compute.encode()
    channel.quality = b"fast"
    tell.tell(channel)


def _send(segment: Any) -> None:
    channel = segment.channels[0]
    width, height = int(channel.want_width) or 256, int(channel.want_height) or 144
    picture, _ = person(width, height)
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    channel.frame_newest = slots.write(
        channel.frames, int(channel.frame_newest) % layout.SLOTS, frame_id=1, generation=1,
        width=width, height=height, pixels=memoryview(np.ascontiguousarray(rgba).data),
    )  # fmt: skip
    channel.frame_count += 1


def _work_until_tried(worker: serve.Worker) -> None:
    """Work as the worker's loop does while a model is being tried in its own process."""
    worker.work()
    deadline = time.monotonic() + 60
    while worker.quarantine.running:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        worker.work()


def test_a_model_that_comes_while_it_runs_can_be_chosen(data: Path) -> None:
    segment = _segment("selfie_landscape")
    worker = serve.Worker(segment, {})
    channel = segment.channels[0]
    worker.work()
    _send(segment)
    assert worker.work()
    assert channel.alpha_count == 1 and channel.report_error == b""
    _choose(segment, "mine")
    worker.work()
    assert b"not installed" in channel.report_error
    add_own(data, "mine")
    _choose(segment, "mine")
    worker.work()
    assert b"is being tried" in channel.report_error
    _work_until_tried(worker)
    assert channel.report_error == b""
    assert (channel.want_width, channel.want_height) == (512, 288)
    _send(segment)
    before = channel.alpha_count
    assert worker.work()
    assert channel.alpha_count > before
    assert channel.report_model == b"Selfie, square"


def test_an_own_model_with_a_wrong_manifest_is_refused_by_its_line(data: Path) -> None:
    add_own(data, "mine", scale="1.0")
    segment = _segment("mine")
    worker = serve.Worker(segment, {})
    _work_until_tried(worker)
    error = segment.channels[0].report_error.decode()
    assert '"input.scale" is wrong' in error and "mine.toml, line" in error


def test_a_default_model_of_the_users_is_tried_before_it_stands_in_for_another(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "models_dir", lambda: data / "nothing ships")
    add_own(data, "mine")
    add_own(data, "selfie_square")
    segment = _segment("mine")
    worker = serve.Worker(segment, {}, ["mine"])
    worker.work()
    channel = segment.channels[0]
    assert b"is being tried" in channel.report_error
    _work_until_tried(worker)
    assert channel.report_error == b"" and b"ModelEnded" in channel.report_refused


def test_depth_alone_is_no_mask(data: Path) -> None:
    add_own(data, "deep", kind='"depth"')
    segment = _segment("deep")
    serve.Worker(segment, {}).work()
    assert b"finds no people" in segment.channels[0].report_error


def test_a_letterbox_gets_frames_of_the_sources_shape(data: Path) -> None:
    add_own(data, "boxed", resize='"letterbox"')
    segment = _segment("boxed")
    worker = serve.Worker(segment, {})
    channel = segment.channels[0]
    _work_until_tried(worker)
    assert (channel.want_width, channel.want_height) == (512, 288)
    _send(segment)
    worker.work()
    newest = channel.alphas[int(channel.alpha_newest) % layout.SLOTS]
    assert (newest.width, newest.height) == (512, 288)
    channel.source_width, channel.source_height = 640, 480
    _choose(segment, "boxed", "auto")
    worker.work()
    width, height = int(channel.want_width), int(channel.want_height)
    assert abs(width / height - 4 / 3) < 0.01


def test_a_unit_that_is_not_there_runs_on_the_cpu_and_says_so(data: Path) -> None:
    segment = _segment("selfie_landscape", "cuda:3")
    worker = serve.Worker(segment, {})
    worker.work()
    _send(segment)
    assert worker.work()
    channel = segment.channels[0]
    assert channel.report_compute == b"CPU" and b"cuda:3" in channel.report_refused


def test_what_was_measured_meanwhile_is_taken_up(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[str] = []

    def stand_in(manifest: Any, compute: str) -> tuple[Any, str]:
        chosen.append(compute)
        return open_model(manifest), "cpu"

    monkeypatch.setattr(choice, "open_chosen", stand_in)
    segment = _segment("selfie_landscape", "auto")
    worker = serve.Worker(segment, {})
    worker.work()
    worker.work()
    assert chosen == ["auto"]
    monkeypatch.setattr(worker.survey, "finished", lambda: "selfie_landscape" * (len(chosen) == 1))
    worker.work()
    worker.work()
    assert chosen == ["auto", "auto"]
    _send(segment)
    assert worker.work()
