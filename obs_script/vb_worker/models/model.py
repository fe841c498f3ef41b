"""The base class of all models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.errors import ModelError
from vb_worker.models.manifest import LARGEST_FRAME_SIDE, InputSpec, Manifest
from vb_worker.models.prepare import fitted
from vb_worker.models.shrink import shrunk

Size = tuple[int, int]


class Model(ABC):
    """One model, ready to run. A subclass implements one kind.

    ``manifest``; ``input``: its input at the chosen size; ``input_size`` (width, height): the
    largest picture that it can make use of; ``compute``: the compute unit's title for users;
    ``threads``. Not thread-safe.
    """

    compute: str
    threads: int
    refused: ModelError | None = None
    """Why another compute unit that was chosen gave way to this one."""
    looks_closer: bool = True
    """Whether it can be shown a part of a picture, or its mirror image, in between."""

    def __init__(self, manifest: Manifest, size: Size | None = None) -> None:
        """Set the size. Raises ModelError, one sentence, if the model does not support it."""
        self.manifest = manifest
        self.input = sized(manifest, size)
        whole = (self.input.width, self.input.height)
        largest = max(whole)
        if largest > LARGEST_FRAME_SIDE:
            limits = (LARGEST_FRAME_SIDE, LARGEST_FRAME_SIDE)
            whole = fitted(*whole, inside=limits)[2:]
        self.input_size: Size = whole

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return each pixel's probability of being person: height x width float32, 0..1.

        (For a model of kind "depth", how near each pixel is, 1 nearest.) The result has the size
        that ``frame_size`` gives for the frame's. ``frame``: H x W x 3 or 4 uint8, RGB or RGBA, of
        any size; no state is kept. Raises ModelError if it fails.
        """
        return self.infer(self.prepare(self.shrink(frame)))

    def frame_size(self, width: int, height: int) -> Size:
        """Return the size (width, height) of the model's frames for a source of the given size."""
        if self.input.resize == "letterbox":
            return fitted(width, height, inside=self.input_size)[2:]
        return self.input_size

    def shrink(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return ``frame`` resized to ``frame_size``."""
        return shrunk(frame, *self.frame_size(frame.shape[1], frame.shape[0]))

    @abstractmethod
    def prepare(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the input of ``infer`` for a frame from ``shrink``, in a reused buffer."""

    @abstractmethod
    def infer(self, feed: NDArray[Any], stream: Hashable | None = None) -> NDArray[np.float32]:
        """Return the result for the last input from ``prepare``, at the frame's size.

        ``stream``: whose next frame it is, for models with state; None for a still.
        """

    def forget(self, stream: Hashable) -> None:  # noqa: B027 - most models have no state
        """Drop the state of ``stream``."""


def sized(manifest: Manifest, size: Size | None) -> InputSpec:
    """Return the manifest's input at ``size`` (width, height). Raises ModelError if unsupported."""
    spec = manifest.input
    if size is None or size == (spec.width, spec.height):
        return spec
    wide, tall = spec.width_range, spec.height_range
    if wide is None or tall is None:
        raise ModelError(f"{manifest.title} takes {spec.width}x{spec.height} pictures only.")
    step = spec.multiple_of
    if not (wide[0] <= size[0] <= wide[1] and tall[0] <= size[1] <= tall[1]):
        raise ModelError(
            f"{manifest.title} takes pictures from {wide[0]}x{tall[0]} to {wide[1]}x{tall[1]}, "
            f"not {size[0]}x{size[1]}."
        )
    if size[0] % step or size[1] % step:
        raise ModelError(
            f"{manifest.title} takes sizes in steps of {step}, not {size[0]}x{size[1]}."
        )
    return replace(spec, width=size[0], height=size[1])
