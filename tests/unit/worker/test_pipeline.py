"""A frame's way through the worker, with the real model and a real person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.worker_pictures import iou, person
from vb_link import folders, layout
from vb_worker.bench.metrics import boundary_iou
from vb_worker.bench.one_run import BARE, moving_pictures
from vb_worker.matte.pipeline import Pipeline
from vb_worker.matte.quality import Quality
from vb_worker.models import find_models, open_model
from vb_worker.models.network import Network
from vb_worker.offline.levels import levels


@pytest.fixture(scope="module")
def shared() -> Pipeline:
    return Pipeline(open_model(find_models([folders.models_dir()])["selfie_square"]))


@pytest.fixture(scope="module")
def fast(shared: Pipeline) -> Pipeline:
    return Pipeline(shared.model, BARE)


@pytest.fixture
def pipeline(shared: Pipeline) -> Iterator[Pipeline]:
    yield shared
    for stream in ("a", "b"):
        shared.reset(stream)


def _rgba(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


@pytest.mark.parametrize(("width", "height"), [(256, 144), (1280, 720), (640, 480), (100, 77)])
def test_the_person_is_found_in_any_size(pipeline: Pipeline, width: int, height: int) -> None:
    picture, truth = person(width, height)
    result = pipeline.process(_rgba(picture), stream="a")
    assert result.alpha.shape == pipeline.working_size(width, height)[::-1]
    assert result.alpha.dtype == np.uint8
    alpha = levels(result.alpha, width, height)
    assert iou(alpha, truth) > 0.9
    assert np.mean(alpha == 1.0) > 0.2, "no part of the person is exactly opaque"
    assert np.mean(alpha == 0.0) > 0.3, "no part of the room is exactly transparent"


def test_the_working_size_keeps_the_aspect_and_fits_a_slot(
    pipeline: Pipeline, fast: Pipeline
) -> None:
    for width, height in ((1280, 720), (640, 480), (1080, 1920), (3840, 400), (100, 77), (1, 1)):
        wide, tall = pipeline.working_size(width, height)
        assert wide * tall <= layout.ALPHA_BYTES
        assert abs(wide / tall - width / height) < 0.03 * width / height
        assert (wide, tall) <= (width, height)
        assert pipeline.working_size(wide, tall) == (wide, tall), "a frame is shrunk twice"
        assert fast.working_size(width, height) == fast.model.input_size


def test_small_people_are_found_better_by_a_closer_look(pipeline: Pipeline, fast: Pipeline) -> None:
    near, truth_near = person(320, 180)
    picture = np.full((720, 1280, 3), (60, 110, 150), np.uint8)
    truth = np.zeros((720, 1280), np.float32)
    picture[540:, 200:520], truth[540:, 200:520] = near, truth_near
    # The room around her is drawn as the near picture's, so that no frame shows.
    slope = np.linspace(-30, 30, 320)[None, :, None]
    picture[:, 200:520] = np.where(
        truth[:, 200:520, None] > 0, picture[:, 200:520], np.array([60, 110, 150]) + slope
    ).astype(np.uint8)
    scores = [
        boundary_iou(levels(made.still(picture).alpha, 1280, 720), truth)
        for made in (fast, pipeline)
    ]
    assert scores[1] > scores[0] + 0.1


def test_the_colour_order_is_red_green_blue(fast: Pipeline) -> None:
    pipeline = fast
    picture, truth = person()
    right = np.abs(levels(pipeline.still(picture).alpha, 320, 180) - truth).mean()
    swapped = np.ascontiguousarray(picture[..., ::-1])
    wrong = np.abs(levels(pipeline.still(swapped).alpha, 320, 180) - truth).mean()
    assert right < wrong


def test_a_still_picture_leaves_and_takes_nothing(pipeline: Pipeline) -> None:
    first, second = _rgba(person()[0]), _rgba(person(shift=0.02)[0])
    alone = pipeline.still(second).alpha
    pipeline.process(first, stream="a")
    np.testing.assert_array_equal(pipeline.still(second).alpha, alone)


def test_streams_do_not_mix_and_reset_forgets(pipeline: Pipeline) -> None:
    random = np.random.default_rng(5)
    first = _rgba(person()[0])
    noise = random.normal(0, 2, first.shape)
    second = np.clip(first + noise, 0, 255).astype(np.uint8)
    alone = pipeline.still(second).alpha

    pipeline.process(first, stream="a")
    np.testing.assert_array_equal(pipeline.process(second, stream="b").alpha, alone)
    after_first = pipeline.process(second, stream="a").alpha
    assert not np.array_equal(after_first, alone), "the stream remembers nothing"
    pipeline.reset("a")
    np.testing.assert_array_equal(pipeline.process(second, stream="a").alpha, alone)


@pytest.mark.posix("Windows counts a thread's time in steps of 15 ms")
@pytest.mark.parametrize(
    ("quality", "share"), [(BARE, 0.5), (replace(BARE, name="whole", refine=True), 1.0)]
)
def test_the_worker_adds_less_than_the_network_takes(
    pipeline: Pipeline, quality: Quality, share: float
) -> None:
    """One look a frame, of which a half is the network's at least, with all that is done to it.

    A millisecond of 2.6 without regions and refinement, two with them. It is processor time of
    this thread, next to the network's own in the same breath: other work does not count.
    """
    model = pipeline.model
    assert isinstance(model, Network)
    own = Pipeline(model, quality)
    pictures = list(moving_pictures(*model.input_size))
    feed = np.array(model.prepare(pictures[0]))
    added = []
    for number in range(120):
        begin = time.thread_time()
        model.bare(feed)
        ran = time.thread_time()
        own.process(pictures[number % len(pictures)], stream="a", now=number / 30)
        alone = ran - begin
        added.append((time.thread_time() - ran - alone) / alone)
    assert 0.0 < float(np.median(added[20:])) < share


def test_a_frame_of_another_size_begins_anew(pipeline: Pipeline) -> None:
    frame = _rgba(person(512, 288)[0])
    first = pipeline.process(frame, stream="a").alpha
    pipeline.process(_rgba(person(256, 144)[0]), stream="b")
    assert (pipeline.process(frame, stream="b").alpha == first).all()
