"""What each background and look adds to the filter's own cost in a real OBS, as JSON.

``python -m tests.bench.looks_cost`` (with the project and ``obs_script`` on the path). Every row is
measured next to the plain filter (colour background, all looks off) in the same OBS, in turns;
figures are medians of the differences.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2

from tests.bench.obs_cost import CAMERA, FILTER, Turn
from vb_demo import clip
from vb_demo.obs_session import ObsSession
from vb_link.settings import FILTER_ID, defaults

PLAIN = {**defaults(), "background": "color"}
ROWS: dict[str, dict[str, Any]] = {
    "all off": {},
    "transparent": {"background": "transparent"},
    "blur": {"background": "blur"},
    "image": {"background": "image"},
    "light wrap": {"light_wrap": 0.5},
    "edge colour clean-up": {"decontaminate": 1.0},
    "grow": {"grow": 6.0},
    "feather": {"feather": -6.0},
    "drop shadow": {"shadow": 0.5},
    "match to background": {"match": 0.5},
    "a zone": {"zone1": "drop"},
}
COLUMNS = ("frame_time_ms", "graphics_thread_cpu_ms", "ours_graphics_cpu_ms")


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    source, image = folder / "clip.mp4", folder / "image.png"
    clip.make_clip(source, width=1280, height=720, fps=30, seconds=4.0)
    cv2.imwrite(str(image), clip.frame(0.0, 1920, 1080)[0])
    session = ObsSession(folder / "obs", preview=False)
    session.folder.mkdir()
    session.start()
    try:
        session.add_input(
            "Scene", CAMERA, "ffmpeg_source",
            {"local_file": str(source), "looping": True, "hw_decode": False},
        )  # fmt: skip
        session.add_filter(CAMERA, FILTER, FILTER_ID, PLAIN)
        session.segment().measure = 1
        time.sleep(3)
        report = {}
        for name, change in ROWS.items():
            added: dict[str, list[float]] = {column: [] for column in COLUMNS}
            for _ in range(options.turns):
                sides = []
                for settings in (PLAIN, {**PLAIN, "background_image": str(image), **change}):
                    session.set_filter(CAMERA, FILTER, settings)
                    time.sleep(1.0)
                    sides.append(Turn(session, options.seconds, ours=True).figures)
                for column in COLUMNS:
                    added[column].append(sides[1][column] - sides[0][column])
            report[name] = {
                f"added_{column}": round(statistics.median(values), 3)
                for column, values in added.items()
            }
        return report
    finally:
        session.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each, plain and with it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(options, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
