"""The base class of ONNX models: the verified file, the session, the input."""

from __future__ import annotations

import copy
import hashlib
from abc import abstractmethod
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.errors import ModelError, first_line
from vb_worker.models.manifest import InputSpec, Manifest
from vb_worker.models.model import Model, Size, sized
from vb_worker.models.prepare import Preparer
from vb_worker.runtime import onnx_check
from vb_worker.runtime.providers import find_unit
from vb_worker.runtime.session import open_session

_TYPES = {
    "float32": "tensor(float)",
    "float16": "tensor(float16)",
    "uint8": "tensor(uint8)",
}


MOST_CLASSES = 22  # VOC's, if the outputs do not tell


class Network(Model):
    """A model that is an ONNX file. A subclass implements one kind of output.

    ``session`` is onnxruntime's.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        compute: str = "cpu",
        threads: int = 1,
        size: Size | None = None,
    ) -> None:
        """Open the model. Raises ModelError, one sentence, if that fails."""
        super().__init__(manifest, size)
        unit = find_unit(compute)
        self.compute = unit.title
        self.threads = threads
        self.session = open_session(checked_weights(manifest), manifest.weights, unit, threads)
        if self.session.get_providers()[0] != unit.provider:
            raise ModelError("UnitDidNotStart", unit=unit.title, title=manifest.title)
        self._preparer = Preparer(self.input)
        self._input_name = self._check_input()
        self.feeds: dict[str, NDArray[Any]] = self._constants()
        # Cached: querying onnxruntime costs more than preparing a small network's input.
        self._names = [output.name for output in self.session.get_outputs()]
        self._check_outputs(self._shapes())

    def prepare(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the network's input for ``frame``; the next call overwrites it."""
        return self._preparer(frame)

    def infer(self, feed: NDArray[Any], stream: Hashable | None = None) -> NDArray[np.float32]:
        """Return the result for an input from ``prepare``. Raises ModelError if it fails."""
        with self._failing():
            return self._answer(self._run(feed))

    def named(self, feed: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return all of onnxruntime's inputs for a still picture, by name."""
        return {**self.feeds, **self._first_state(), self._input_name: feed}

    def bare(self, feed: NDArray[Any]) -> None:
        """Run onnxruntime alone on an input from ``prepare``, for benchmarks."""
        self.session.run(None, self.named(feed))

    def retuned(self, manifest: Manifest) -> Network:
        """Return this model with another manifest of the same kind; the session is shared.

        Raises ModelError if the outputs do not fit ``manifest``.
        """
        other = copy.copy(self)
        other.manifest = manifest
        size = (self.input.width, self.input.height)
        other.input = sized(manifest, size)
        other._preparer = Preparer(other.input)
        other._preparer.box = self._preparer.box
        other._check_outputs(self._shapes())
        return other

    def outputs(self, frame: NDArray[np.uint8]) -> dict[str, Any]:
        """Return the network's raw outputs for a still picture, by name, for ``read``.

        Raises ModelError if it fails.
        """
        with self._failing():
            return self._run(self.prepare(self.shrink(frame)), **self._first_state())

    def read(self, outputs: dict[str, Any]) -> NDArray[np.float32]:
        """Return the result for raw outputs. Raises ModelError if they do not fit."""
        with self._failing():
            return self._answer(outputs)

    def _first_state(self) -> dict[str, NDArray[Any]]:
        """Return the recurrent states to feed for a still picture, by input."""
        return {}

    def classes(self) -> int:
        """Return the number of classes, or ``MOST_CLASSES`` if the outputs do not tell."""
        return MOST_CLASSES

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Turn any exception from running the network or reading its outputs into ModelError."""
        try:
            yield
        except ModelError:
            raise
        except Exception as error:  # onnxruntime's errors share no other base class
            raise ModelError(
                "FailedOnPicture", name=self.manifest.name, reason=first_line(error)
            ) from error

    def _shapes(self) -> dict[str, list[Any]]:
        return {output.name: output.shape for output in self.session.get_outputs()}

    @abstractmethod
    def _answer(self, outputs: dict[str, Any]) -> NDArray[np.float32]:
        """Convert the network's outputs, by name, to the result, at the frame's size."""

    @abstractmethod
    def _check_outputs(self, shapes: dict[str, list[Any]]) -> None:
        """Raise ModelError unless the outputs, by name, have the shapes of this kind."""

    def _run(self, feed: NDArray[Any], **more: NDArray[Any]) -> dict[str, Any]:
        values = self.session.run(self._names, {**self.feeds, **more, self._input_name: feed})
        return dict(zip(self._names, values))

    def _fit(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a plane of the network's input at the frame's size, without the letterbox."""
        spec = self.input
        left, top, width, height = self._preparer.box
        if plane.shape == (height, width) and (width, height) == self.input_size:
            return plane
        if (width, height) != (spec.width, spec.height):
            if plane.shape != (spec.height, spec.width):
                plane = _scaled(plane, spec.width, spec.height)
            plane = plane[top : top + height, left : left + width]
        size = self.frame_size(width, height)
        return plane if plane.shape == size[::-1] else _scaled(plane, *size)

    def _output_name(self, shapes: dict[str, list[Any]]) -> str:
        """Return the output that the manifest names, or the only one. Raises ModelError."""
        wanted = self.manifest.output.name
        if wanted:
            return self._named(wanted, shapes, "output.name")
        if len(shapes) != 1:
            raise self._unlike(
                "output", "name", f'one of {", ".join(shapes)}, as "output.name" tells', "not told"
            )
        return next(iter(shapes))

    def _named(self, name: str, shapes: dict[str, list[Any]], key: str) -> str:
        if name not in shapes:
            there = ", ".join(shapes)
            raise ModelError(
                "NoSuchOutput",
                where=self.manifest.where(key), entry=key, name=name,
                file=self.manifest.weights.name, there=there,
            )  # fmt: skip
        return name

    def _unlike(self, table: str, what: str, wanted: object, found: object) -> ModelError:
        where = self.manifest.where(table)
        return ModelError(
            "Unlike",
            path=self.manifest.weights, where=where, what=what, wanted=wanted, found=found,
        )  # fmt: skip

    def _check_input(self) -> str:
        spec = self.input
        by_name = {tensor.name: tensor for tensor in self.session.get_inputs()}
        own = [name for name in by_name if name not in spec.constants and not self._is_state(name)]
        if spec.name:
            if spec.name not in by_name:
                raise self._unlike("input.name", "picture's input", spec.name, list(by_name))
            own = [spec.name]
        if len(own) != 1:
            raise self._unlike("input", "number of inputs", 1, len(own))
        picture = by_name[own[0]]
        wanted = list(self._preparer.shape)
        if len(picture.shape) != len(wanted) or any(
            isinstance(has, int) and has != want for has, want in zip(picture.shape, wanted)
        ):
            key = "input.layout"
            if sorted(map(str, picture.shape)) != sorted(map(str, wanted)):
                key = "input.width"
            raise self._unlike(key, "input", wanted, picture.shape)
        if picture.type != _TYPES[spec.dtype]:
            raise self._unlike("input.dtype", "input's type", _TYPES[spec.dtype], picture.type)
        return str(own[0])

    def _is_state(self, name: str) -> bool:
        return any(name == pair[0] for pair in self.manifest.output.state)

    def _constants(self) -> dict[str, NDArray[Any]]:
        types = {tensor.name: tensor.type for tensor in self.session.get_inputs()}
        constants = {}
        for name, values in self.input.constants.items():
            if name not in types:
                raise self._unlike("input.constants", "input", name, list(types))
            dtype = next((key for key, text in _TYPES.items() if text == types[name]), "float32")
            constants[name] = np.array(values, dtype)
        return constants


def output_layout(spec: InputSpec, told: str) -> str:
    """Return the layout of an output: as declared, else the input's."""
    return told or spec.layout


def plane_of(array: NDArray[Any], size: Size) -> NDArray[np.float32]:
    """Return an output of one channel as height x width float32, squeezing sides of one.

    ``size`` (width, height): the input's, for outputs that are a flat list of pixels.
    """
    sides = [side for side in array.shape if side != 1]
    if len(sides) == 1 and array.size == size[0] * size[1]:
        sides = [size[1], size[0]]
    elif len(sides) != 2:  # a side of one pixel: take the last two as they are
        sides = list(array.shape[-2:])
    return np.asarray(array.reshape(sides), np.float32)


class Softmax:
    """The softmax probability of one channel of logits, in reused buffers.

    exp(chosen) / sum of exp equals 1 / sum of exp(other - chosen): the maximum is not needed, and
    an overflow is a probability of 0. Allocating buffers would cost more than the arithmetic.
    """

    def __init__(self) -> None:
        self._planes = np.zeros((0, 0), np.float32)

    def __call__(self, scores: NDArray[Any], chosen: int, axis: int) -> NDArray[np.float32]:
        """Return height x width float32; ``scores`` has its channels along ``axis`` (0 or 2)."""
        logits = np.asarray(scores, np.float32)
        channels = logits.shape[axis]
        sides = logits.shape[1:] if axis == 0 else logits.shape[:2]
        shape = (channels, sides[0] * sides[1])
        if self._planes.shape != shape:
            self._planes = np.zeros(shape, np.float32)
        planes = self._planes
        if axis == 0:
            flat = logits.reshape(shape)
            np.subtract(flat, flat[chosen], out=planes)
        else:
            cv2.transpose(logits.reshape(shape[::-1]), dst=planes)
            np.subtract(planes, planes[chosen].copy(), out=planes)
        cv2.exp(planes, dst=planes)
        total = cv2.reduce(planes, 0, cv2.REDUCE_SUM)
        return np.asarray((1.0 / total).reshape(sides), np.float32)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), np.float32)


def _scaled(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    shrinks = plane.shape[0] > height or plane.shape[1] > width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (width, height), interpolation=how), np.float32)


def checked_weights(manifest: Manifest) -> bytes:
    """Return the ONNX file's bytes, SHA-256 verified. Raises ModelError, one sentence."""
    try:
        weights = onnx_check.read(manifest.weights)
    except FileNotFoundError as error:
        raise ModelError("FileMissing", path=manifest.weights, name=manifest.name) from error
    except OSError as error:
        raise ModelError("FileUnreadable", path=manifest.weights, reason=error.strerror) from error
    # The verified bytes are the ones that are loaded: a second read would be a race.
    if hashlib.sha256(weights).hexdigest() != manifest.expected_sha256:
        raise ModelError("FileChanged", path=manifest.weights, name=manifest.name)
    return weights
