"""The worker's loop on a segment of its own: who is kept, and the depth that goes along."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from vb_link import folders, layout, sentences, slots, tell
from vb_worker.matte.turn import UPRIGHT, Turn
from vb_worker.models import Manifest, find_models
from vb_worker.serve import Worker

W, H = 64, 36


def _channel_model(folder: Path, name: str, colour: int, kind: str) -> Manifest:
    """Return a model that answers with one colour of the picture."""
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (colour, colour + 1, 1))
    graph.node("Slice", "picture", begin, end, axis, out="out")
    file = graph.save(
        folder / f"{name}.onnx",
        [("picture", FLOAT, [1, 3, H, W])],
        [("out", FLOAT, [1, 1, H, W])],
    )
    return manifest_for(file, f'kind = "{kind}"', width=W, height=H, name=name)


class Filter:
    """What a filter does: settings, frames in, alphas out. People are red, nearness is green."""

    def __init__(self, folder: Path) -> None:
        self.people = _channel_model(folder, "people", 0, "probability")
        self.depth = _channel_model(folder, "depth", 1, "depth")
        self.segment = layout.Segment()
        self.seconds = 0.0
        models = {"people": self.people, "depth": self.depth}
        self.worker = Worker(self.segment, models, clock=lambda: self.seconds)
        self.channel: Any = self.segment.channels[0]
        self.channel.used = 1
        self.set(model=b"people", person=b"all")

    def set(self, **fields: Any) -> None:
        for field, value in fields.items():
            setattr(self.channel, field, value)
        tell.tell(self.channel)

    def answer(self, picture: NDArray[np.uint8]) -> slots.Picture:
        """Hand the next frame over, let the worker work, return the alpha."""
        self.seconds += 1 / 30
        self.channel.frame_newest = slots.write(
            self.channel.frames, self.channel.frame_newest,
            frame_id=self.channel.frame_count + 1, generation=self.channel.generation,
            width=W, height=H, pixels=np.ascontiguousarray(picture).data,
        )  # fmt: skip
        self.channel.frame_count += 1
        assert self.worker.work()
        alpha = slots.read(self.channel.alphas, self.channel.alpha_newest, 1)
        assert alpha is not None
        assert alpha.frame_id == self.channel.frame_count
        return alpha

    def kept(self) -> tuple[int, int]:
        """Return the alpha in the middle of the left and of the right person."""
        alpha = np.frombuffer(self.answer(_two()).pixels, np.uint8).reshape(H, W)
        return int(alpha[24, 10]), int(alpha[24, 50])

    @property
    def error(self) -> str:
        return sentences.english(self.channel.report_error)


@pytest.fixture
def half(tmp_path: Path) -> Iterator[Filter]:
    yield Filter(tmp_path)


def _two() -> NDArray[np.uint8]:
    """Two people, the right one larger, in a room that is nearer to the right."""
    picture = np.zeros((H, W, 4), np.uint8)
    picture[..., 1] = np.linspace(20, 220, W)
    picture[16:36, 5:15, 0] = 255
    picture[8:36, 40:60, 0] = 255
    return picture


def test_the_person_chosen_is_kept_from_the_next_alpha_on(half: Filter) -> None:
    assert half.kept() == (255, 255)
    half.set(person=b"largest")
    assert half.kept() == (0, 255)
    half.set(person=b"follow", person_x=0.1, person_y=0.8)
    assert half.kept() == (255, 0)
    half.set(person_x=0.9)
    assert half.kept() == (0, 255)
    half.set(person=b"all")
    assert half.kept() == (255, 255)
    assert half.error == ""


def test_absurd_choices_are_harmless(half: Filter) -> None:
    half.set(person=b"\xff?", person_x=float("nan"), person_y=float("inf"))
    assert half.kept() == (255, 255)
    half.set(person=b"follow", person_x=float("nan"), person_y=-1e300)
    assert sorted(half.kept()) == [0, 255]


def test_a_new_generation_begins_the_choice_anew(half: Filter) -> None:
    half.set(person=b"follow", person_x=0.1, person_y=0.8)
    assert half.kept() == (255, 0)
    gone = _two()
    gone[:, 5:15, 0] = 0
    assert max(half.answer(gone).pixels) == 0, "another person took the place at once"
    half.channel.generation += 1
    assert max(half.answer(gone).pixels) == 255


def test_a_depth_goes_with_the_alphas_once_a_model_is_chosen(half: Filter) -> None:
    assert half.answer(_two()).depth is None
    half.set(depth_model=b"depth")
    half.answer(_two())
    depth = half.answer(_two()).depth
    assert depth is not None
    plane = np.frombuffer(depth, np.uint8).reshape(H, W)
    assert plane[:, 0].max() < 10
    assert plane[:, -1].min() > 245
    assert (np.diff(plane[0].astype(int)) >= 0).all()
    half.set(depth_model=b"")
    assert half.answer(_two()).depth is None


def test_a_depth_model_that_is_missing_is_said_and_the_alphas_go_on(half: Filter) -> None:
    half.set(depth_model=b"gone")
    for _ in range(2):
        assert half.kept() == (255, 255)
        assert half.error == (
            "The model 'gone' is not installed: choose another one in the filter."
        )
    half.worker.models["gone"] = replace(half.depth, name="gone")
    half.set()
    half.kept()
    assert half.error == ""
    assert half.answer(_two()).depth is not None


def test_a_depth_model_is_no_model_of_people(half: Filter) -> None:
    half.set(model=b"depth")
    half.worker.work()
    assert "finds no people" in half.error


def test_the_source_decides_the_size_of_the_frames_at_every_quality(half: Filter) -> None:
    half.channel.source_width, half.channel.source_height = 1280, 720
    half.set(quality=b"balanced")
    half.kept()
    assert (half.channel.want_width, half.channel.want_height) == (512, 288)
    half.set(quality=b"fast")  # it looks closely, too
    half.kept()
    assert (half.channel.want_width, half.channel.want_height) == (512, 288)
    half.set(quality=b"best")
    half.channel.source_width, half.channel.source_height = 480, 640
    half.kept()
    wanted = half.channel.want_width, half.channel.want_height
    assert wanted[0] / wanted[1] == pytest.approx(0.75, abs=0.01)
    assert wanted[0] * wanted[1] <= layout.ALPHA_BYTES


def test_a_clean_plate_is_taken_used_and_dropped(half: Filter) -> None:
    room = _two()
    room[..., 2] = 90
    room[..., 0] = 0
    half.set(plate_request=1)
    half.answer(room)
    assert half.channel.plate_state == layout.PLATE_TAKING
    for _ in range(20):
        half.answer(room)
    assert half.channel.plate_state == layout.PLATE_FITS
    someone = room.copy()
    someone[8:36, 40:60, 0] = 255  # looks like a person to the model, and is new
    alpha = np.frombuffer(half.answer(someone).pixels, np.uint8).reshape(H, W)
    assert alpha[24, 50] > 200
    half.set(plate_request=0)
    half.answer(someone)
    assert half.channel.plate_state == layout.PLATE_NONE


def test_the_models_see_the_picture_as_the_filter_says_it_stands(half: Filter) -> None:
    half.kept()
    stream = half.worker.streams[0]
    half.channel.source_width, half.channel.source_height = 360, 640
    half.set(turned=b"270", mirrored=1)
    half.kept()
    assert stream.turn == stream.depth.turn == Turn(3, mirrored=True)
    half.set(turned=b"\xff sideways", mirrored=0)
    assert half.kept() == (255, 255)
    assert stream.turn == UPRIGHT


def test_what_stood_there_before_is_no_person_with_a_plate(half: Filter) -> None:
    room = _two()
    half.set(plate_request=5)
    half.worker.work()
    half.answer(np.where(np.arange(4) == 0, 0, room).astype(np.uint8))
    plate = half.worker.streams[0].plate
    plate._taken = None
    # The model takes both for people; only the right one came after the plate was taken.
    before = room.copy()
    before[:, 40:60, 0] = 0
    plate._plate, plate.state = before[..., :3].astype(np.float32), layout.PLATE_FITS
    alpha = np.frombuffer(half.answer(room).pixels, np.uint8).reshape(H, W)
    assert alpha[24, 50] > 200
    assert alpha[24, 9] < 30


@pytest.mark.linux("memory is read as Linux tells it")
def test_switching_the_quality_again_and_again_takes_no_more_memory(half: Filter) -> None:
    half.worker.models = find_models([folders.models_dir()])
    picture = np.random.default_rng(1).integers(0, 255, (H, W, 4), np.uint8)

    def switch(times: int) -> float:
        for number in range(times):
            half.set(model=b"selfie_square", quality=(b"fast", b"balanced")[number % 2])
            half.answer(picture)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    gc.disable()  # it runs by chance, now and then
    try:
        before = switch(10)
        assert switch(60) < before + 6, "MiB"
    finally:
        gc.enable()


def test_a_stroke_drops_what_it_touches(half: Filter) -> None:
    picture = _two()
    picture[16:36, 5:15, 2] = 255  # the left one is purple, and a thing

    def kept() -> tuple[int, int]:
        alpha = np.frombuffer(half.answer(picture).pixels, np.uint8).reshape(H, W)
        return int(alpha[24, 10]), int(alpha[24, 50])

    assert kept() == (255, 255)
    half.channel.stroke_edges[:4] = [0.1, 0.7, 0.2, 0.9]
    half.channel.stroke_kinds[0] = layout.STROKE_DROP
    half.set(stroke_owner=1)
    assert kept() == (0, 255)
    half.channel.stroke_kinds[0] = layout.STROKE_NONE
    half.set()
    assert kept() == (255, 255)


def test_the_share_of_people_goes_along_with_the_alpha(half: Filter) -> None:
    half.answer(np.zeros((H, W, 4), np.uint8))
    assert half.channel.person_share == 0.0
    half.kept()
    assert 0.05 < half.channel.person_share < 0.9


def test_advice_is_given_only_while_it_is_wanted(half: Filter) -> None:
    dark = np.zeros_like(_two())
    dark[..., 0] = np.where(_two()[..., 0] > 128, 130, 0)  # still people to this model
    half.set(advice=1)
    for _ in range(200):
        half.answer(dark)
    assert layout.ADVICE[half.channel.report_advice] == "dark"
    half.set(advice=0)
    half.answer(dark)
    assert half.channel.report_advice == 0
