"""Comparing a result of ``convert`` with its source: outputs, size, time."""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.convert import checking
from vb_worker.convert.errors import refusing
from vb_worker.errors import UsageError, UserError
from vb_worker.models import Manifest, ModelError, open_model, sample_check
from vb_worker.models.network import Network
from vb_worker.models.prepare import resize
from vb_worker.offline.pictures import pictures_of, read_picture
from vb_worker.runtime.session import plain_session

_ROUNDS = 40
_MOST_PICTURES = 100
_FASTER = 0.97
_NOT_COMPARED = "The result cannot be compared with what it was made from"


@dataclass
class Work:
    """A network being converted: its bytes and, if known, its manifest."""

    data: bytes
    manifest: Manifest | None


def described(work: Work) -> Manifest:
    """Return the network's manifest. Raises UsageError where it is unknown."""
    if work.manifest is None:
        raise UsageError(
            "How the network wants its pictures has to be known for this: give --manifest "
            "FILE.toml, or the name of an installed model."
        )
    return work.manifest


class Opened:
    """The network as a model, from a temporary file that exists while it is open."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __enter__(self) -> Network:
        manifest = described(self._work)
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "model.onnx"
        path.write_bytes(self._work.data)
        told = replace(
            manifest,
            path=path.with_suffix(".toml"),
            file=path.name,
            sha256=hashlib.sha256(self._work.data).hexdigest(),
        )
        try:
            model = open_model(told)
        except ModelError as error:
            self._folder.cleanup()
            text = str(error).replace(str(path), "The result")
            raise UserError(text) from error
        if not isinstance(model, Network):
            raise UsageError(f"{manifest.title} is no network that could be converted.")
        return model

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def calibration_pictures(folder: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield up to ``_MOST_PICTURES`` pictures of a folder: height x width x 3 uint8 RGB."""
    for path in pictures_of(folder)[:_MOST_PICTURES]:
        yield read_picture(path)


@refusing(_NOT_COMPARED)
def check_step(name: str, before: Work, after: Work, options: argparse.Namespace) -> None:
    """Print how far a step's result is from what it was made from.

    Raises UserError where that is too far, or where the two cannot be compared.
    """
    if after.manifest is None:
        session = session_of(after.data)
        shape = [side if isinstance(side, int) else 1 for side in session.get_inputs()[0].shape]
        original = _run_one(session_of(before.data))
        found = checking.compare(original, _run_one(session), _random(shape))
        print(f"{name}: {found}")
        checking.refuse_worse(found)
        return
    with Opened(before) as reference, Opened(after) as made:
        pictures = [picture for picture, _ in sample_check.views()]
        if options.calibrate:
            pictures += list(calibration_pictures(options.calibrate))[:20]
        found = checking.compare(_at_its_size(reference, made), made, pictures)
    print(f"{name}: {found}")
    lossy = options.half or options.int8 or options.input_size
    if name in ("normalisation", "bytes in") and not lossy:
        checking.refuse_inexact(found)
    checking.refuse_worse(found)


def _at_its_size(reference: Network, made: Network) -> Callable[[Any], NDArray[Any]]:
    """Return a function: the reference's result at the size of the other model's."""

    def answer(picture: NDArray[np.uint8]) -> NDArray[Any]:
        size = made.frame_size(picture.shape[1], picture.shape[0])
        plane = reference(picture)
        return plane if plane.shape == size[::-1] else np.asarray(cv2.resize(plane, size))

    return answer


def session_of(data: bytes) -> Any:
    """Return an onnxruntime session of a network given as bytes."""
    return plain_session(data, Path("The result"))


def _run_one(session: Any) -> Callable[[Any], NDArray[Any]]:
    inputs = session.get_inputs()
    zeros = {
        tensor.name: np.zeros(
            [side if isinstance(side, int) else 1 for side in tensor.shape], np.float32
        )
        for tensor in inputs[1:]
    }
    return lambda feed: np.asarray(session.run(None, {**zeros, inputs[0].name: feed})[0])


def _random(shape: list[int]) -> list[NDArray[np.float32]]:
    random = np.random.default_rng(1)
    ramp = np.broadcast_to(np.linspace(0, 1, shape[-2], dtype=np.float32)[:, None], shape)
    feeds = [random.uniform(0, 1, shape).astype(np.float32), np.ascontiguousarray(ramp, np.float32)]
    if len(shape) == 4 and shape[3] == 3:
        picture, _ = sample_check.sample()
        feeds.append(np.asarray(resize(picture, shape[2], shape[1])[None] / 255, np.float32))
    return feeds


@refusing(_NOT_COMPARED)
def compare_raw(
    name: str, reference: Callable[[Any], NDArray[Any]], made: bytes, shape: list[int]
) -> None:
    """Print how far a network (ONNX bytes) is from ``reference``, a function of its input.

    ``shape``: of the input, a float32 tensor. Raises UserError where the difference is not exact.
    """
    found = checking.compare(reference, _run_one(session_of(made)), _random(shape))
    print(f"against {name}: {found}")
    checking.refuse_inexact(found)


@refusing(_NOT_COMPARED)
def compare_tfjs(reference: Any, made: bytes, shape: list[int], states: set[str]) -> None:
    """Print how far a network (ONNX bytes) is from TensorFlow.js's answers, by output name.

    ``shape``: of the picture's input; ``states``: names of recurrent outputs. Raises UserError
    where the difference is not exact.
    """
    session = session_of(made)
    inputs, outputs = session.get_inputs(), [tensor.name for tensor in session.get_outputs()]
    zeros = {tensor.name: np.zeros(tensor.shape, np.float32) for tensor in inputs}
    picture = next(tensor.name for tensor in inputs if list(tensor.shape) == shape)
    feed = _random(shape)[-1]
    expected = reference(feed)
    got = dict(zip(outputs, session.run(None, {**zeros, picture: feed})))
    for name in states & got.keys():  # states are NCHW in the ONNX graph
        got[name] = got[name].transpose(0, 2, 3, 1)
    names = sorted(expected)
    found = checking.compare(
        lambda name: expected[name].ravel(), lambda name: got[name].ravel(), names
    )
    print(f"against TensorFlow.js ({', '.join(names)}): {found}")
    checking.refuse_inexact(found)


def refuse_useless(before: Work, after: Work, options: argparse.Namespace) -> None:
    """Raise UserError for a result that is neither smaller nor faster."""
    print(f"size {len(before.data)} -> {len(after.data)} bytes")
    smaller = len(after.data) < 0.95 * len(before.data)
    faster = True
    if after.manifest is not None:
        old, new = _times(before, after)
        print(f"picture to mask, one thread: {old:.2f} -> {new:.2f} ms")
        faster = new < _FASTER * old
    if not (smaller or faster or options.anyway or options.input_size):
        raise UserError(
            "The result is neither smaller nor faster here, so nothing was written "
            "(--anyway writes it)."
        )


def _times(before: Work, after: Work) -> tuple[float, float]:
    """Return the median times of both in ms, measured alternately."""
    picture, _ = sample_check.sample()
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    with Opened(before) as opened, Opened(after) as other:
        times: tuple[list[float], list[float]] = ([], [])
        frames = [np.ascontiguousarray(model.shrink(rgba)) for model in (opened, other)]
        for _ in range(_ROUNDS):
            for model, frame, taken in zip((opened, other), frames, times):
                begin = time.perf_counter()
                model.infer(model.prepare(frame))
                taken.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times[0]), statistics.median(times[1])
