"""A second canvas of another shape (OBS 31.1 and later), with scenes that only it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.obs.conftest import running_obs
from tests.obs.stage import (
    BACKDROP,
    CAMERA,
    SCENE,
    SECRET,
    Image,
    Stage,
    person,
    room_pixels,
    wait_for,
)
from vb_demo.obs_session import SCRIPT
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID

SIZE = (640, 360)
CANVAS, TALL, OTHER = "Upright", "Tall", "Other"
LABEL = f"{CANVAS}: {TALL}"
OWN, OWN_BGR = 0xFFC02010, (192, 32, 16)  # OBS's 0xAABBGGRR
COVER, COVER_BGR = 0xFF3232C8, (50, 50, 200)
CANVAS_SCRIPT = Path(__file__).resolve().parent / "scripts" / "canvas.py"
pytestmark = pytest.mark.versions


class Tall:
    """The canvas's scene, which requests address by its UUID."""

    def __init__(self, stage: Stage, uuid: str, truth: Image) -> None:
        self.stage, self.uuid, self.truth = stage, uuid, truth

    def request(self, name: str, **data: Any) -> dict[str, Any]:
        return self.stage.obs.request(name, {"sourceUuid": self.uuid, **data})

    def filters(self) -> list[dict[str, Any]]:
        return list(self.request("GetSourceFilterList")["filters"])

    def shot(self) -> Image:
        path = self.stage.folder / "tall.png"
        self.request("SaveSourceScreenshot", imageFormat="png", imageFilePath=str(path))
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert image is not None
        return np.asarray(image[: SIZE[1]], np.uint8)

    def room(self) -> int:
        shot = self.shot()
        return room_pixels(shot[:, :, :3], self.truth[:, : shot.shape[1]], 24)

    def background(self) -> list[int]:
        """Return the median colour where the background is."""
        seen = self.shot()[120:180, 20:80, :3].reshape(-1, 3)
        return [int(value) for value in np.median(seen, axis=0)]


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tall]:
    folder = tmp_path_factory.mktemp("canvas")
    with running_obs(
        folder, width=SIZE[0], height=SIZE[1], scripts=((SCRIPT, {}), (CANVAS_SCRIPT, {})),
        environment={"CANVAS_FOLDER": str(folder)},
    ) as stage:  # fmt: skip
        if tuple(map(int, stage.obs.request("GetVersion")["obsVersion"].split(".")[:2])) < (31, 1):
            pytest.skip("this OBS has one canvas")
        picture, truth = person(size=SIZE, room=SECRET)
        stage.picture(CAMERA, picture)
        stage.add_filter(
            background="color", background_color=BACKDROP, cover="color", cover_color=COVER
        )
        stage.wait_for_mask()
        stage.obs.request("CreateScene", {"sceneName": OTHER})
        stage.expected.append(f"{LABEL} ")  # the sentences that answer requests
        yield Tall(stage, _ask(stage, f"{CANVAS}\n{TALL}\n{CAMERA}"), truth)
        # OBS is closed with the canvas there: it must end as well as without.


def _ask(stage: Stage, wish: str) -> str:
    (stage.folder / "go.new").write_text(wish)
    (stage.folder / "go.new").rename(stage.folder / "go")
    for name in (OTHER, SCENE):
        stage.obs.request("SetCurrentProgramScene", {"sceneName": name})
    made = stage.folder / "made"
    wait_for(made.exists, 20, "the canvas")
    text = made.read_text()
    made.unlink()
    return text


def test_the_lists_name_its_scenes(tall: Tall) -> None:
    segment = tall.stage.obs.segment()
    wait_for(lambda: LABEL.encode() in segment.scene_names.split(b"\n"), 5, "its scene's name")
    assert SCENE.encode() in segment.scene_names.split(b"\n")


def test_its_scene_has_a_background_of_its_own(tall: Tall) -> None:
    tall.stage.settle()
    assert tall.room() == 0
    assert tall.background() == pytest.approx([60, 180, 60], abs=4)  # the camera's
    tall.stage.obs.ask("own_scene", LABEL)
    wait_for(tall.filters, 10, "the scene's filter")
    (own,) = tall.filters()
    assert own["filterKind"] == SCENE_FILTER_ID
    values = {"background": "color", "background_color": OWN}
    tall.request(
        "SetSourceFilterSettings", filterName=own["filterName"], filterSettings=values
    )  # fmt: skip
    wait_for(lambda: tall.background() == pytest.approx(OWN_BGR, abs=4), 10, "its background")
    assert tall.room() == 0
    tall.stage.obs.ask("default_scene", LABEL)
    wait_for(lambda: not tall.filters(), 10, "the scene without a filter")
    wait_for(lambda: tall.background() == pytest.approx([60, 180, 60], abs=4), 10, "the camera's")


def test_panic_covers_its_scene(tall: Tall) -> None:
    press = tall.stage.obs.request

    def covered() -> bool:
        distance = np.abs(tall.shot()[..., :3].astype(int) - COVER_BGR).max(axis=2)
        return bool((distance < 8).mean() > 0.99)

    press("TriggerHotkeyByName", {"hotkeyName": "virtual_background.panic"})
    wait_for(covered, 10, "the cover")
    press("TriggerHotkeyByName", {"hotkeyName": "virtual_background.panic"})
    wait_for(lambda: tall.background() == pytest.approx([60, 180, 60], abs=4), 10, "the camera's")
    assert tall.room() == 0


def _active(tall: Tall) -> Callable[[], Any]:
    def active() -> Any:
        kept = tall.request("GetSourceFilter", filterName="On the scene")["filterSettings"]
        return kept.get("active", True)

    return active


def test_hotkeys_reach_a_filter_on_its_scene(tall: Tall) -> None:
    tall.request(
        "CreateSourceFilter", filterName="On the scene", filterKind=FILTER_ID, filterSettings={}
    )
    press = tall.stage.obs.request
    active = _active(tall)
    press("TriggerHotkeyByName", {"hotkeyName": "virtual_background.toggle"})
    wait_for(lambda: not active(), 10, "it switched off")
    press("TriggerHotkeyByName", {"hotkeyName": "virtual_background.toggle"})
    wait_for(active, 10, "it switched on")
    tall.request("RemoveSourceFilter", filterName="On the scene")
