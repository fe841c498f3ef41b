"""``render``: a video with another background; audio and timestamps are kept."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import av
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from vb_worker.atomic import make_folder, replacing
from vb_worker.commands.batch import (
    Job,
    Stopped,
    add_batch_options,
    chosen,
    listed,
    work_through,
)
from vb_worker.commands.options import (
    add_model_options,
    add_plate_option,
    add_turn_options,
    open_pipeline,
    plate_of,
    turn_options,
)
from vb_worker.errors import UsageError, UserError
from vb_worker.matte.pipeline import Pipeline
from vb_worker.matte.plate import Plate
from vb_worker.matte.turn import UPRIGHT, Turn
from vb_worker.offline.ahead import Behind, ahead
from vb_worker.offline.backgrounds import TRANSPARENT, Background, open_background
from vb_worker.offline.compose import cut_out, over
from vb_worker.offline.foreground import own_colours
from vb_worker.offline.keep_memory import keep_memory
from vb_worker.offline.upsample import shown
from vb_worker.offline.video import Sink, Source, sentence, upright, videos_of
from vb_worker.people.choice import PersonChoice


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "The result is H.264 (.mp4, .m4v, .mov, .mkv) or VP9 (.webm). A transparent background "
        "needs WebM: VP9 with alpha, which OBS and browsers play. Sound is copied where the file "
        "type takes it and encoded where it does not. A last odd row or column is cut, as H.264 "
        "wants. Of several videos each result has its video's name with .mp4 (transparent: .webm); "
        "one that cannot be read is reported and the others are done."
    )
    parser.add_argument(
        "input", nargs="+", type=Path, metavar="IN", help="a video, or a folder of videos"
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=Path,
        metavar="OUT",
        help="the file to write; of several videos: the folder",
    )
    parser.add_argument(
        "--background",
        default="blur:24",
        metavar="WHAT",
        help="a picture or a video (looped), #rrggbb, blur:N (N pixels) or transparent "
        "(default: %(default)s)",
    )
    add_model_options(parser)
    add_plate_option(parser)
    add_turn_options(parser)
    add_batch_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status, 1 if a video failed."""
    keep_memory()
    open_background(options.background)
    jobs = listed(_jobs(options), Path(options.background), options.plate)
    jobs = chosen(jobs, options)
    if not jobs:
        print("There is nothing left to do.", file=sys.stderr)
        return 0
    pipelines = [open_pipeline(options) for _ in range(min(options.jobs, len(jobs)))]

    def work(job: Job, place: int, stop: threading.Event) -> None:
        _render(job, pipelines[place], options, place, stop)

    return 0 if work_through(jobs, work, len(pipelines)) else 1


def _jobs(options: argparse.Namespace) -> list[Job]:
    """Return what to read and what to write. Raises UserError."""
    output: Path = options.output
    transparent = options.background == TRANSPARENT
    many = len(options.input) > 1 or options.input[0].is_dir() or output.is_dir()
    if not many:
        if transparent and output.suffix.lower() != ".webm":
            output = output.with_suffix(".webm")
            print(f"A transparent video has to be WebM: writing {output}.", file=sys.stderr)
        return [Job(options.input[0], output)]
    if output.resolve() in {given.resolve() for given in options.input}:
        raise UsageError(f"The videos are read from {output}; choose another folder for -o.")
    suffix = ".webm" if transparent else ".mp4"
    return [
        Job(video, output / f"{video.stem}{suffix}")
        for given in options.input
        for video in videos_of(given)
    ]


def _render(
    job: Job, pipeline: Pipeline, options: argparse.Namespace, place: int, stop: threading.Event
) -> None:
    """Write ``job.output``. Raises UserError."""
    source = Source(job.source)
    announced = int(source.video.frames)  # not available once the file is closed
    try:
        make_folder(job.output.parent)
        renderer = Renderer(
            pipeline,
            open_background(options.background),
            threshold=options.threshold,
            softness=options.softness,
            person=options.person,
            plate=plate_of(options),
            turn=turn_options(options),
        )
        damaged = _convert(renderer, source, job.output, place, stop)
    finally:
        source.close()
    pipeline.reset(renderer)
    if damaged:
        print(f"{damaged} damaged pieces of {source.path} were left out.", file=sys.stderr)
    if announced > renderer.drawn:
        print(
            f"{source.path} announces {announced} frames and holds {renderer.drawn}: "
            "it ends early or is damaged.",
            file=sys.stderr,
        )


