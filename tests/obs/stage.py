"""What the tests show in a real OBS and how they look at it.

The person is the sample photograph with its exact alpha; the room is drawn, or one flat secret
colour, so that a pixel of the room is recognised wherever it turns up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from vb_demo import clip
from vb_demo.errors import ObsError
from vb_demo.obs_session import COLLECTION, SCRIPT, ObsSession
from vb_link import layout
from vb_link.settings import FILTER_ID

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

SECRET = (255, 255, 0)  # BGR; nothing of the person comes near it
BACKDROP = 0xFF3CB43C  # OBS's 0xAABBGGRR: a green no picture here holds
BACKDROP_BGR = (60, 180, 60)
SCENE = "Scene"
GONE = "Gone"  # begins the name of what an earlier test had on the stage
CAMERA, FILTER = "Camera", "Virtual Background"
SIZE = (1280, 720)
OURS = "[virtual background]"  # in each line of ours in OBS's log
COVERED_AGAIN = 5  # how often the cover may come back before masks last
PATIENCE = 4  # how many times slower a busy computer may be


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until ``condition`` holds and return what it gave.

    ``seconds``: what it may take on a computer that has nothing else to do.
    """
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def person(
    t: float = 0.0, size: tuple[int, int] = SIZE, room: tuple[int, int, int] | None = None
) -> tuple[Image, Image]:
    """Return (BGR picture, true alpha), both uint8."""
    return clip.frame(t, *size, room_color=room)


def iou(a: Mask, b: Mask) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


def room_pixels(picture: Image, alpha: Image, margin: int) -> int:
    """Count pixels of the secret colour farther than ``margin`` pixels from the person."""
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    allowed = cv2.dilate((alpha > 0).astype(np.uint8), kernel)
    if allowed.shape != picture.shape[:2]:
        allowed = cv2.resize(allowed, picture.shape[1::-1])
    low, high = (np.clip(np.array(SECRET) + sign * 79, 0, 255) for sign in (-1, 1))
    secret = cv2.inRange(np.ascontiguousarray(picture[..., :3]), low, high)
    return int(
        cv2.countNonZero(cv2.bitwise_and(secret, secret, mask=(allowed == 0).astype(np.uint8)))
    )


def frames_of(path: Path) -> list[Image]:
    """Return all frames of a recording, BGR."""
    with av.open(str(path)) as container:
        return [
            np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            for frame in container.decode(video=0)
        ]


def item_of(name: str) -> dict[str, Any]:
    """Return a scene item of a source, as a scene collection holds it."""
    return {
        "name": name,
        "id": 1,
        "visible": True,
        "pos": {"x": 0.0, "y": 0.0},
        "scale": {"x": 1.0, "y": 1.0},
        "align": 5,
    }


def write_collection(
    folder: Path, sources: list[dict[str, Any]], groups: list[dict[str, Any]]
) -> None:
    """Write the scene collection that an OBS in ``folder`` will find; ``SCENE`` is shown."""
    collection = {
        "name": COLLECTION,
        "current_scene": SCENE,
        "current_program_scene": SCENE,
        "scene_order": [{"name": SCENE}],
        "sources": sources,
        "groups": groups,
        "modules": {"scripts-tool": [{"path": str(SCRIPT), "settings": {}}]},
    }
    scenes = folder / "config" / "obs-studio" / "basic" / "scenes"
    scenes.mkdir(parents=True)
    (scenes / f"{COLLECTION.replace(' ', '_')}.json").write_text(json.dumps(collection))


