"""From the release archive to the first mask, in OBS's own windows and by mouse alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests import release
from tests.by_hand import desk, scripts_window
from tests.by_hand.hand import Hand
from tests.by_hand.panel import Panel
from tests.by_hand.windows import Windows
from tests.obs.conftest import running_obs, worker_pids
from tests.obs.secret_room import MARGIN, MIXED, SIZE
from tests.obs.stage import CAMERA, SECRET, Image, Stage, frames_of, person, wait_for
from vb_link import texts

pytestmark = [
    pytest.mark.skipif(bool(desk.missing()), reason=desk.missing() or "all is there"),
    pytest.mark.timeout(900),
]
ENGLISH = texts.load("en-US")
SCRIPT = Path("obs_script", "virtual_background.py")
STRIPE = 4  # pixels: blurred, the stripes of the room are one grey
EDGE = 40  # pixels


def striped_room() -> Image:
    """Return a camera's picture whose room has the secret colour, but none once it is blurred."""
    picture, alpha = person(0.0, SIZE, SECRET)
    column = np.arange(SIZE[0])
    # A blur takes what lies outside the picture to be as its edge is, which is one stripe.
    at_edge = np.minimum(column, SIZE[0] - column) < EDGE
    stripes = (column // STRIPE % 2 == 0) | at_edge
    picture[(alpha == 0) & stripes[None, :]] = (0, 0, 255)
    return picture


def room_in(frame: Image) -> int:
    """Count the pixels of the secret colour that are not near the person."""
    kernel = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
    near = cv2.dilate((person(0.0, SIZE)[1] > 0).astype(np.uint8), kernel) > 0
    blue, green, red = (frame[..., index].astype(int) for index in range(3))
    return int(((np.minimum(blue, green) - red > MIXED) & ~near).sum())


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """The unpacked release, in a folder as users have them."""
    folder = tmp_path / "My Downloads フォルダー"
    folder.mkdir()
    product = release.unpack(folder)
    release.take_packages_from(tmp_path / "wheels", product)
    return product


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a user who has nothing yet."""
    return tmp_path / "data"


@pytest.fixture
def at_obs(tmp_path: Path, data: Path) -> Iterator[tuple[Stage, Panel]]:
    """An OBS without scripts, and its open window Tools > Scripts."""
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels"),
           "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1",
           "PIP_NO_COMPILE": "1"}  # fmt: skip
    folder = tmp_path / "obs"
    folder.mkdir()
    with (
        desk.desk() as place,
        running_obs(
            folder, width=SIZE[0], height=SIZE[1], scripts=(), preview=False,
            environment={**place.environment, **pip, "OBS_VIRTUAL_BACKGROUND_DATA": str(data)},
        ) as stage,
    ):  # fmt: skip
        stage.may_say_anything()
        hand, windows = Hand(place), Windows(place, stage.obs.pid)
        version = stage.obs.request("GetVersion")["obsVersion"]
        anywhere = int(version.split(".")[0]) >= 30
        panel = scripts_window.open_window(hand, windows, "en-US", anywhere=anywhere)
        yield stage, panel


def _press(panel: Panel, key: str) -> None:
    """Press a button once it can be pressed."""
    window, field = panel.reach(ENGLISH[key], "push button")
    assert "ENABLED" in field.states, window
    panel.hand.click(field.middle)


def _says(panel: Panel, words: str) -> bool:
    """Whether a line of the panel has these words, wherever it is broken."""
    said = [label.name for label in panel.window().find("label")]
    return any(words in " ".join(text.split()) for text in said)


def test_from_the_archive_to_the_first_mask_by_mouse(
    at_obs: tuple[Stage, Panel], product: Path, data: Path
) -> None:
    stage, panel = at_obs
    stage.picture(CAMERA, striped_room())
    scripts_window.add(panel, product / SCRIPT)
    wait_for(lambda: _says(panel, "Not set up yet"), 20, "the panel that says what is missing")
    assert not data.exists() and not worker_pids(stage.obs.pid)
    with stage.obs.recording() as files:
        wait_for(lambda: stage.obs.request("GetRecordStatus")["outputDuration"] > 300, 10, "frames")
        _press(panel, "Panel.SetUp")
        wait_for(lambda: _says(panel, "%"), 20, "the bar")
        _press(panel, "Panel.Add")
        stage.wait_for_mask(seconds=100)
        assert worker_pids(stage.obs.pid)
    seen = [room_in(frame) for frame in frames_of(files[0])]
    first = next(index for index, count in enumerate(seen) if not count)
    assert seen[0] and first > 3, "the test would not notice"
    assert max(seen[first:]) == 0, "the room is seen after the filter was added"
    filters = stage.obs.request("GetSourceFilterList", {"sourceName": CAMERA})["filters"]
    assert [each["filterName"] for each in filters] == [ENGLISH["FilterName"]]
    # Escape closes the window of the filters; the panel then has the rows that come after.
    panel.hand.keys("Escape")
    wait_for(lambda: len(panel.windows.read()) == 1, 20, "the scripts' window alone")
    wait_for(lambda: "[virtual background] Set up" in stage.obs.log(), 60, "the end of it")
    _press(panel, "Refresh")
    wait_for(lambda: _says(panel, "keep that folder"), 20, "what it says in the end")
    texts_now = [row.text for row in panel.rows()]
    assert ENGLISH["Panel.Check"] in texts_now and ENGLISH["Panel.SetUp"] not in texts_now
    assert not (data / "app").exists() and (data / "venv" / "complete.json").is_file()
