"""The figures that the project promises, each measured in a real OBS: one JSON with all of them.

``python -m tests.bench.how_good [--only STEP,...] [--seconds S] [--turns N]`` (with the project
and ``obs_script`` on the path). Each step is a run of ``obs_cost`` with the filter on and off in
turns; the step "colour" is OBS's own colour correction, to compare with.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from tests.bench import obs_cost
from tests.obs import painted
from vb_demo.obs_session import ObsSession
from vb_link.settings import FILTER_ID

SLOW_MODEL = "takes_100_ms"
SLOW_LAYERS = 52
COLOUR = ("--filter", "color_filter_v2")
PLAIN = {"background": "transparent", "governor": "off"}
KEYS = (
    "added_frame_time_ms", "added_frame_time_p95_ms", "added_graphics_thread_cpu_ms",
    "added_memory_mib", "added_skipped_percent", "mask_age_frames",
)  # fmt: skip
OURS = ("ours_graphics_cpu_ms", "worker_total_ms", "masks_per_second", "worker_cpu_percent",
        "worker_memory_mib", "delay_frames")  # fmt: skip


def _cost(folder: Path, common: list[str], *words: str, **settings: Any) -> dict[str, Any]:
    chosen = {} if words[:2] == COLOUR else {**PLAIN, **settings}
    options = obs_cost.parser().parse_args([*common, *words, "--settings", json.dumps(chosen)])
    with tempfile.TemporaryDirectory(dir=folder) as own:
        report = obs_cost.measure(options, Path(own))
    made = {key: report[key] for key in KEYS if key in report}
    made.update({key: report["with"][key] for key in OURS if key in report["with"]})
    made["skipped"] = [
        f"{report[side]['frames_skipped']} of {report[side]['frames']}"
        for side in ("without", "with")
    ]
    return made


def first_masks(folder: Path) -> dict[str, float]:
    """Return the seconds from adding a filter to its first mask, for the first and a second."""
    picture = folder / "camera.png"
    cv2.imwrite(str(picture), painted.numbered(170))
    session = ObsSession(folder)
    session.start()
    try:
        for name in ("Camera", "Second"):
            session.add_input("Scene", name, "image_source", {"file": str(picture)})
        time.sleep(3)
        found = {}
        for index, name in enumerate(("Camera", "Second")):
            begin = time.monotonic()
            session.add_filter(name, "Filter", FILTER_ID, {})
            while session.link_stats(index)["alpha_count"] == 0:
                if time.monotonic() - begin > 20:
                    raise RuntimeError("no mask within 20 seconds")
                time.sleep(0.005)
            found[name] = round(time.monotonic() - begin, 3)
    finally:
        session.stop()
    return found


def steps(folder: Path, common: list[str]) -> dict[str, Callable[[], Any]]:
    """Return what can be measured, by name."""

    def cost(*words: str, **settings: Any) -> Callable[[], Any]:
        return lambda: _cost(folder, common, *words, **settings)

    return {
        "720p": cost(),
        "720p fast": cost(quality="fast"),
        "720p locked": cost(timing="locked"),
        "colour": cost(*COLOUR),
        "load 2": cost("--load", "2"),
        "load 2 governed": cost("--load", "2", governor="balanced"),
        "100 ms model": cost(model=SLOW_MODEL, quality="fast"),
        "1080p60": cost("--size", "1920x1080", "--fps", "60"),
        "1080p60 colour": cost("--size", "1920x1080", "--fps", "60", *COLOUR),
        "2160p30": cost("--size", "3840x2160"),
        "2160p30 colour": cost("--size", "3840x2160", *COLOUR),
        "first mask": lambda: first_masks(folder),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="steps, with commas between them")
    parser.add_argument("--seconds", default="6", help="length of a turn")
    parser.add_argument("--turns", default="3", help="turns with and without, each")
    options = parser.parse_args()
    common = ["--seconds", options.seconds, "--turns", options.turns]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = obs_cost.own_worker(folder)
        painted.install_model(data / "models", SLOW_MODEL, SLOW_LAYERS)
        possible = steps(folder, common)
        chosen = options.only.split(",") if options.only else list(possible)
        report = {}
        for step in chosen:
            report[step] = possible[step]()
            print(step, json.dumps(report[step]), file=sys.stderr, flush=True)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
