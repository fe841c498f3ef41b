"""What all kinds of models share: the checked file, the session, the input."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vb_worker.models.errors import ModelError
from vb_worker.models.manifest import Manifest
from vb_worker.models.prepare import Preparer
from vb_worker.models.providers import find_unit, session_options


class Model(ABC):
    """One network, ready to run. A subclass knows one kind of output.

    ``manifest``; ``input_size`` (width, height) in pixels; ``compute``, the compute unit as a
    user reads it; ``threads``. Not for two threads at once.
    """

    def __init__(self, manifest: Manifest, *, compute: str = "cpu", threads: int = 1) -> None:
        """Open the model. Raises ModelError, one sentence, if that cannot be done."""
        unit = find_unit(compute)
        self.manifest = manifest
        self.input_size = (manifest.input.width, manifest.input.height)
        self.compute = unit.title
        self.threads = threads
        self.session = _open_session(manifest, unit.provider, threads)
        if self.session.get_providers()[0] != unit.provider:
            raise ModelError("UnitDidNotStart", unit=unit.title, title=manifest.title)
        self._check_input()
        self._check_outputs([output.shape for output in self.session.get_outputs()])
        self._input_name = self.session.get_inputs()[0].name
        self._prepare = Preparer(manifest.input)

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return how surely each pixel is person: height x width float32, 0..1, model's size.

        ``frame`` is H x W x 3 or 4, uint8, RGB or RGBA, of any size.
        """
        return self.infer(self.prepare(frame))

    def prepare(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's input for ``frame``; the next call overwrites it."""
        return self._prepare(frame)

    def infer(self, feed: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability for an input that ``prepare`` made."""
        return self._probability(self.session.run(None, {self._input_name: feed}))

    @abstractmethod
    def _probability(self, outputs: list[Any]) -> NDArray[np.float32]:
        """Turn the network's outputs into height x width float32, 0..1."""

    @abstractmethod
    def _check_outputs(self, shapes: list[list[Any]]) -> None:
        """Raise ModelError unless the outputs have the shapes of this kind."""

    def _unlike(self, what: str, wanted: object, found: object) -> ModelError:
        return ModelError(
            "Unlike", path=self.manifest.weights, what=what, wanted=wanted, found=found
        )  # fmt: skip

    def _check_input(self) -> None:
        spec = self.manifest.input
        nhwc = [1, spec.height, spec.width, 3]
        wanted = nhwc if spec.layout == "NHWC" else [1, 3, spec.height, spec.width]
        inputs = self.session.get_inputs()
        if len(inputs) != 1:
            raise self._unlike("number of inputs", 1, len(inputs))
        if inputs[0].shape != wanted:
            raise self._unlike("input", wanted, inputs[0].shape)
        if inputs[0].type != "tensor(float)":
            raise self._unlike("input's type", "tensor(float)", inputs[0].type)


def _open_session(manifest: Manifest, provider: str, threads: int) -> onnxruntime.InferenceSession:
    try:
        weights = manifest.weights.read_bytes()
    except FileNotFoundError as error:
        raise ModelError("FileMissing", path=manifest.weights) from error
    except OSError as error:
        raise ModelError("FileUnreadable", path=manifest.weights, reason=error.strerror) from error
    # The bytes that were checked are the bytes that are loaded: no second read.
    if hashlib.sha256(weights).hexdigest() != manifest.sha256:
        raise ModelError("FileChanged", path=manifest.weights)
    providers = [provider]
    if provider != "CPUExecutionProvider":
        providers.append("CPUExecutionProvider")  # for the operators the unit does not have
    try:
        return onnxruntime.InferenceSession(weights, session_options(threads), providers=providers)
    except Exception as error:  # onnxruntime's errors share no other base class
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            "CannotLoad", path=manifest.weights, reason=first_line.rstrip(".")
        ) from error
