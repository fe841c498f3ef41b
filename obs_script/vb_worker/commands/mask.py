"""``mask``: the person's mask of pictures, as 8-bit PNGs.

Pictures are independent of each other: no state is kept between them.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from pathlib import Path

import numpy as np

from vb_worker.atomic import make_folder
from vb_worker.commands.batch import Job, add_batch_options, chosen, listed, work_through
from vb_worker.commands.options import (
    add_model_options,
    add_plate_option,
    add_turn_options,
    open_pipeline,
    plate_of,
    turn_options,
)
from vb_worker.errors import UserError
from vb_worker.matte.pipeline import Pipeline
from vb_worker.offline.keep_memory import keep_memory
from vb_worker.offline.pictures import pictures_of, read_picture, write_png
from vb_worker.offline.upsample import shown
from vb_worker.people.choice import PersonChoice


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "The mask has the size of the picture as a viewer shows it (EXIF orientation applied) and "
        "its name with .png; 255 is the person. 16-bit, grey and transparent pictures are read as "
        "8-bit colour. A picture that cannot be read is reported and the others are done."
    )
    parser.add_argument(
        "input", nargs="+", type=Path, metavar="INPUT", help="a picture, or a folder of pictures"
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="DIR", help="the folder for the masks"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON a picture")
    add_model_options(parser)
    add_plate_option(parser)
    add_turn_options(parser)
    add_batch_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status, 1 if a picture failed."""
    failed = False
    found: list[Job] = []
    for given in options.input:
        try:
            pictures = pictures_of(given)
        except UserError as error:
            print(f"virtual-background: {error}", file=sys.stderr)
            failed = True
            continue
        found += [Job(picture, options.output / f"{picture.stem}.png") for picture in pictures]
    jobs = chosen(listed(found, options.plate), options)
    if jobs:
        keep_memory()
        make_folder(options.output)
        count = min(options.jobs, len(jobs))
        pipelines = [open_pipeline(options, stills=True) for _ in range(count)]
        for pipeline in pipelines:  # warm-up: the first run is slower
            pipeline.still(np.zeros((2, 2, 3), np.uint8))

        def work(job: Job, place: int, stop: threading.Event) -> None:
            _mask(pipelines[place], job.source, job.output, options)

        failed |= not work_through(jobs, work, len(pipelines))
    return 1 if failed else 0


def _mask(pipeline: Pipeline, picture: Path, output: Path, options: argparse.Namespace) -> None:
    """Write one mask and print its line; ms: from the decoded picture to the mask."""
    pixels = read_picture(picture)
    plate = plate_of(options)
    height, width = pixels.shape[:2]
    begin = time.perf_counter()
    alpha = shown(
        pixels,
        pipeline.still(
            pixels, PersonChoice(*options.person), plate, turn=turn_options(options)
        ).alpha,
        edges=pipeline.quality.refine,
        threshold=options.threshold,
        softness=options.softness,
    )
    mask = np.rint(alpha * 255.0).astype(np.uint8)
    ms = (time.perf_counter() - begin) * 1e3
    write_png(output, mask)
    if options.json:
        line = {
            "input": str(picture),
            "output": str(output),
            "width": width,
            "height": height,
            "ms": round(ms, 3),
        }
        text = json.dumps(line)
    else:
        text = f"{picture} -> {output}  {width}x{height}  {ms:.1f} ms"
    print(f"{text}\n", end="", flush=True)  # at once: other threads write lines, too
