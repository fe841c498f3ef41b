"""One filter's side of the worker: its channel of the link, and what is remembered of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_link import layout, sentences, slots
from vb_link.sentences import fitting
from vb_worker.matte.alpha_boxes import boxes, sum_of_words
from vb_worker.matte.depth_plane import DepthStream
from vb_worker.matte.pipeline import Pipeline
from vb_worker.matte.plate import Plate
from vb_worker.matte.stroke_rectangles import marks_of
from vb_worker.matte.strokes import Strokes
from vb_worker.matte.turn import UPRIGHT, turn_of
from vb_worker.models.errors import ModelError
from vb_worker.people.choice import PersonChoice

REPORT_SECONDS = 0.5
Key = tuple[str, str, str]  # a model's name, the compute unit that was chosen, the quality


def text_of(value: bytes) -> str:
    """Return the text of a field, which others can write: what is no UTF-8 is replaced."""
    return value.decode("utf-8", "replace")


def error_field(error: Exception | None) -> bytes:
    """Return an error as the link carries it."""
    if error is None:
        return b""
    if isinstance(error, ModelError):
        return sentences.pack(str(error), error.key, error.arguments, layout.ERROR_BYTES)
    return fitting(str(error) or type(error).__name__, layout.ERROR_BYTES)


class Stream:
    """One filter's side of the work: its channel, its last picture, its account."""

    def __init__(self, channel: Any, clock: Callable[[], float] = time.perf_counter) -> None:
        """``clock`` returns seconds."""
        self.channel = channel
        self._clock = clock
        self.used = int(channel.used)
        self.settings_sequence = -1
        self.frame_count = 0
        self.generation = -1
        self.key: Key = ("", "", "")
        self.error: Exception | None = None
        self.at = b""  # the model that is run, as ``working_on`` has it
        self.choice = PersonChoice(clock=clock)
        self.plate = Plate()
        self.plate_request = 0
        self.strokes = Strokes()
        self.turn = UPRIGHT
        self.depth = DepthStream()
        self.finished: deque[float] = deque(maxlen=120)
        self.reported = 0.0
        channel.alpha_used = 0

    def report(self, pipeline: Pipeline | None, *, force: bool = False) -> None:
        """Write the account of this stream for the script's status line."""
        now = self._clock()
        if not force and now - self.reported < REPORT_SECONDS:
            return
        self.reported = now
        channel = self.channel
        if pipeline is not None:
            channel.report_model = fitting(pipeline.model.manifest.title, layout.TEXT_BYTES)
            channel.report_compute = fitting(pipeline.model.compute, layout.TEXT_BYTES)
            channel.report_refused = error_field(pipeline.model.refused)
        recent = [moment for moment in self.finished if now - moment < 2.0]
        channel.masks_per_second = (
            (len(recent) - 1) / (recent[-1] - recent[0])
            if len(recent) > 1 and recent[-1] > recent[0]
            else 0.0
        )
        channel.report_error = error_field(self.error or self.depth.error)

    def follow_plate(self) -> None:
        """Take or drop the clean plate as the filter asks, and say how it is."""
        request = int(self.channel.plate_request)
        if request != self.plate_request:
            self.plate_request = request
            if request:
                self.plate.take()
            else:
                self.plate.drop()
        self.channel.plate_state = self.plate.state

    def follow_turn(self) -> None:
        """Show the models the picture upright, as the filter says how it stands."""
        channel = self.channel
        turn = turn_of(text_of(channel.turned), bool(channel.mirrored))
        if turn != self.turn:
            self.turn = self.depth.turn = turn
            self.depth.reset()

    def follow_marks(self) -> None:
        """Use the strokes that the filter names."""
        self.strokes.set(marks_of(self.channel), int(self.channel.mark_owner))

    def send(self, picture: slots.Picture, alpha: NDArray[np.uint8]) -> None:
        """Hand the filter the alpha of a picture, with the newest depth there is."""
        height, width = alpha.shape
        depth = self.depth.sized(width, height)
        channel = self.channel
        channel.alpha_newest = slots.write(
            channel.alphas,
            int(channel.alpha_newest) % layout.SLOTS,
            frame_id=picture.frame_id,
            generation=picture.generation,
            width=width,
            height=height,
            pixels=np.ascontiguousarray(alpha).data,
            depth=None if depth is None else depth.data,
            boxes=boxes(alpha),
            words=sum_of_words(alpha),
        )
        channel.alpha_used = self.used
        channel.alpha_count += 1
