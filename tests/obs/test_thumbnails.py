"""The Add Source window (OBS 32.2 and later) shows pictures of the sources that are there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.obs import screen, window_menu
from tests.obs.secret_room import COVER_BGR, SETTINGS, SIZE, in_the_room
from tests.obs.stage import BACKDROP_BGR, CAMERA, FILTER, Image, wait_for
from vb_demo.obs_session import SCRIPT
from vb_link.settings import FILTER_ID

OTHER = "Empty"
LOOK_SECONDS = 6.0
pytestmark = pytest.mark.versions


def _shown(picture: Image) -> int:
    """Count the pixels of the background and of the cover: OBS draws a thumbnail all 5 seconds."""
    pixels = picture.astype(int)
    near = [np.abs(pixels - bgr).max(axis=2) < 12 for bgr in (BACKDROP_BGR, COVER_BGR)]
    return int((near[0] | near[1]).sum())


def test_a_camera_s_thumbnail_shows_no_room(start_obs: Callable[..., Any], tmp_path: Path) -> None:
    with start_obs(
        width=SIZE[0], height=SIZE[1], scripts=((SCRIPT, {}), (window_menu.SCRIPT, {})),
        environment={window_menu.FOLDER_VARIABLE: str(tmp_path)},
    ) as stage:  # fmt: skip
        version = stage.obs.request("GetVersion")["obsVersion"]
        if tuple(map(int, version.split(".")[:2])) < (32, 2):
            pytest.skip("this OBS's Add Source window has no pictures")
        display = stage.obs.display_name
        stage.obs.request("CreateScene", {"sceneName": OTHER})
        stage.obs.request("SetCurrentProgramScene", {"sceneName": OTHER})
        stage.picture(CAMERA, in_the_room())  # never on program
        stage.obs.add_filter(CAMERA, FILTER, FILTER_ID, {**SETTINGS, "governor": "off"})
        assert _shown(screen.picture(display)) == 0
        assert window_menu.press(stage.obs, "trigger actionAddSource") == ""
        seen: list[int] = []

        def shows_the_camera() -> bool:
            picture = screen.picture(display)
            seen.append(screen.room_in(picture))
            return _shown(picture) > 100

        wait_for(shows_the_camera, 60, "the camera's thumbnail")
        end = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            assert shows_the_camera()
        assert max(seen) == 0
        # Without the filter the window shows what there is to hide.
        stage.obs.request("RemoveSourceFilter", {"sourceName": CAMERA, "filterName": FILTER})
        wait_for(lambda: screen.room_in(screen.picture(display)) > 100, 60, "the room")
