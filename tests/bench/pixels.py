"""Benchmarks ways to turn a frame into a network's input: ``python -m tests.bench.pixels``.

All ways give the same numbers (checked before timing), so only their time counts. The worker uses
the first in the list; this shows whether that is the right choice on a machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.commands.table import table
from vb_worker.models.manifest import InputSpec
from vb_worker.models.prepare import Preparer

Frame = NDArray[np.uint8]
Feed = NDArray[np.float32]
_SOURCE = (1280, 720)
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def main(words: Sequence[str] | None = None) -> int:
    """Run the race and print it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pixels", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument("--frames", type=int, default=200, help="rounds (%(default)s)")
    options = parser.parse_args(words)
    random = np.random.default_rng(1)
    rows = []
    for layout in ("NHWC", "NCHW"):
        for name, (mean, std) in (("0..1", _PLAIN), ("ImageNet", _IMAGENET)):
            spec = InputSpec(256, 256, layout, "RGB", 255.0, mean, std, "stretch")
            frame = random.integers(0, 256, (256, 256, 4), dtype=np.uint8)
            rows += _race(f"{layout}, {name}", frame, _ways(spec), options.frames)
    big = random.integers(0, 256, (*_SOURCE[::-1], 4), dtype=np.uint8)
    rows += _race("1280x720 to 256x256", big, _shrinking(), options.frames, same=False)
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    lines = [[str(row["task"]), str(row["way"]), f"{row['median_ms']:.3f} ms"] for row in rows]
    print(table(("task", "way", "median"), lines, right=2))
    return 0


def _race(
    task: str,
    frame: Frame,
    ways: dict[str, Callable[[Frame], Any]],
    rounds: int,
    *,
    same: bool = True,
) -> list[dict[str, Any]]:
    """Time every way in turn, round by round, so that a busy moment affects all alike."""
    cv2.setNumThreads(1)
    first = np.array(next(iter(ways.values()))(frame))
    for name, way in ways.items():
        if same and not np.allclose(way(frame), first, atol=1e-4):
            raise ValueError(f"{task}: {name} does not give the same numbers.")
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            way(frame)
            times[name].append((time.perf_counter() - begin) * 1e3)
    return [
        {"task": task, "way": name, "median_ms": round(statistics.median(taken), 4)}
        for name, taken in times.items()
    ]


def _ways(spec: InputSpec) -> dict[str, Callable[[Frame], Feed]]:
    """Return the ways from RGBA bytes of the right size to the network's input."""
    mean = np.array(spec.mean, np.float32)
    std = np.array(spec.std, np.float32)
    factor, offset = (1 / (spec.scale * std)).astype(np.float32), (mean / std).astype(np.float32)
    planes = spec.layout == "NCHW"
    levels = np.arange(256, dtype=np.float32)
    lookup = np.stack([levels * factor[c] - offset[c] for c in range(3)], -1)[None]

    scales: Any = (*map(float, factor), 0.0)
    shifts: Any = (*map(float, offset), 0.0)

    def turned(picture: NDArray[Any]) -> Feed:
        order = picture.transpose(2, 0, 1) if planes else picture
        return np.ascontiguousarray(order[None], np.float32)

    def plain(frame: Frame) -> Feed:
        return turned(frame[..., :3].astype(np.float32) * factor - offset)

    def converted(frame: Frame) -> Feed:
        rgb = cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB)
        scaled: Any = cv2.multiply(rgb, scales, dtype=cv2.CV_32F)
        return turned(cv2.subtract(scaled, shifts))

    def looked_up(frame: Frame) -> Feed:
        rgb = cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB)
        return turned(cv2.LUT(rgb, lookup))

    def blob(frame: Frame) -> Feed:
        rgb = cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB)
        made = np.asarray(cv2.dnn.blobFromImage(rgb), np.float32)
        made = made * factor.reshape(1, 3, 1, 1) - offset.reshape(1, 3, 1, 1)
        return made if planes else np.ascontiguousarray(made.transpose(0, 2, 3, 1))

    ways: dict[str, Callable[[Frame], Feed]] = {"the worker's": Preparer(spec)}
    ways["numpy"] = plain
    ways["OpenCV multiply"] = converted
    ways["OpenCV lookup"] = looked_up
    if hasattr(cv2, "dnn"):
        ways["OpenCV blob"] = blob
    return ways


def _shrinking() -> dict[str, Callable[[Frame], Any]]:
    """Return ways to shrink; they differ in quality: only averaging is free of aliasing."""
    size = (256, 256)
    return {
        "area (the worker's)": lambda frame: cv2.resize(frame, size, interpolation=cv2.INTER_AREA),
        "linear": lambda frame: cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR),
        "cubic": lambda frame: cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC),
        "nearest": lambda frame: cv2.resize(frame, size, interpolation=cv2.INTER_NEAREST),
        "area after dropping alpha": lambda frame: cv2.resize(
            cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB), size, interpolation=cv2.INTER_AREA
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
