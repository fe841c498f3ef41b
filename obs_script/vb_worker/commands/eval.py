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

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.bench import metrics
from vb_worker.bench.synthetic_clips import Clip, cut_to_person, drawn_room
from vb_worker.commands.options import add_model_options, open_pipeline
from vb_worker.commands.table import table
from vb_worker.errors import UserError
from vb_worker.matte.pipeline import Pipeline
from vb_worker.models.shrink import shrunk
from vb_worker.offline.pictures import pictures_of, read_picture, write_png
from vb_worker.offline.upsample import shown

WORST = 10
TILE = (320, 240)  # of the contact sheet

Row = dict[str, object]
Alpha = NDArray[np.float32]

_STILL: dict[str, Callable[[Alpha, Alpha], float]] = {
    "iou": metrics.iou,
    "boundary_iou": metrics.boundary_iou,
    "band_iou": metrics.band_iou,
    "mad": metrics.mad,
    "gradient": metrics.gradient_error,
}
CLIP_RATE = 30  # frames per second, as of cameras
_MOVING = ("flicker", "dtssd", "lag_px")


@dataclass(frozen=True)
class Pair:
    """A picture and its ground truth, a mask of the same name."""

    picture: Path
    mask: Path

    def read(self) -> tuple[NDArray[np.uint8], Alpha]:
        """Return picture (H x W x 3 uint8 RGB) and alpha (H x W float32). Raises UserError."""
        picture = read_picture(self.picture)
        truth = read_picture(self.mask)[..., 0]
        if truth.shape != picture.shape[:2]:
            raise UserError(
                f"{self.mask} is {truth.shape[1]}x{truth.shape[0]} and its picture "
                f"{picture.shape[1]}x{picture.shape[0]}: they must have one size."
            )
        return picture, truth.astype(np.float32) / np.float32(255)


@dataclass(frozen=True)
class Case:
    """The result for one picture, for the contact sheet."""

    pair: Pair
    name: str
    iou: float
    matte: Alpha


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "A set is a folder with a folder images and a folder masks in it: a mask has its "
        "picture's name and size, 255 is the person. boundary_iou: of the masks' inner bands of "
        "1 % of the diagonal; band_iou: of the masks within 1 % of either's contour; mad: mean "
        "absolute difference; gradient: mean squared difference of the gradients, times 1000; "
        "flicker: mean change of alpha a frame, in levels of 255, where the truth stands still; "
        "lag_px: how far alpha trails a moving edge."
    )
    parser.add_argument("folder", nargs="+", type=Path, metavar="FOLDER", help="a set")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE.png", help="write the ten worst cases, one a row"
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
    sets = {folder: pairs_of(folder) for folder in options.folder}
    rooms = pictures_of(options.rooms) if options.rooms else []
    rows: list[Row] = []
    cases: list[Case] = []
    for model in options.model.split(","):
        for quality in options.quality.split(","):
            pipeline = open_pipeline(options, model=model, quality=quality)
            for folder, pairs in sets.items():
                row, found = _still(pipeline, pairs, options, f"{model} {quality}")
                if options.moving:
                    row.update(_moving(pipeline, pairs[: options.moving], rooms, options))
                rows.append({"set": folder.name, "model": model, "quality": quality, **row})
                cases = sorted([*cases, *found], key=lambda case: case.iou)[:WORST]
    print(json.dumps(rows, indent=2) if options.json else _table(rows))
    if options.sheet:
        write_png(options.sheet, _sheet(cases))
    return 0


def pairs_of(folder: Path) -> list[Pair]:
    """Return a set's pairs by name. Raises UserError if it is no set or lacks a mask."""
    for name in ("images", "masks"):
        if not (folder / name).is_dir():
            raise UserError(f"{folder} is no set: it needs a folder {name}.")
    masks = {path.stem: path for path in pictures_of(folder / "masks")}
    pairs = []
    for picture in pictures_of(folder / "images"):
        if picture.stem not in masks:
            raise UserError(f"{picture} has no mask of its name in {folder / 'masks'}.")
        pairs.append(Pair(picture, masks[picture.stem]))
    return pairs


def _still(
    pipeline: Pipeline, pairs: list[Pair], options: argparse.Namespace, name: str
) -> tuple[Row, list[Case]]:
    scores: dict[str, list[float]] = {key: [] for key in _STILL}
    milliseconds, cases = [], []
    for pair in pairs:
        picture, truth = pair.read()
        result = pipeline.still(picture)
        milliseconds.append(result.total_ms)
        matte = _shown(pipeline, result.alpha, picture, options)
        for key, measure in _STILL.items():
            scores[key].append(measure(matte, truth))
        cases.append(Case(pair, f"{name} {scores['iou'][-1]:.2f}", scores["iou"][-1], matte))
        cases = sorted(cases, key=lambda case: case.iou)[:WORST]
    row: Row = {"pictures": len(pairs)}
    row.update({key: round(float(np.mean(values)), 4) for key, values in scores.items()})
    row["still_ms"] = round(float(np.median(milliseconds)), 2)
    return row, cases


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
        scores["flicker"].append(metrics.flicker(mattes, truths))
        scores["dtssd"].append(metrics.dtssd(mattes, truths))
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


def _sheet(cases: list[Case]) -> NDArray[np.uint8]:
    """Return the contact sheet: per row a picture, its truth, its matte (person on green)."""
    rows = []
    for case in cases:
        picture, truth = case.pair.read()
        tiles = [picture, *(_on_green(picture, alpha) for alpha in (truth, case.matte))]
        tiles = [shrunk(tile, *TILE) for tile in tiles]
        text = f"{case.pair.picture.parent.parent.name}/{case.pair.picture.stem} {case.name}"
        for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(tiles[0], text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, thickness)
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def _on_green(picture: NDArray[np.uint8], alpha: Alpha) -> NDArray[np.uint8]:
    green = np.full_like(picture, (0, 160, 0))
    return np.asarray(cv2.blendLinear(picture, green, alpha, 1 - alpha), np.uint8)


def _table(rows: list[Row]) -> str:
    head = list(dict.fromkeys(key for row in rows for key in row))
    return table(head, [[str(row.get(key, "-")) for key in head] for row in rows], right=3)
