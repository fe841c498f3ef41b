"""What is seen after cuts to a camera that was not drawn, as JSON, for both timings.

``python -m tests.bench.cuts [--cuts N] [--layers N]`` (with the project and ``obs_script`` on the
path). The camera plays pictures that encode their number, and the mask shows the number of the
picture it was made from (``tests.obs.painted``), so each recorded frame reveals whether it is
covered, shows what was cut out before the cut, or has a mask of the camera as it is now.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import obs_cost
from tests.obs import painted
from tests.obs.stage import BACKDROP, CAMERA, FILTER, SCENE, SIZE, Image, frames_of
from vb_demo.obs_session import ObsSession
from vb_link.settings import FILTER_ID

MODEL = "tells_its_number"
ELSEWHERE, GREY, GREY_BGR = "Elsewhere", 0xFF808080, (128, 128, 128)
COVER, COVER_BGR = 0xFFC86432, (200, 100, 50)
NUMBERS = 1 << painted.BITS
SLACK = 2  # pictures that a clip may be off, between its own rate and OBS's
AWAY_SECONDS, SHOWN_SECONDS = 0.6, 0.7
TIMINGS = ("latest", "locked")


@dataclass
class Shot:
    """The frames from one cut to the camera to the next cut away."""

    covered: list[int] = field(default_factory=list)
    shown: dict[int, tuple[int, int]] = field(default_factory=dict)  # numbers: mask's, picture's

    def first_mask(self, delay: int) -> int | None:
        """Return the index of the first frame whose mask is from after the cut, None if none is.

        ``delay``: by how many frames pictures are shown later than they come.
        """
        live = list(self.shown.items())[-5:]
        if not live:
            return None
        # The number that the camera had at the cut, computed from its last pictures.
        begins = [(picture + delay - index) % NUMBERS for index, (_, picture) in live]
        begin = sorted(begins, key=lambda value: (value - begins[0] + NUMBERS // 2) % NUMBERS)
        cut = begin[len(begin) // 2] - SLACK
        for index, (mask, _) in self.shown.items():
            if (mask - cut) % NUMBERS <= max(self.shown) + 2 * SLACK:
                return index
        return None


def _is(frame: Image, bgr: tuple[int, int, int]) -> bool:
    apart = np.abs(frame[::40, ::40].astype(int) - bgr).max(axis=2)
    return float((apart < 24).mean()) > 0.95


def shots(frames: Iterable[Image]) -> list[Shot]:
    """Return what each cut from ``GREY`` to the camera shows, the first one included."""
    found: list[Shot] = []
    away, index = False, 0
    for frame in frames:
        grey = _is(frame, GREY_BGR)
        if away and not grey:
            found.append(Shot())
            index = 0
        if found and not grey:
            if _is(frame, COVER_BGR):
                found[-1].covered.append(index)
            else:
                found[-1].shown[index] = painted.numbers(frame)
            index += 1
        away = grey
    return found


def account(found: list[Shot], delay: int) -> dict[str, Any]:
    """Return the figures of some cuts."""
    firsts = [shot.first_mask(delay) for shot in found]
    known = sorted(first for first in firsts if first is not None)
    histogram = {str(value): known.count(value) for value in sorted(set(known))}
    return {
        "cuts": len(found),
        "covered_frames": sum(len(shot.covered) for shot in found),
        "covered_cuts": sum(bool(shot.covered) for shot in found),
        "cuts_without_mask": firsts.count(None),
        "first_mask_frames": {
            "median": known[len(known) // 2] if known else None,
            "most": known[-1] if known else None,
            "histogram": histogram,
        },
    }


def _cut(session: ObsSession, times: int) -> None:
    for _ in range(times):
        session.request("SetCurrentProgramScene", {"sceneName": ELSEWHERE})
        time.sleep(AWAY_SECONDS)
        session.request("SetCurrentProgramScene", {"sceneName": SCENE})
        time.sleep(SHOWN_SECONDS)


def _measure_timing(session: ObsSession, timing: str, cuts: int) -> dict[str, Any]:
    session.set_filter(CAMERA, FILTER, {"timing": timing})
    time.sleep(2.0)
    before = session.request("GetStats")
    # At the first cut some things were never drawn; a busy OBS starts recording late.
    with session.recording() as files:
        time.sleep(1.0)
        _cut(session, cuts + 1)
    after = session.request("GetStats")
    delay = int(session.link_stats()["delay_frames"]) if timing == "locked" else 0
    first, *rest = shots(frames_of(files[0]))
    files[0].unlink()
    return {
        **account(rest, delay),
        "first_cut_covered_frames": len(first.covered),
        "delay_frames": delay,
        "frames": after["renderTotalFrames"] - before["renderTotalFrames"],
        "skipped": after["renderSkippedFrames"] - before["renderSkippedFrames"],
    }


def measure(folder: Path, cuts: int, layers: int) -> dict[str, Any]:
    """Return the figures of both timings. ``layers``: of the model, some milliseconds each."""
    data = obs_cost.own_worker(folder)
    painted.install_model(data / "models", MODEL, layers)
    video = painted.clip(folder / "numbered.mp4")
    session = ObsSession(folder / "obs", width=SIZE[0], height=SIZE[1], preview=False)
    session.folder.mkdir()
    with session:
        session.request("CreateScene", {"sceneName": ELSEWHERE})
        grey = {"color": GREY, "width": SIZE[0], "height": SIZE[1]}
        session.add_input(ELSEWHERE, "Grey", "color_source_v3", grey, fit=False)
        # It keeps playing while it is not shown, as a camera does.
        clip = {"local_file": str(video), "looping": True, "restart_on_activate": False}
        session.add_input(SCENE, CAMERA, "ffmpeg_source", clip)
        session.add_filter(
            CAMERA, FILTER, FILTER_ID,
            {
                "model": MODEL, "governor": "off", "threshold": 0.5, "softness": 0.0,
                "background": "color", "background_color": BACKDROP,
                "cover": "color", "cover_color": COVER,
                "zone1": "keep", "zone1_left": 0.0, "zone1_top": 0.5,
                "zone1_right": 1.0, "zone1_bottom": 1.0,
            },
        )  # fmt: skip
        session.request("SetCurrentSceneTransition", {"transitionName": "Cut"})
        session.request("SetCurrentProgramScene", {"sceneName": SCENE})
        deadline = time.monotonic() + 60  # the user's models are tried first
        while session.link_stats()["alpha_count"] == 0:
            if time.monotonic() > deadline:
                raise SystemExit(f"There is no mask: {session.link_stats()['status']}")
            time.sleep(0.1)
        return {timing: _measure_timing(session, timing, cuts) for timing in TIMINGS}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=50, help="for each timing, after the first")
    parser.add_argument("--layers", type=int, default=0, help="of the model: more is slower")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), options.cuts, options.layers)
    print(json.dumps(report, indent=2))
    late = any(report[timing]["covered_frames"] for timing in TIMINGS)
    sys.exit(1 if late else 0)


if __name__ == "__main__":
    main()