class Stage:
    """One running OBS with one scene."""

    def __init__(self, session: ObsSession) -> None:
        self.obs = session
        self.folder = session.folder
        self.expected: list[str] = []  # parts of log lines, ours and graphics', that a test causes
        self._shots = self._gone = 0

    def may_say_anything(self) -> None:
        """Expect any of our log lines until OBS ends, except faults in our code."""
        self.expected.append(OURS)

    @contextmanager
    def anything_said(self) -> Iterator[None]:
        """Expect any of our log lines during the block, except faults in our code."""
        before = set(self.obs.log().splitlines())
        yield
        after = set(self.obs.log().splitlines())
        self.expected += [line for line in after - before if OURS in line]

    def clear(self) -> None:
        """Remove all filters, hide and rename what is on the stage.

        Inputs are not removed: OBS 29 and 30 by themselves, with no script and a stock filter,
        free a scene item twice in about one of thirty removals through obs-websocket.
        """
        items = self.obs.request("GetSceneItemList", {"sceneName": SCENE})["sceneItems"]
        for item in items:
            name = item["sourceName"]
            if name.startswith(GONE):
                continue
            filters = self.obs.request("GetSourceFilterList", {"sourceName": name})["filters"]
            for filter_ in filters:
                self.obs.request(
                    "RemoveSourceFilter", {"sourceName": name, "filterName": filter_["filterName"]}
                )
            self.obs.request(
                "SetSceneItemEnabled",
                {
                    "sceneName": SCENE,
                    "sceneItemId": item["sceneItemId"],
                    "sceneItemEnabled": False,
                },
            )
            self._gone += 1
            self.obs.request(
                "SetInputName", {"inputName": name, "newInputName": f"{GONE} {self._gone}"}
            )
        wait_for(lambda: not self.channels(), 5, "removed filters gave their channels back")

    def hide_media(self) -> None:
        """Hide the media sources of all scenes; nothing where OBS is gone."""
        try:
            scenes = self.obs.request("GetSceneList")["scenes"]
            for scene in scenes:
                name = scene["sceneName"]
                for item in self.obs.request("GetSceneItemList", {"sceneName": name})["sceneItems"]:
                    if item["inputKind"] == "ffmpeg_source":
                        self.obs.request(
                            "SetSceneItemEnabled",
                            {
                                "sceneName": name,
                                "sceneItemId": item["sceneItemId"],
                                "sceneItemEnabled": False,
                            },
                        )
        except ObsError:
            return

    # Sources

    def picture(self, name: str, image: Image, scene: str = SCENE) -> int:
        """Show a still picture as a source."""
        return self.obs.add_input(
            scene, name, "image_source", {"file": str(self.save(name, image))}
        )

    def save(self, name: str, image: Image) -> Path:
        path = self.folder / f"{name}-{time.monotonic_ns()}.png"
        cv2.imwrite(str(path), image)
        return path

    def backdrop(self) -> None:
        """Put a flat green behind what comes after."""
        width, height = self.obs.size
        self.obs.add_input(
            SCENE, "Backdrop", "color_source_v3",
            {"color": BACKDROP, "width": width, "height": height}, fit=False,
        )  # fmt: skip

    def add_filter(self, source: str = CAMERA, name: str = FILTER, **settings: Any) -> None:
        # A busy machine must not change what a test looks at.
        self.obs.add_filter(source, name, FILTER_ID, {"governor": "off", **settings})

    def set_filter(self, source: str = CAMERA, name: str = FILTER, **settings: Any) -> None:
        self.obs.set_filter(source, name, settings)

    # What is to be seen

    def shot(self, source: str = SCENE, size: tuple[int, int] = (0, 0)) -> Image:
        """Return a screenshot, BGRA uint8."""
        self._shots += 1
        path = self.folder / f"shot{self._shots:04}.png"
        self.obs.screenshot(source, path, *size)
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert image is not None
        if image.shape[2] == 3:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
        return np.asarray(image, np.uint8)

    # What the link says

    def channels(self) -> list[Any]:
        """Return the channels in use."""
        return [channel for channel in self.obs.segment().channels if channel.used]

    def wait_for_mask(self, count: int = 1, seconds: float = 20.0) -> None:
        """Wait until ``count`` filters draw with a mask, if possible for some frames on end."""

        def drawn() -> bool:
            states = [channel.state for channel in self.channels()]
            return states.count(layout.STATE_MASK) >= count

        for _ in range(COVERED_AGAIN):
            wait_for(drawn, seconds, f"{count} filter(s) drawing with a mask")
            lasts = time.monotonic() + 0.25
            while drawn() and time.monotonic() < lasts:
                time.sleep(0.01)
            if drawn():
                return

    def wait_frames(self, frames: int) -> None:
        """Wait until OBS has drawn ``frames`` more frames; skipped ones do not count."""
        end = self._drawn() + frames
        wait_for(lambda: self._drawn() >= end, 90, f"{frames} more frames")

    def settle(self, frames: int = 4) -> None:
        """Wait for a change: on a first draw shaders are compiled, then the cover may be shown."""
        self.wait_frames(frames)
        self.wait_for_mask()

    def _drawn(self) -> int:
        stats = self.obs.request("GetStats")
        return int(stats["renderTotalFrames"] - stats["renderSkippedFrames"])
