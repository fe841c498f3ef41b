"""Makes the README's pictures of its features: ``python -m tests.feature_pictures FOLDER``.

A real OBS draws each of them from the sample clip's picture, as the demo does; ``obs_script`` has
to be on the path.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.unit import two_people
from vb_demo import backdrop, clip
from vb_demo.obs_session import ObsSession
from vb_link import folders, layout
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID

Image = npt.NDArray[np.uint8]
SIZE = (1280, 720)
SHOWN, GAP = (400, 225), 4
CAMERA, FILTER, SIGN, SCENE = "Camera", "Virtual Background", "Sign", "Scene"
DESK = "Desk"
OFF = {
    "person": "all", "behind_source": "", "front_source": "", "light_wrap": 0.0, "match": 0.0,
    "shadow": 0.0, "decontaminate": 0.0, "timing": "latest",
}  # fmt: skip


class Painter:
    """One OBS with a camera and our filter, and the pictures made of it."""

    def __init__(self, obs: ObsSession, folder: Path) -> None:
        self.obs, self.folder = obs, folder
        self.scratch = obs.folder
        beach = self.scratch / "beach.png"
        backdrop.main([str(beach)])
        self.beach = str(beach)

    def prepare(self) -> None:
        """Put a camera, a sign and a second scene into OBS."""
        still = self._write("one.png", clip.frame(1.0, *SIZE)[0])
        self.obs.add_input(SCENE, CAMERA, "image_source", {"file": still})
        self.obs.add_filter(CAMERA, FILTER, FILTER_ID, {"governor": "off", "quality": "best"})
        self.obs.request("CreateScene", {"sceneName": "Sign's scene"})
        sign = {"text": "LIVE", "font": {"face": "DejaVu Sans", "style": "Bold", "size": 340}}
        self.obs.add_input("Sign's scene", SIGN, "text_ft2_source_v2", sign, fit=False)
        self.obs.request("CreateScene", {"sceneName": DESK})
        self.obs.request("CreateSceneItem", {"sceneName": DESK, "sourceName": CAMERA})
        self.obs.add_filter(DESK, "Own", SCENE_FILTER_ID, {"background": "blur"})

    def draw(self, scene: str = SCENE, **settings: Any) -> Image:
        """Return what OBS shows of a scene with these settings, BGR uint8."""
        self.obs.request("SetCurrentProgramScene", {"sceneName": scene})
        chosen = {**OFF, "background": "image", "background_image": self.beach, **settings}
        self.obs.set_filter(CAMERA, FILTER, chosen)
        time.sleep(4.0)
        deadline = time.monotonic() + 20
        while not any(
            channel.used and channel.state == layout.STATE_MASK
            for channel in self.obs.segment().channels
        ):
            if time.monotonic() > deadline:
                raise SystemExit("No mask came within 20 seconds.")
            time.sleep(0.1)
        path = self.obs.screenshot(scene, self.scratch / "shot.png", *SIZE)
        return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), np.uint8)

    def save(self, name: str, *pictures: Image) -> None:
        """Write pictures side by side."""
        small = [cv2.resize(picture, SHOWN, interpolation=cv2.INTER_AREA) for picture in pictures]
        line = np.full((SHOWN[1], GAP, 3), 255, np.uint8)
        parts = [part for picture in small for part in (line, picture)][1:]
        quality = [cv2.IMWRITE_JPEG_QUALITY, 90]
        cv2.imwrite(str(self.folder / f"{name}.jpg"), np.concatenate(parts, axis=1), quality)

    def show_people(self) -> None:
        stands = two_people.Stand(0.2, 0.8), two_people.Stand(0.72, 0.9)
        both = two_people.draw(*stands, width=SIZE[0], height=SIZE[1])[0]
        path = self._write("two.png", np.asarray(both[..., ::-1], np.uint8))
        self.obs.request("SetInputSettings", {"inputName": CAMERA, "inputSettings": {"file": path}})

    def _write(self, name: str, picture: Image) -> str:
        path = self.scratch / name
        cv2.imwrite(str(path), picture)
        return str(path)


def layers(painter: Painter) -> None:
    before = painter.draw()
    painter.save("layers", before, painter.draw(behind_source=SIGN, behind_scale=0.9, behind_y=0.3))


def scenes(painter: Painter) -> None:
    painter.save("scenes", painter.draw(), painter.draw(DESK))


def light(painter: Painter) -> None:
    lit: dict[str, Any] = {"light_wrap": 0.35, "match": 0.3, "shadow": 0.5, "decontaminate": 0.0}
    painter.save("light", painter.draw(), painter.draw(**lit))


def people(painter: Painter) -> None:
    painter.show_people()
    painter.save("people", painter.draw(), painter.draw(person="largest"))


PICTURES: tuple[Callable[[Painter], None], ...] = (layers, scenes, light, people)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as scratch:
        (Path(data) / "venv").symlink_to(sys.prefix)
        os.environ[folders.DATA_VARIABLE] = data
        session = ObsSession(Path(scratch), width=SIZE[0], height=SIZE[1])
        session.start()
        try:
            painter = Painter(session, folder)
            painter.prepare()
            for picture in PICTURES:
                picture(painter)
        finally:
            session.stop()


if __name__ == "__main__":
    main()
