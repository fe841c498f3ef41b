"""A camera in the torture that one filter must always keep private, and looks at what it shows.

Its room is of one secret colour. Whatever else happens, its own filter has a plain colour as
background and as cover; so no picture of the camera may have the room's colour.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.obs.stage import BACKDROP, SECRET, Stage, person, room_pixels
from vb_demo.errors import ObsError

SIZE = (640, 360)
SHAPES = ((640, 360), (320, 240), (1281, 723))
MARGIN = 24  # pixels of SIZE around the person
PRIVATE: dict[str, Any] = {
    "background": "color",
    "background_color": BACKDROP,
    "cover": "color",
    "cover_color": 0xFF3232C8,
}


class SecretCamera:
    """Looks at the input ``name``; ``looks`` counts how often."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name
        self._allowed = np.zeros(SIZE[::-1], np.uint8)
        self.looks = 0

    def pictures(self) -> list[Path]:
        """Write what the camera may see, in several shapes."""
        files = []
        for number, shape in enumerate(SHAPES):
            picture, alpha = person(float(number), SIZE, SECRET)
            self._allowed |= alpha
            scaled = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
            files.append(self._stage.save(f"secret{number}", np.asarray(scaled, np.uint8)))
        return files

    def look(self) -> None:
        """Fail if the camera's picture has the room in it. It is gone at times."""
        asked = {
            "sourceName": self._name, "imageFormat": "png",
            "imageWidth": SIZE[0] // 2, "imageHeight": SIZE[1] // 2,
        }  # fmt: skip
        try:
            answer = self._stage.obs.request("GetSourceScreenshot", asked)
        except ObsError:
            if not self._stage.obs.running:
                raise
            return
        raw = base64.b64decode(answer["imageData"].split(",", 1)[1])
        image = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        shown = np.asarray(image, np.uint8)
        found = room_pixels(shown, self._allowed, MARGIN)
        if found:
            cv2.imwrite(str(self._stage.folder / "room.png"), shown)
        assert found == 0, f"{found} pixels of the room are seen (room.png)"
        self.looks += 1
