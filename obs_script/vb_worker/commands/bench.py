"""``bench``: the speed of each model on each compute unit, by threads, precision and size."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vb_worker.bench.one_run import Row, measure_apart
from vb_worker.commands.options import known_model, known_models, positive
from vb_worker.commands.table import table
from vb_worker.errors import UsageError, UserError
from vb_worker.models import Manifest
from vb_worker.models.network import checked_weights
from vb_worker.runtime import onnx_check
from vb_worker.runtime.providers import ComputeUnit, available_units

_COLUMNS = (
    ("preprocess", "preprocess_median_ms", "{:.2f} ms"),
    ("inference", "inference_median_ms", "{:.2f} ms"),
    ("pipeline", "pipeline_median_ms", "{:.2f} ms"),
    ("p99", "pipeline_p99_ms", "{:.2f} ms"),
    ("to session.run", "ratio", "x {:.3f}"),
    ("inference FPS", "inference_fps", "{:.0f}"),
    ("FPS", "fps", "{:.0f}"),
    ("first", "first_ms", "{:.0f} ms"),
    ("memory", "memory_mb", "{:.0f} MB"),
)
_KEYS = ("model", "compute", "threads", "precision", "size")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument("--csv", action="store_true", help="print CSV")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the table too")
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
        "--compute", nargs="+", metavar="UNIT", help="only these compute units (default: all)"
    )
    parser.add_argument(
        "--threads",
        nargs="+",
        type=positive,
        metavar="N",
        default=[1, 2] if (os.cpu_count() or 1) > 1 else [1],
        help="numbers of threads to try on the CPU (default: 1 and 2)",
    )
    parser.add_argument(
        "--precision",
        nargs="+",
        choices=("float32", "float16"),
        default=["float32"],
        help="float16 converts each model for the measurement (needs the converters)",
    )
    parser.add_argument(
        "--size",
        nargs="+",
        type=_size,
        metavar="WxH",
        default=[None],
        help="sizes for models that have a choice (default: the model's own)",
    )
    parser.add_argument(
        "--recommend",
        type=float,
        metavar="MS",
        help="name the most accurate model that takes at most MS milliseconds a frame",
    )


def _size(text: str) -> list[int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text} is not a size like 256x144")
    return [int(width), int(height)]


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status, 1 if a combination could not be measured."""
    if options.recommend is not None and options.recommend <= 0:
        raise UsageError(f"--recommend {options.recommend:g} is no time in milliseconds.")
    if options.model:
        manifests = [known_model(name) for name in options.model]
    else:
        manifests = [model for model in known_models().values() if model.installed]
    units = available_units()
    if options.compute:
        names = {unit.name for unit in units}
        for name in options.compute:
            if name not in names:
                there = ", ".join(sorted(names))
                raise UsageError(f"There is no compute unit {name!r} here; there are: {there}.")
        units = [unit for unit in units if unit.name in options.compute]
    with contextlib.ExitStack() as stack:
        rows = [
            {**told, **measure_apart(order)}
            for told, order in _orders(options, manifests, units, stack)
        ]
    _print(options, rows)
    if options.plot:
        _plot(options.plot, rows)
    if options.recommend is not None:
        print(
            _recommendation(
                rows, {manifest.name: manifest for manifest in manifests}, options.recommend
            )
        )
    return 1 if any("error" in row for row in rows) else 0


def _orders(
    options: argparse.Namespace,
    manifests: list[Manifest],
    units: list[ComputeUnit],
    stack: contextlib.ExitStack,
) -> Iterator[tuple[Row, Row]]:
    """Yield (the columns that identify a row, the order for ``one_run``)."""
    for manifest in manifests:
        without = not manifest.file
        sizes = [None] if manifest.input.width_range is None else options.size
        for precision in options.precision:
            if without and precision != "float32":
                continue
            model = manifest.name if precision == "float32" else _halved(manifest, stack)
            for unit in units:
                if without and unit.name != "cpu":
                    continue
                # Threads only matter on the CPU: other units are measured once.
                threads = options.threads if unit.name == "cpu" else options.threads[:1]
                for count in threads:
                    for size in sizes:
                        width, height = size or (manifest.input.width, manifest.input.height)
                        told: Row = {
                            "model": manifest.name,
                            "compute": unit.name,
                            "threads": count,
                            "precision": precision,
                            "size": f"{width}x{height}",
                        }
                        yield (
                            told,
                            {
                                "model": model,
                                "compute": unit.name,
                                "threads": count,
                                "size": size,
                                "frames": options.frames,
                            },
                        )


def _halved(manifest: Manifest, stack: contextlib.ExitStack) -> str:
    """Return the manifest of a half-precision copy in a temporary folder of this run."""
    try:
        from vb_worker.convert import variants  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise UserError(
            f"{error.name} is not installed, so --precision float16 cannot be made: run "
            "install.py --convert, or pip install obs-virtual-background[convert]."
        ) from error
    from vb_worker.catalogue import adding  # noqa: PLC0415 - only here

    weights = checked_weights(manifest)
    onnx_check.check(weights, manifest.weights)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return str(adding.write_beside(variants.half(weights), manifest, folder))


def _print(options: argparse.Namespace, rows: list[Row]) -> None:
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    if options.csv:
        keys = [*_KEYS, *dict.fromkeys(key for row in rows for key in row if key not in _KEYS)]
        text = io.StringIO()
        writer = csv.DictWriter(text, keys)
        writer.writeheader()
        writer.writerows(rows)
        print(text.getvalue(), end="")
        return
    shown = [column for column in _COLUMNS if any(column[1] in row for row in rows)]
    lines = [
        [str(row[key]) for key in _KEYS]
        + [form.format(row[key]) if key in row else "-" for _, key, form in shown]
        for row in rows
    ]
    print(table([*_KEYS, *(title for title, _, _ in shown)], lines, right=len(_KEYS)))
    for row in rows:
        if "error" in row:
            print(f"{row['model']} on {row['compute']}: {row['error']}")


def _recommendation(rows: list[Row], manifests: dict[str, Manifest], budget: float) -> str:
    """Return a sentence: the most accurate model within ``budget`` ms per frame."""
    fitting = [
        (manifests[str(row["model"])].accuracy, -float(str(row["pipeline_median_ms"])), row)
        for row in rows
        if "error" not in row and float(str(row["pipeline_median_ms"])) <= budget
    ]
    fitting = [row for row in fitting if row[0] > 0]
    if not fitting:
        return f"No model whose accuracy is known takes at most {budget:g} ms a frame here."
    accuracy, _, row = max(fitting, key=lambda row: row[:2])
    return (
        f"At most {budget:g} ms a frame: {row['model']} on {row['compute']} with "
        f"{row['threads']} thread(s) ({row['pipeline_median_ms']} ms, accuracy {accuracy:g} %)."
    )


def _plot(path: Path, rows: list[Row]) -> None:
    from vb_worker.bench.chart import bars  # noqa: PLC0415 - only here
    from vb_worker.offline.pictures import write_png  # noqa: PLC0415 - only here

    entries = [
        (
            " ".join(str(row[key]) for key in _KEYS),
            float(str(row["pipeline_median_ms"])),
            float(str(row["pipeline_p99_ms"])),
        )
        for row in rows
        if "error" not in row
    ]
    if not entries:
        raise UserError("Nothing was measured, so there is nothing to draw.")
    write_png(path, bars(entries, "ms a frame, whole pipeline: median, and 99th percentile (line)"))
