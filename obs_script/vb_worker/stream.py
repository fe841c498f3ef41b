"""The worker's state for one filter: its channel of the link, and what is kept between frames."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_link import layout, sentences, slots
from vb_link.sentences import fitting
from vb_worker.catalogue.automatic import Choice
from vb_worker.errors import TEXTS, ModelError
from vb_worker.matte.advice import Advisor
from vb_worker.matte.alpha_boxes import boxes, sum_of_words
from vb_worker.matte.depth_plane import DepthStream
from vb_worker.matte.person_light import PersonLight
from vb_worker.matte.pipeline import Pipeline
from vb_worker.matte.plate import Plate
from vb_worker.matte.stroke_rectangles import strokes_of
from vb_worker.matte.strokes import Strokes
from vb_worker.matte.turn import UPRIGHT, Turn, turn_of
from vb_worker.people.choice import PersonChoice, point_of
from vb_worker.time_step import TimeStep

REPORT_SECONDS = 0.5
Key = tuple[str, str, str]  # model name, chosen compute unit, quality


def text_of(value: bytes) -> str:
    """Decode a text field of shared memory; invalid UTF-8, which others can write, is replaced."""
    return value.decode("utf-8", "replace")


def error_field(error: Exception | None) -> bytes:
    """Return an error encoded for the link; empty for None."""
    if error is None:
        return b""
    if isinstance(error, ModelError):
        return sentences.pack(str(error), error.key, error.arguments, layout.ERROR_BYTES)
    return fitting(str(error) or type(error).__name__, layout.ERROR_BYTES)


def choice_field(choice: Choice | None) -> bytes:
    """Return why *Automatic* took its model, encoded for the link; empty for None."""
    if choice is None:
        return b""
    english = TEXTS[choice.reason].format(**choice.arguments)
    return sentences.pack(english, choice.reason, choice.arguments, layout.ERROR_BYTES)


class Stream:
    """The state of one filter: its channel, its last frame, its status report."""

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
        self.automatic: Choice | None = None  # what was chosen, if the user left it to the worker
        self.at = b""  # the model in use, encoded for ``working_on``
        self.choice = PersonChoice(clock=clock)
        self.plate = Plate()
        self.plate_request = 0
        self.strokes = Strokes()
        self.advisor: Advisor | None = None  # while the user wants advice
        self.light: PersonLight | None = None  # while the person is brightened
        self._lit = TimeStep()
        self.turn = UPRIGHT
        self.depth = DepthStream()
        self.finished: deque[float] = deque(maxlen=120)
        self.reported = 0.0
        channel.alpha_used = 0

    def report(self, pipeline: Pipeline | None, *, force: bool = False) -> None:
        """Write this stream's model, unit, frame rate and error for the script's status line.

        At most every ``REPORT_SECONDS`` unless ``force`` is set.
        """
        now = self._clock()
        if not force and now - self.reported < REPORT_SECONDS:
            return
        self.reported = now
        channel = self.channel
        if pipeline is not None:
            channel.report_model = fitting(pipeline.model.manifest.title, layout.TEXT_BYTES)
            channel.report_compute = fitting(pipeline.model.compute, layout.TEXT_BYTES)
            channel.report_refused = error_field(pipeline.model.refused)
        channel.report_choice = choice_field(self.automatic)
        channel.can_lighten = self.automatic is not None and self.automatic.can_lighten
        recent = [moment for moment in self.finished if now - moment < 2.0]
        channel.masks_per_second = (
            (len(recent) - 1) / (recent[-1] - recent[0])
            if len(recent) > 1 and recent[-1] > recent[0]
            else 0.0
        )
        channel.report_error = error_field(self.error or self.depth.error)

    def follow(self, told: Any) -> None:
        """Take over what the filter tells (``layout.Told``): all but the model and its unit."""
        self.choice.set(*point_of(text_of(told.person), told.person_x, told.person_y))
        self.strokes.set(strokes_of(told), int(told.stroke_owner))
        self._follow_turn(turn_of(text_of(told.turned), bool(told.mirrored)))
        self._follow_plate(int(told.plate_request))
        if not told.advice:
            self.advisor, self.channel.report_advice = None, 0
        elif self.advisor is None:
            self.advisor = Advisor()
        if not told.brighten > 0:
            self.light, self.channel.light_gains[:] = None, (1.0, 1.0, 1.0)
        elif self.light is None:
            self.light = PersonLight()
        self.channel.plate_state = self.plate.state

    def _follow_turn(self, turn: Turn) -> None:
        """The models see the picture upright."""
        if turn != self.turn:
            self.turn = self.depth.turn = turn
            self.depth.reset()

    def _follow_plate(self, request: int) -> None:
        if request != self.plate_request:
            self.plate_request = request
            if request:
                self.plate.take()
            else:
                self.plate.drop()

    def measure_light(self, frame: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
        """Write by how much to brighten the person in a frame (H x W x 4 uint8 RGBA)."""
        if self.light is not None:
            gains = self.light(frame, alpha, self._lit(self._clock()))
            self.channel.light_gains[:] = gains.tolist()

    def advise(self, frame: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
        """Write what is to be said about a frame (H x W x 4 uint8 RGBA) with this alpha."""
        if self.advisor is not None:
            word = self.advisor(frame, alpha, float(self.channel.total_ms), self._clock())
            self.channel.report_advice = layout.ADVICE.index(word)

    def send(self, picture: slots.Picture, alpha: NDArray[np.uint8], person_share: float) -> None:
        """Write an alpha (height x width uint8) and the newest depth to the link.

        ``picture``: the frame that the alpha was made from; ``person_share``: how much of it people
        cover.
        """
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
        channel.plate_state = self.plate.state
        channel.person_share = person_share
        channel.alpha_count += 1
