"""A soak test, hours of use in minutes: occasional actions are done all the time, nothing may grow.

``python -m tests.bench.soak --minutes 10`` (with the project and ``obs_script`` on the path). Each
round changes settings, timing and visibility and adds and removes a second filter; then memory,
open handles and mask age are noted. The JSON has the medians of the first and the last quarter.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.obs_cost import handles, memory_mib, own_worker, worker_pid
from vb_demo import clip
from vb_demo.obs_session import ObsSession
from vb_link.settings import FILTER_ID

CAMERA, FILTER = "Camera", "Filter"
ROUND: tuple[dict[str, Any], ...] = (
    {"background": "blur"},
    {"background": "color", "light_wrap": 0.5, "grow": 4.0},
    {"background": "transparent", "light_wrap": 0.0, "grow": 0.0},
    {"timing": "locked"},
    {"timing": "latest", "quality": "fast"},
    {"quality": "balanced", "zone1": "keep"},
    {"zone1": "off", "person": "largest"},
    {"person": "all"},
)


def _round(session: ObsSession, item: int) -> None:
    for settings in ROUND:
        session.set_filter(CAMERA, FILTER, settings)
        time.sleep(0.25)
    for shown in (False, True):
        session.request(
            "SetSceneItemEnabled",
            {"sceneName": "Scene", "sceneItemId": item, "sceneItemEnabled": shown},
        )
        time.sleep(0.2)
    session.add_filter(CAMERA, "Second", FILTER_ID, {"cover": "hidden"})
    time.sleep(0.5)
    session.request("RemoveSourceFilter", {"sourceName": CAMERA, "filterName": "Second"})
    time.sleep(0.3)


def _note(session: ObsSession) -> dict[str, float]:
    before = session.link_stats()["age_histogram"]
    time.sleep(1.0)
    ages = [b - a for a, b in zip(before, session.link_stats()["age_histogram"])]
    worker = worker_pid(session.pid) or 0
    return {
        "obs_memory_mib": memory_mib(session.pid),
        "obs_handles": handles(session.pid),
        "worker_memory_mib": memory_mib(worker),
        "worker_handles": handles(worker),
        "age_frames": sum(age * count for age, count in enumerate(ages)) / max(sum(ages), 1),
    }


def soak(minutes: float, folder: Path) -> dict[str, Any]:
    """Return the medians of the first and the last quarter of the notes, and how many rounds."""
    video = folder / "clip.mp4"
    clip.make_clip(video, width=1280, height=720, fps=30, seconds=6.0)
    session = ObsSession(folder)
    session.start()
    notes = []
    try:
        item = session.add_input(
            "Scene", CAMERA, "ffmpeg_source",
            {"local_file": str(video), "looping": True, "hw_decode": False},
        )  # fmt: skip
        session.add_filter(CAMERA, FILTER, FILTER_ID, {"governor": "off"})
        time.sleep(3)
        for _ in range(5):  # until everything that is created once has been created
            _round(session, item)
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            _round(session, item)
            notes.append(_note(session))
    finally:
        report = session.stop()
    quarter = max(len(notes) // 4, 1)

    def median(rows: list[dict[str, float]]) -> dict[str, float]:
        return {key: round(statistics.median(row[key] for row in rows), 2) for key in rows[0]}

    first, last = median(notes[:quarter]), median(notes[-quarter:])
    return {
        "rounds": len(notes),
        "first_quarter": first,
        "last_quarter": last,
        "grown_percent": {
            key: round(100 * (last[key] / first[key] - 1), 1) for key in first if first[key]
        },
        "closed_cleanly": report.clean,
        "leaks": report.leaks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        own_worker(Path(folder))
        print(json.dumps(soak(options.minutes, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
