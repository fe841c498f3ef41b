"""Measuring one combination of model, compute unit, threads, precision and size.

Each is measured in a new process (``python -m vb_worker.bench.one_run ORDER``), so that memory is
measured separately, a driver's crash ends nothing else, and every run starts cold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vb_link import child, exit_status, folders, isolated
from vb_worker.bench.resident import resident_bytes
from vb_worker.matte.pipeline import Pipeline
from vb_worker.matte.quality import Quality
from vb_worker.models import ModelError, choose_model, default_folders, find_models, open_model
from vb_worker.models.manifest import Manifest
from vb_worker.models.manifest_reader import load
from vb_worker.models.model import Model
from vb_worker.models.network import Network

# Only what all qualities have in common
BARE = Quality("bare", close=False, mirror=False, every=1, refine=False)
WARM_UP = 10
PICTURES = 16
SECONDS = 600.0

Row = dict[str, object]


def measure_apart(order: Row) -> Row:
    """Run ``measure_order`` in a new process; errors are returned. Never raises."""
    try:
        done = subprocess.run(
            isolated.command(sys.executable, folders.PACKAGES, __name__, json.dumps(order)),
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=SECONDS, check=False, **child.TEXT, **child.QUIET,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {SECONDS:.0f} seconds"}
    found = child.last_object(done.stdout) if done.returncode == 0 else None
    if found is not None:
        return found
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    status = exit_status.name(done.returncode)
    return {"error": f"ended with status {status}: {said[-1] if said else 'no reason'}"}


def measure_order(order: Row) -> Row:
    """Measure here; ``order``: model (name or manifest file), compute, threads, size, frames."""
    before = resident_bytes()
    begin = time.perf_counter()
    try:
        model = _opened(order)
        feed = model.prepare(model.shrink(next(moving_pictures(*model.input_size))))
        model.infer(feed)
    except (ModelError, OSError) as error:
        return {"error": str(error)}
    first = (time.perf_counter() - begin) * 1e3
    memory = resident_bytes()
    found = measure(Pipeline(model, BARE), int(str(order["frames"])))
    if before is not None and memory is not None:
        found["memory_mb"] = round((memory - before) / 1e6, 1)
    return {**found, "first_ms": round(first, 1)}


def _opened(order: Row) -> Model:
    size = order.get("size")
    return open_model(
        _manifest(str(order["model"])),
        compute=str(order["compute"]),
        threads=int(str(order["threads"])),
        size=(int(size[0]), int(size[1])) if isinstance(size, list) else None,
    )


def _manifest(text: str) -> Manifest:
    if text.endswith(".toml"):
        return load(Path(text))
    return choose_model(find_models(default_folders(), on_error=lambda _error: None), text)


def measure(pipeline: Pipeline, frames: int) -> Row:
    """Return medians and 99th percentiles in ms over ``frames`` frames, and frames per second.

    Pictures have the model's input size; the model runs once per frame, without refinement.
    ``overhead_ms`` and ``ratio`` compare the whole pipeline with onnxruntime alone on the same
    input, alternating frame by frame.
    """
    model = pipeline.model
    pictures = list(moving_pictures(*model.input_size))
    feed = np.array(model.prepare(pictures[0]))
    bare, preprocess, inference, whole = [], [], [], []
    for number in range(WARM_UP + frames):
        begin = time.perf_counter()
        if isinstance(model, Network):
            model.bare(feed)
        ran = time.perf_counter()
        result = pipeline.process(pictures[number % PICTURES], stream="bench")
        if number < WARM_UP:
            continue
        bare.append((ran - begin) * 1e3)
        preprocess.append(result.preprocess_ms)
        inference.append(result.inference_ms)
        whole.append(result.total_ms)
    pipeline.reset("bench")
    row: Row = {
        "width": model.input_size[0],
        "height": model.input_size[1],
        "frames": frames,
        **_figures("preprocess", preprocess),
        **_figures("inference", inference),
        **_figures("pipeline", whole),
        "fps": round(1e3 / float(np.median(whole)), 1),
        "inference_fps": round(1e3 / float(np.median(inference)), 1),
    }
    if isinstance(model, Network):
        alone = float(np.median(bare))
        row["session_run_median_ms"] = round(alone, 3)
        row["overhead_ms"] = round(float(np.median(np.subtract(whole, bare))), 3)
        row["ratio"] = round(float(np.median(np.divide(whole, bare))), 3)
    return row


def _figures(name: str, values: list[float]) -> Row:
    return {
        f"{name}_median_ms": round(float(np.median(values)), 3),
        f"{name}_p99_ms": round(float(np.percentile(values, 99)), 3),
    }


def moving_pictures(width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of a head and shoulders moving over a noisy gradient: H x W x 4 uint8 RGBA."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    for number in range(PICTURES):
        at = 0.5 + 0.05 * np.sin(number * 2 * np.pi / PICTURES)
        picture = np.stack([x * 200, y * 200, 200 - x * 150, np.full_like(x, 255)], -1)
        picture[np.hypot((x - at) * 1.2, y - 1.2) < 0.6, :3] = (50, 70, 120)
        picture[np.hypot((x - at) * 2, y - 0.4) < 0.25, :3] = (215, 165, 140)
        picture[..., :3] += random.normal(0, 3, (height, width, 3))
        yield np.clip(picture, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    print(json.dumps(measure_order(json.loads(sys.argv[1]))), flush=True)
    sys.stdout.flush()
    os._exit(0)  # some drivers crash at exit
