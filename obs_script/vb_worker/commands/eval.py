"""``eval``: the quality of mattes, on pictures with ground truth.

Every matte is what a viewer sees: the pipeline's alpha, enlarged to the picture's size and
thresholded. With ``--moving``, clips are made of the sets' people (``synthetic_clips``) and
temporal stability and lag are measured on them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vb_worker.bench import metrics
from vb_worker.bench.sets import Alpha, FrameSequence, Pair, pairs_of, sequence_of
from vb_worker.bench.sheet import row_of, sheet_of
from vb_worker.bench.synthetic_clips import Clip, cut_to_person, drawn_room
from vb_worker.commands.options import add_model_options, open_pipeline
from vb_worker.commands.table import table
from vb_worker.matte.pipeline import Pipeline
from vb_worker.offline.pictures import pictures_of, read_picture, write_png
from vb_worker.offline.upsample import shown

WORST = 10

Row = dict[str, object]

_STILL: dict[str, Callable[[Alpha, Alpha], float]] = {
    "iou": metrics.iou,
    "boundary_iou": metrics.boundary_iou,
    "band_iou": metrics.band_iou,
    "mad": metrics.mad,
    "gradient": metrics.gradient_error,
}
CLIP_RATE = 30  # frames per second, as of cameras
_MOVING = ("flicker", "dtssd", "flips", "lag_px")


@dataclass(frozen=True)
class Case:
    """The result for one picture, for the contact sheet."""

    iou: float
    row: NDArray[np.uint8]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "A set is a folder with a folder images and a folder masks in it: a mask has its "
        "picture's name and size, 255 is the person. Or it is a sequence: a folder with frames and "
        "alphas in it, each a folder of pictures or a video; it is measured as a video, each frame "
        "after the one before. boundary_iou: of the masks' inner bands of "
        "1 % of the diagonal; band_iou: of the masks within 1 % of either's contour; mad: mean "
        "absolute difference; gradient: mean squared difference of the gradients, times 1000; "
        "flicker: mean change of alpha a frame, in levels of 255, where the truth stands still; "
        "dtssd: the error of the changes from frame to frame, times 100; flips: the share of the "
        "pixels far from any edge that come or go in a frame, times 1000; lag_px: how far alpha "
        "trails a moving edge."
    )
    parser.add_argument("folder", nargs="+", type=Path, metavar="FOLDER", help="a set")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE.png",
        help="write the ten worst cases, one a row: picture, truth, result, difference",
    )
    parser.add_argument(
        "--moving",
        type=int,
        default=0,
        metavar="N",
        help="also measure on N clips made of each set's people (default: %(default)s)",
    )
    parser.add_argument(
        "--rooms",
        type=Path,
        metavar="FOLDER",
        help="pictures for those clips' backgrounds (default: drawn ones)",
    )
    add_model_options(parser, several=True)


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    sets = {folder: sequence_of(folder) or pairs_of(folder) for folder in options.folder}
    rooms = pictures_of(options.rooms) if options.rooms else []
    rows: list[Row] = []
    cases: list[Case] = []
    for model in options.model.split(","):
        for quality in options.quality.split(","):
            pipeline = open_pipeline(options, model=model, quality=quality)
            stills = open_pipeline(options, model=model, quality=quality, stills=True)
            for folder, known in sets.items():
                name = f"{folder.name}/{{}} {model} {quality}"
                if isinstance(known, FrameSequence):
                    row, found = _sequence(pipeline, known, options, name)
                else:
                    row, found = _still(stills, known, options, name)
                    if options.moving:
                        row.update(_moving(pipeline, known[: options.moving], rooms, options))
                rows.append({"set": folder.name, "model": model, "quality": quality, **row})
                cases = _worst([*cases, *found])
    print(json.dumps(rows, indent=2) if options.json else _table(rows))
    if options.sheet:
        write_png(options.sheet, sheet_of([case.row for case in cases]))
    return 0


def _worst(cases: list[Case]) -> list[Case]:
    return sorted(cases, key=lambda case: case.iou)[:WORST]


class _Scores:
    """The figures of single mattes, and the worst ones."""

    def __init__(self) -> None:
        self._scores: dict[str, list[float]] = {key: [] for key in _STILL}
        self.milliseconds: list[float] = []

    def add(self, matte: Alpha, truth: Alpha, milliseconds: float) -> float:
        """Take the next matte; return its IoU."""
        self.milliseconds.append(milliseconds)
        for key, measure in _STILL.items():
            self._scores[key].append(measure(matte, truth))
        return self._scores["iou"][-1]

    def row(self) -> Row:
        row: Row = {"pictures": len(self.milliseconds)}
        return {
            **row,
            **{key: round(float(np.mean(values)), 4) for key, values in self._scores.items()},
        }


def _still(
    pipeline: Pipeline, pairs: list[Pair], options: argparse.Namespace, name: str
) -> tuple[Row, list[Case]]:
    scores = _Scores()
    cases: list[Case] = []
    for pair in pairs:
        picture, truth = pair.read()
        result = pipeline.still(picture)
        matte = _shown(pipeline, result.alpha, picture, options)
        iou = scores.add(matte, truth, result.total_ms)
        text = f"{name.format(pair.picture.stem)} {iou:.2f}"
        cases = _worst([*cases, Case(iou, row_of(picture, truth, matte, text))])
    return {**scores.row(), "still_ms": round(float(np.median(scores.milliseconds)), 2)}, cases


def _sequence(
    pipeline: Pipeline, sequence: FrameSequence, options: argparse.Namespace, name: str
) -> tuple[Row, list[Case]]:
    """Measure on a sequence; of its frames, which are much alike, only the worst is a case."""
    scores, changes = _Scores(), metrics.Changes()
    rate = sequence.rate
    worst: list[Case] = []
    for number, (frame, truth) in enumerate(sequence.read()):
        result = pipeline.process(frame, stream=sequence, now=number / rate)
        matte = _shown(pipeline, result.alpha, frame, options)
        iou = scores.add(matte, truth, result.total_ms)
        changes.add(matte, truth)
        if not worst or iou < worst[0].iou:
            text = f"{name.format(number)} {iou:.2f}"
            worst = [Case(iou, row_of(frame, truth, matte, text))]
    pipeline.reset(sequence)
    row = scores.row()
    for key in ("flicker", "dtssd", "flips"):
        row[key] = round(float(getattr(changes, key)), 3)
    return {**row, "frame_ms": round(float(np.median(scores.milliseconds)), 2)}, worst


def _moving(
    pipeline: Pipeline, pairs: list[Pair], rooms: list[Path], options: argparse.Namespace
) -> Row:
    scores: dict[str, list[float]] = {key: [] for key in _MOVING}
    milliseconds = []
    for number, pair in enumerate(pairs):
        person = cut_to_person(*pair.read())
        if person is None:
            continue
        room = read_picture(rooms[number % len(rooms)]) if rooms else drawn_room(640, 360, number)
        mattes, truths = [], []
        for at, (frame, truth) in enumerate(Clip(*person, room, seed=number)):
            result = pipeline.process(frame, stream=pair, now=at / CLIP_RATE)
            milliseconds.append(result.total_ms)
            mattes.append(_shown(pipeline, result.alpha, frame, options))
            truths.append(truth)
        pipeline.reset(pair)
        changes = metrics.Changes.of(mattes, truths)
        scores["flicker"].append(changes.flicker)
        scores["dtssd"].append(changes.dtssd)
        scores["flips"].append(changes.flips)
        scores["lag_px"].append(metrics.lag(mattes, truths))
    if not milliseconds:
        return {}
    row: Row = {key: round(float(np.mean(values)), 3) for key, values in scores.items()}
    return {**row, "frame_ms": round(float(np.median(milliseconds)), 2)}


def _shown(
    pipeline: Pipeline,
    alpha: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    options: argparse.Namespace,
) -> Alpha:
    return shown(
        picture,
        alpha,
        edges=pipeline.quality.refine,
        threshold=options.threshold,
        softness=options.softness,
    )


def _table(rows: list[Row]) -> str:
    head = list(dict.fromkeys(key for row in rows for key in row))
    return table(head, [[str(row.get(key, "-")) for key in head] for row in rows], right=3)