def _convert(
    renderer: Renderer, source: Source, output: Path, place: int, stop: threading.Event
) -> int:
    """Write ``output``; return how many damaged pieces of ``source`` were left out."""
    with replacing(output) as temporary:
        try:
            sink = Sink(temporary, output.suffix.lower(), source, alpha=renderer.transparent)
            bar = tqdm(
                total=source.frames,
                unit="frame",
                desc=output.name,
                position=place,
                mininterval=0.2 if sys.stderr.isatty() else 2.0,
            )
            with sink, bar:
                _copy(renderer, source, sink, bar, stop)
        except av.error.FFmpegError as error:
            raise UserError(f"{output} cannot be written: {sentence(error)}.") from error
    return source.damaged + sink.damaged


def _copy(
    renderer: Renderer, source: Source, sink: Sink, bar: tqdm[NoReturn], stop: threading.Event
) -> None:
    """Send all of ``source`` through ``renderer`` to ``sink``, in the file's order.

    Reading, the network (in this thread), compositing and writing work at the same time.
    """
    first: int | None = None
    shape: tuple[int, ...] = ()
    waiting = []  # audio before the first frame: the streams are not declared yet
    with Behind() as writing, Behind() as drawing, closing(ahead(_read(source))) as pieces:
        for piece in pieces:
            if stop.is_set():
                raise Stopped
            if isinstance(piece, av.Packet):
                if first is None:
                    waiting.append(piece)
                else:
                    drawing.call(partial(writing.call, partial(sink.write_sound, piece)))
                continue
            pts, frame = piece
            if first is None:
                first, shape = pts, frame.shape
                sink.start(frame.shape[1], frame.shape[0])
                for packet in waiting:
                    sink.write_sound(packet)
            elif frame.shape != shape:
                raise UserError(
                    f"{source.path} changes its size from {shape[1]}x{shape[0]} to "
                    f"{frame.shape[1]}x{frame.shape[0]} on the way, which cannot be rendered."
                )
            seconds = float((pts - first) * source.video.time_base)
            alpha = renderer.find(frame, seconds)
            drawn = partial(renderer.draw, frame, alpha, seconds)
            drawing.call(partial(_write, drawn, pts, sink, writing))
            bar.update()
    if first is None:
        raise UserError(f"{source.path} holds no frame that can be decoded.")


def _read(source: Source) -> Iterator[Any]:
    """Yield audio packets, and frames as (pts, H x W x 3 uint8 RGB), in the file's order."""
    step = round(1 / (source.video.time_base * (source.video.average_rate or 30)))
    pts = -step
    for piece in source:
        if isinstance(piece, av.Packet):
            yield piece
            continue
        pts = piece.pts if piece.pts is not None else pts + step
        yield pts, _even(upright(piece))


def _write(drawn: Callable[[], NDArray[np.uint8]], pts: int, sink: Sink, writing: Behind) -> None:
    writing.call(partial(sink.write_frame, drawn(), pts))


class Renderer:
    """Finds the person in one video's frames and draws them, both in order.

    ``find`` and ``draw`` may be called in different threads.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        background: Background | None,
        *,
        threshold: float,
        softness: float,
        person: tuple[str, float, float] = ("all", 0.5, 0.5),
        plate: Plate | None = None,
        turn: Turn = UPRIGHT,
    ) -> None:
        self._pipeline = pipeline
        self._plate = plate
        self._turn = turn
        self._background = background
        self._threshold = threshold
        self._softness = softness
        self.transparent = background is None
        self.drawn = 0
        self._seconds = 0.0  # the video's time, the clock of the person's choice
        self._choice = PersonChoice(*person, clock=lambda: self._seconds)

    def find(self, frame: NDArray[np.uint8], seconds: float) -> NDArray[np.uint8]:
        """Return the pipeline's alpha for the next frame, H x W x 3 uint8 RGB."""
        self._seconds = seconds
        result = self._pipeline.process(
            frame,
            stream=self,
            choice=self._choice,
            plate=self._plate,
            turn=self._turn,
            now=self._seconds,
        )
        return result.alpha

    def draw(
        self, frame: NDArray[np.uint8], found: NDArray[np.uint8], seconds: float
    ) -> NDArray[np.uint8]:
        """Return the next frame, H x W x 3 uint8 RGB, or x 4 straight RGBA if transparent.

        ``found`` is what ``find`` returned for it.
        """
        self.drawn += 1
        alpha = shown(
            frame,
            found,
            edges=self._pipeline.quality.refine,
            threshold=self._threshold,
            softness=self._softness,
        )
        colours = own_colours(frame, alpha)
        if self._background is None:
            return cut_out(colours, alpha)
        return over(colours, alpha, self._background.behind(frame, alpha, seconds))


def _even(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    if height < 2 or width < 2:
        raise UserError(f"A video of {width}x{height} pixels is too small to be rendered.")
    return np.ascontiguousarray(frame[: height & ~1, : width & ~1])
