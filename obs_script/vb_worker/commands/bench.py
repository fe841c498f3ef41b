"""``bench``: how fast each model is on each compute unit with each number of threads.

The pictures have the model's input size, and one look is taken a frame (quality "fast").
Overhead is the whole pipeline's median less the median of onnxruntime alone on the same input,
both taken in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vb_worker.commands.options import known_model, known_models, positive
from vb_worker.commands.table import table
from vb_worker.models import Manifest, ModelError, open_model
from vb_worker.models.network import Network
from vb_worker.models.providers import ComputeUnit, available_units
from vb_worker.pipeline import Pipeline
from vb_worker.quality import PRESETS

WARM_UP = 10
PICTURES = 16

Row = dict[str, object]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument(
        "--frames",
        type=positive,
        default=300,
        metavar="N",
        help="frames a measurement (default: %(default)s)",
    )
    parser.add_argument(
        "--model", nargs="+", metavar="NAME", help="only these models (default: all installed)"
    )
    parser.add_argument(
        "--threads",
        nargs="+",
        type=positive,
        metavar="N",
        default=[1, 2] if (os.cpu_count() or 1) > 1 else [1],
        help="numbers of threads to try on the CPU (default: 1 and 2)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status, 1 if a combination could not be measured."""
    if options.model:
        manifests = [known_model(name) for name in options.model]
    else:
        manifests = [model for model in known_models().values() if model.installed]
    rows = [
        _row(manifest, unit, threads, options.frames)
        for manifest in manifests
        for unit in available_units()
        # threads are the CPU's: another unit is measured once
        for threads in (options.threads if unit.name == "cpu" else options.threads[:1])
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print(_table(rows))
        for row in rows:
            if "error" in row:
                print(f"{row['model']} on {row['compute']}: {row['error']}")
    return 1 if any("error" in row for row in rows) else 0


def _row(manifest: Manifest, unit: ComputeUnit, threads: int, frames: int) -> Row:
    row: Row = {"model": manifest.name, "compute": unit.name, "threads": threads}
    try:
        opened = open_model(manifest, compute=unit.name, threads=threads)
        pipeline = Pipeline(opened, PRESETS["fast"])
    except ModelError as error:
        return {**row, "error": str(error)}
    return {**row, **measure(pipeline, frames)}


def measure(pipeline: Pipeline, frames: int) -> Row:
    """Return medians and 99th percentiles in ms over ``frames`` frames, and frames a second."""
    model = pipeline.model
    pictures = list(_moving_pictures(*model.input_size))
    feed = model.prepare(pictures[0]).copy()
    bare, preprocess, inference, whole = [], [], [], []
    for number in range(WARM_UP + frames):
        begin = time.perf_counter()
        if isinstance(model, Network):
            model.bare(feed)
        ran = time.perf_counter()
        result = pipeline.process(pictures[number % PICTURES], stream="bench")
        if number >= WARM_UP:
            bare.append((ran - begin) * 1e3)
            preprocess.append(result.preprocess_ms)
            inference.append(result.inference_ms)
            whole.append(result.total_ms)
    pipeline.reset("bench")
    median = float(np.median(whole))
    return {
        "width": model.input_size[0],
        "height": model.input_size[1],
        "frames": frames,
        **_figures("preprocess", preprocess),
        **_figures("inference", inference),
        **_figures("pipeline", whole),
        "session_run_median_ms": round(float(np.median(bare)), 3),
        "overhead_ms": round(median - float(np.median(bare)), 3),
        "fps": round(1e3 / median, 1),
    }


def _figures(name: str, values: list[float]) -> Row:
    return {
        f"{name}_median_ms": round(float(np.median(values)), 3),
        f"{name}_p99_ms": round(float(np.percentile(values, 99)), 3),
    }


def _moving_pictures(width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Draw a head and shoulders that moves over a noisy slope: H x W x 4 uint8 RGBA."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    for number in range(PICTURES):
        at = 0.5 + 0.05 * np.sin(number * 2 * np.pi / PICTURES)
        picture = np.stack([x * 200, y * 200, 200 - x * 150, np.full_like(x, 255)], -1)
        picture[np.hypot((x - at) * 1.2, y - 1.2) < 0.6, :3] = (50, 70, 120)
        picture[np.hypot((x - at) * 2, y - 0.4) < 0.25, :3] = (215, 165, 140)
        picture[..., :3] += random.normal(0, 3, (height, width, 3))
        yield np.clip(picture, 0, 255).astype(np.uint8)


def _table(rows: list[Row]) -> str:
    columns = (
        ("preprocess", "preprocess"),
        ("inference", "inference"),
        ("pipeline", "pipeline"),
    )
    head = ["model", "compute", "threads"]
    head += [title for title, _ in columns] + ["p99", "overhead", "FPS"]
    lines = []
    for row in rows:
        line = [str(row[key]) for key in ("model", "compute", "threads")]
        if "error" in row:
            line += ["-"] * 6
        else:
            line += [f"{row[f'{key}_median_ms']:.2f} ms" for _, key in columns]
            line += [f"{row['pipeline_p99_ms']:.2f} ms", f"{row['overhead_ms']:.2f} ms"]
            line += [f"{row['fps']:.0f}"]
        lines.append(line)
    return table(head, lines, right=2)
