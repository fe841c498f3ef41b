"""Frames OBS skips while switching between scenes with their own backgrounds, as JSON.

``python -m tests.bench.scene_switches`` (with the project and ``obs_script`` on the path):
the same cuts between the same two scenes with our filters off and on, and the same time with
them on and no cut, in turns in one OBS.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2

from vb_demo import clip
from vb_demo.obs_session import ObsSession
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID

CAMERA, FILTER, OWN = "Camera", "Virtual Background", "Own background"
SCENES = ("Beach", "Desk")


def _enable(session: ObsSession, enabled: bool) -> None:
    for source, name in ((CAMERA, FILTER), *((scene, OWN) for scene in SCENES)):
        session.request(
            "SetSourceFilterEnabled",
            {"sourceName": source, "filterName": name, "filterEnabled": enabled},
        )


def _cuts(session: ObsSession, count: int, *, cut: bool) -> dict[str, int]:
    before = session.request("GetStats")
    for index in range(count):
        if cut:
            session.request("SetCurrentProgramScene", {"sceneName": SCENES[index % 2]})
        time.sleep(0.25)
    after = session.request("GetStats")
    return {
        "frames": after["renderTotalFrames"] - before["renderTotalFrames"],
        "skipped": after["renderSkippedFrames"] - before["renderSkippedFrames"],
    }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    source = folder / "clip.mp4"
    clip.make_clip(source, width=1280, height=720, fps=30, seconds=4.0)
    session = ObsSession(folder / "obs", preview=False)
    session.folder.mkdir()
    session.start()
    try:
        for index, scene in enumerate(SCENES):
            session.request("CreateScene", {"sceneName": scene})
            image = folder / f"{scene}.png"
            cv2.imwrite(str(image), clip.frame(float(index), 1920, 1080)[0])
            if index == 0:
                session.add_input(
                    scene, CAMERA, "ffmpeg_source", {"local_file": str(source), "looping": True}
                )
            else:
                item = session.request(
                    "CreateSceneItem", {"sceneName": scene, "sourceName": CAMERA}
                )["sceneItemId"]
                session.fit_item(scene, int(item))
            session.add_filter(
                scene, OWN, SCENE_FILTER_ID,
                {"background": "image", "background_image": str(image)},
            )  # fmt: skip
        session.add_filter(CAMERA, FILTER, FILTER_ID, {})
        session.request("SetCurrentSceneTransition", {"transitionName": "Cut"})
        time.sleep(4)
        report: dict[str, Any] = {"switches": options.switches * options.turns}
        for _ in range(options.turns):
            for name, enabled in (("without", False), ("with", True), ("with, no cut", True)):
                _enable(session, enabled)
                time.sleep(1.5)
                turn = _cuts(session, options.switches, cut=name != "with, no cut")
                total = report.setdefault(name, {"frames": 0, "skipped": 0})
                for key, value in turn.items():
                    total[key] += value
        return report
    finally:
        session.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=25, help="cuts a turn")
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(options, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
