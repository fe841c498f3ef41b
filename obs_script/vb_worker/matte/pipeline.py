"""A camera frame's way through the worker: shrink, run the network, stabilise the mask."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.matte.blobs import Blobs
from vb_worker.matte.close_look import CloseLook
from vb_worker.matte.exposure import Exposure
from vb_worker.matte.movement import Movement
from vb_worker.matte.plate import Plate
from vb_worker.matte.quality import Quality, preset
from vb_worker.matte.refine import WORKING_AREA, refined
from vb_worker.matte.stabilise import Stabiliser
from vb_worker.matte.strokes import Strokes
from vb_worker.matte.turn import UPRIGHT, Turn
from vb_worker.models.families.instances import InstancesModel
from vb_worker.models.model import Model
from vb_worker.models.shrink import shrunk
from vb_worker.people.choice import PersonChoice
from vb_worker.time_step import TimeStep


@dataclass(frozen=True)
class Result:
    """One mask: ``alpha`` is height x width uint8 at the working size, probability times 255.

    ``person_share``: the share of the picture that people cover, without what is only marked by
    strokes. Times in milliseconds; ``total_ms`` includes ``preprocess_ms`` and ``inference_ms``.
    Threshold and softness are not applied yet (``levels``).
    """

    alpha: NDArray[np.uint8]
    person_share: float
    preprocess_ms: float
    inference_ms: float
    total_ms: float


class _Stream:
    """The state of one stream. ``name`` is None for a still."""

    def __init__(self, model: Model, quality: Quality, name: Hashable | None) -> None:
        self._model = model
        self._name = name
        self.close_look = CloseLook(self._answer, quality)
        self.time_step = TimeStep()
        self.movement = Movement()
        self.exposure = Exposure()
        self.blobs = Blobs()
        self.steady = Stabiliser()
        self.apart = False
        """Whether people are to be told apart, by models that can."""
        self.instances: NDArray[np.float32] | None = None
        self.turn = UPRIGHT
        self.shape: tuple[int, ...] | None = None
        """Of the last frame."""

    def see(
        self, picture: NDArray[np.uint8], still: NDArray[np.float32] | None, passed: float
    ) -> tuple[NDArray[np.float32], tuple[slice, slice]]:
        """Run the model on the next picture (H x W x 3 uint8 RGB), turned upright.

        Returns the probability, height x width float32, and where it shows people, as an index.
        """
        turn, close_look = self.turn, self.close_look
        if turn == UPRIGHT:
            return close_look(picture, still, passed), close_look.crop
        upright = turn.upright(picture)
        seen = close_look(upright, None if still is None else turn.upright(still), passed)
        if self.instances is not None:
            planes = [turn.back(plane) for plane in self.instances]
            size = turn.size(*self.instances.shape[:0:-1])
            self.instances = np.array(planes, np.float32).reshape(len(planes), *size[::-1])
        height, width = seen.shape
        rows, columns = (
            part.indices(side)[:2] for part, side in zip(close_look.crop, (height, width))
        )
        left, top, right, bottom = turn.box_back(
            (columns[0], rows[0], columns[1], rows[1]), width, height
        )
        return turn.back(seen), np.s_[top:bottom, left:right]

    def _answer(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        feed = self._model.prepare(self._model.shrink(picture))
        self.instances = None
        if self.apart and isinstance(self._model, InstancesModel):
            self.instances = self._model.find(feed).masks
            return np.asarray(self.instances.max(0, initial=0.0), np.float32)
        return self._model.infer(feed, self._name)


class Pipeline:
    """Runs one model for any number of streams, each with its own state."""

    def __init__(self, model: Model, quality: Quality | None = None) -> None:
        """``quality``: how much work is done per frame; None is the default preset."""
        self.model = model
        quality = preset("") if quality is None else quality
        self.quality = quality if model.looks_closer else replace(quality, close=False)
        self._streams: dict[Hashable, _Stream] = {}
        # Pictures are small here: a second thread costs a busy OBS more than it saves.
        cv2.setNumThreads(1)

    def working_size(self, width: int, height: int, turn: Turn = UPRIGHT) -> tuple[int, int]:
        """Return the working size (width, height) for a source of the given size."""
        if not self.quality.close:
            return turn.size(*self.model.frame_size(*turn.size(width, height)))
        scale = min(1.0, (WORKING_AREA / (width * height)) ** 0.5)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def process(
        self,
        frame_rgba: NDArray[np.uint8],
        *,
        stream: Hashable,
        choice: PersonChoice | None = None,
        plate: Plate | None = None,
        strokes: Strokes | None = None,
        turn: Turn = UPRIGHT,
        now: float | None = None,
    ) -> Result:
        """Return the mask of the next frame of ``stream``: H x W x 4 uint8 RGBA of any size.

        ``now``: the frame's time in seconds, None for the current time. ``choice`` (which of
        several people to keep), ``plate`` (the empty room) and ``strokes`` (what the user marked)
        belong to the stream and keep its state. ``turn``: the picture's rotation and mirroring.
        Raises ModelError if the model fails.
        """
        state = self._stream(stream)
        if state.shape not in (None, frame_rgba.shape) or state.turn != turn:
            self.reset(stream)  # state of another size does not fit
            state = self._stream(stream)
        state.shape, state.turn = frame_rgba.shape, turn
        now = time.perf_counter() if now is None else now
        return self._run(frame_rgba, state, choice, plate, strokes, now)

    def still(
        self,
        picture: NDArray[np.uint8],
        choice: PersonChoice | None = None,
        plate: Plate | None = None,
        strokes: Strokes | None = None,
        turn: Turn = UPRIGHT,
    ) -> Result:
        """Return the mask of a picture that is not part of a stream: no state is kept."""
        if choice is not None:
            choice.reset()
        alone = _Stream(self.model, self.quality, None)
        alone.turn = turn
        return self._run(picture, alone, choice, plate, strokes, None)

    def reset(self, stream: Hashable) -> None:
        """Drop the state of ``stream``; its next frame counts as its first."""
        self._streams.pop(stream, None)
        self.model.forget(stream)

    def _stream(self, name: Hashable) -> _Stream:
        if name not in self._streams:
            self._streams[name] = _Stream(self.model, self.quality, name)
        return self._streams[name]

    def _run(  # noqa: PLR0917 - what process and still hand on
        self,
        frame: NDArray[np.uint8],
        stream: _Stream,
        choice: PersonChoice | None,
        plate: Plate | None,
        strokes: Strokes | None,
        now: float | None,
    ) -> Result:
        begin = time.perf_counter()
        small = shrunk(frame, *self.working_size(frame.shape[1], frame.shape[0], stream.turn))
        if small.shape[2] == 4:
            small = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGBA2RGB), np.uint8)
        still, passed = stream.movement(small), stream.time_step(now)
        stream.apart = choice is not None and choice.chooses
        prepared = time.perf_counter()
        seen, place = stream.see(stream.exposure(small, passed), still, passed)
        corrected = seen if plate is None else plate(small, seen, passed)
        without = stream.blobs(corrected, now) if self.quality.refine else corrected
        probability = without
        if strokes is not None:
            probability = strokes(small, without, still, passed)
        if self.quality.refine:
            # The plate and the strokes may have added pixels outside the close look.
            if corrected is not seen or probability is not without:
                place = np.s_[:, :]
            unrefined = probability
            probability = unrefined.copy()
            probability[place] = refined(small[place], unrefined[place], probability.size)
        other_strokes = strokes is not None and strokes.changed()
        probability = stream.steady(probability, None if other_strokes else still, passed)
        if choice is not None:
            probability = choice(probability, small, stream.instances)
        alpha = np.asarray(cv2.convertScaleAbs(probability, alpha=255.0), np.uint8)
        share = _share(probability)
        if strokes is not None:
            share = min(share, _share(without))
        end = time.perf_counter()
        return Result(
            alpha,
            person_share=share,
            preprocess_ms=(prepared - begin) * 1e3,
            inference_ms=stream.close_look.seconds * 1e3,
            total_ms=(end - begin) * 1e3,
        )


def _share(probability: NDArray[np.float32]) -> float:
    return float(np.count_nonzero(probability > 0.5) / probability.size)
