"""Frames per CPU second: the worker's pipeline against MediaPipe's ImageSegmenter.

The same frames and the same network (Selfie, square), in turns in one run. MediaPipe needs a
Python of its own (``pip install mediapipe`` into a virtual environment) and the TFLite file that
the manifest of ``selfie_square`` names, with its metadata:

    PYTHONPATH=..:../obs_script python -m bench.mediapipe_cost --python VENV/bin/python \
        --model selfie_segmentation.tflite

Both begin with a frame in memory and end with a mask of the frame's size.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.unit.worker_pictures import person

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 32

_OURS = """
import json, sys, time
import numpy as np
from vb_link import folders
from vb_worker.offline.levels import levels
from vb_worker.models import find_models, open_model
from vb_worker.matte.pipeline import Pipeline
frames, count = np.load(sys.argv[1]), int(sys.argv[2])
manifest = find_models([folders.models_dir()])["selfie_square"]
pipeline = Pipeline(open_model(manifest, compute=sys.argv[3]))
height, width = frames.shape[1:3]
rgba = [np.dstack([f, np.full(f.shape[:2], 255, np.uint8)]) for f in frames]
def run(n):
    return levels(pipeline.process(rgba[n % len(rgba)], stream=0).alpha, width, height)
for n in range(20):
    mask = run(n)
begin = time.process_time(), time.perf_counter()
for n in range(count):
    mask = run(n)
print(json.dumps({"cpu": time.process_time() - begin[0],
                  "wall": time.perf_counter() - begin[1], "share": float((mask > 0.5).mean())}))
"""

_THEIRS = """
import json, sys, time
import numpy as np
import mediapipe as mp
from mediapipe.tasks import python as tasks
from mediapipe.tasks.python import vision
frames, count = np.load(sys.argv[1]), int(sys.argv[2])
options = vision.ImageSegmenterOptions(
    base_options=tasks.BaseOptions(model_asset_buffer=open(sys.argv[3], "rb").read()),
    running_mode=vision.RunningMode.VIDEO,
    output_confidence_masks=True, output_category_mask=False)
with vision.ImageSegmenter.create_from_options(options) as segmenter:
    def run(n):
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frames[n % len(frames)])
        return segmenter.segment_for_video(image, n * 33).confidence_masks[-1].numpy_view()
    for n in range(20):
        mask = run(n)
    begin = time.process_time(), time.perf_counter()
    for n in range(20, 20 + count):
        mask = run(n)
    print(json.dumps({"cpu": time.process_time() - begin[0],
                      "wall": time.perf_counter() - begin[1],
                      "share": float((mask > 0.5).mean()), "version": mp.__version__}))
"""


def main() -> int:
    """Run both in turns and print JSON; the ratio is the median of the turns'."""
    parser = argparse.ArgumentParser(description="Compare with MediaPipe's ImageSegmenter.")
    parser.add_argument("--python", required=True, help="a Python that has mediapipe")
    parser.add_argument("--model", required=True, type=Path, help="selfie_segmentation.tflite")
    parser.add_argument("--ours", default=sys.executable, help="the Python of the worker")
    parser.add_argument("--compute", default="cpu", help="the worker's compute unit")
    parser.add_argument("--size", default="640x360", help="of the frames, WxH")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    clip = np.stack([person(width, height, shift=0.002 * n)[0] for n in range(FRAMES)])
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames.npy"
        np.save(frames, clip)
        more = [str(frames), str(options.frames)]
        turns = []
        for _ in range(options.turns):
            ours = _run([options.ours, "-c", _OURS, *more, options.compute])
            theirs = _run([options.python, "-c", _THEIRS, *more, str(options.model)])
            turns.append((ours, theirs))
    found = {
        "ours_frames_per_cpu_second": _rate([ours for ours, _ in turns], options.frames),
        "theirs_frames_per_cpu_second": _rate([theirs for _, theirs in turns], options.frames),
        "ratio": round(statistics.median(b["cpu"] / a["cpu"] for a, b in turns), 2),
        "share_of_person": [turns[0][0]["share"], turns[0][1]["share"]],
        "turns": turns,
    }
    print(json.dumps(found, indent=2))
    return 0


def _rate(rows: list[dict[str, float]], frames: int) -> float:
    return round(statistics.median(frames / row["cpu"] for row in rows), 1)


def _run(command: list[str]) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "obs_script")}
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise SystemExit(done.stderr.strip().splitlines()[-1] if done.stderr else "no answer")
    found: dict[str, float] = json.loads(lines[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
