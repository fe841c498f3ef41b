"""Undo and redo in OBS's window keep cameras private, and leave what our buttons did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.obs import window_menu
from tests.obs.conftest import running_obs
from tests.obs.stage import (
    BACKDROP,
    CAMERA,
    FILTER,
    SCENE,
    SECRET,
    Image,
    Stage,
    person,
    room_pixels,
    wait_for,
)
from tests.obs.window_menu import REDO, UNDO, press, select
from vb_demo.obs_session import SCRIPT
from vb_link.settings import FILTER_ID, LOCK, SCENE_FILTER_ID

SIZE = (640, 360)
SECOND = "Second"
PRIVATE: dict[str, Any] = {
    "background": "color",
    "background_color": BACKDROP,
    "cover": "color",
    "cover_color": 0xFFC86432,
}
ROUNDS = 5
pytestmark = pytest.mark.versions


class Cameras:
    """Two cameras that see the secret room: the first with our filter, locked."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        picture, self.truth = person(size=SIZE, room=SECRET)
        self.items = {name: stage.picture(name, picture) for name in (CAMERA, SECOND)}
        stage.add_filter(**PRIVATE, lock=True)
        wait_for(lambda: self.names(CAMERA) == sorted((FILTER, LOCK)), 10, "the lock")
        stage.wait_for_mask()

    def names(self, source: str) -> list[str]:
        found = self.stage.obs.request("GetSourceFilterList", {"sourceName": source})["filters"]
        return sorted(item["filterName"] for item in found)

    def do(self, *commands: str) -> None:
        assert press(self.stage.obs, *commands) == ""

    def room(self, source: str) -> int:
        shot: Image = self.stage.shot(source)[..., :3]
        return room_pixels(shot, self.truth, 24)

    def rotation(self) -> float:
        of_item = {"sceneName": SCENE, "sceneItemId": self.items[CAMERA]}
        answer = self.stage.obs.request("GetSceneItemTransform", of_item)
        return float(answer["sceneItemTransform"]["rotation"])


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cameras]:
    folder = tmp_path_factory.mktemp("undo")
    with running_obs(
        folder, width=SIZE[0], height=SIZE[1], scripts=((SCRIPT, {}), (window_menu.SCRIPT, {})),
        environment={window_menu.FOLDER_VARIABLE: str(folder)},
    ) as stage:  # fmt: skip
        yield Cameras(stage)


def test_pasted_filters_come_and_go_without_the_room(cameras: Cameras) -> None:
    assert cameras.room(SECOND) > 5000, "there is nothing to hide"
    cameras.do(select(CAMERA), window_menu.COPY_FILTERS)
    cameras.do(select(SECOND), window_menu.PASTE_FILTERS)
    pasted = sorted((FILTER, LOCK))
    wait_for(lambda: cameras.names(SECOND) == pasted, 10, "the pasted filters")
    for _ in range(ROUNDS):
        assert cameras.room(SECOND) == 0
        cameras.do(UNDO)
        wait_for(lambda: cameras.names(SECOND) == [], 10, "the undo")
        cameras.do(REDO)
        wait_for(lambda: FILTER in cameras.names(SECOND), 10, "the redo")
        assert cameras.room(SECOND) == 0
        wait_for(lambda: cameras.names(SECOND) == pasted, 10, "the lock")
        assert cameras.room(CAMERA) == 0
    cameras.stage.wait_for_mask(2)
    cameras.stage.set_filter(SECOND, lock=False)
    wait_for(lambda: cameras.names(SECOND) == [FILTER], 10, "the lock gone")
    cameras.do(UNDO)
    wait_for(lambda: cameras.names(SECOND) == [], 10, "the undo without the lock")
    cameras.do(REDO)
    wait_for(lambda: cameras.names(SECOND) == pasted, 10, "the filters of then")
    assert cameras.room(SECOND) == 0
    cameras.do(UNDO)
    wait_for(lambda: len(cameras.stage.channels()) == 1, 10, "the channel given back")


def _has(cameras: Cameras, kind: str, source: str) -> Callable[[], bool]:
    def there() -> bool:
        asked = {"sourceName": source}
        found = cameras.stage.obs.request("GetSourceFilterList", asked)["filters"]
        return any(item["filterKind"] == kind for item in found)

    return there


def test_what_our_buttons_did_stays_when_other_things_are_undone(
    cameras: Cameras, tmp_path: Path
) -> None:
    stage = cameras.stage
    scene_filter = _has(cameras, SCENE_FILTER_ID, SCENE)
    with stage.anything_said():
        cameras.do(select(CAMERA), window_menu.ROTATE)
        wait_for(lambda: cameras.rotation() == 90, 10, "the rotation")
        preset = tmp_path / "preset.json"
        stage.obs.ask("save_preset", CAMERA, FILTER, str(preset))
        wait_for(preset.exists, 10, "the preset")
        stage.set_filter(softness=0.9)
        stage.obs.ask("load_preset", CAMERA, FILTER, str(preset))
        softness = _setting(stage, "softness", 0.5)
        wait_for(lambda: softness() == pytest.approx(0.5), 10, "the preset's value")
        stage.obs.ask("own_scene", SCENE)
        wait_for(scene_filter, 10, "the scene's filter")
        stage.set_filter(SECOND if FILTER in cameras.names(SECOND) else CAMERA, lock=True)
        for _ in range(ROUNDS):
            cameras.do(UNDO)
            wait_for(lambda: cameras.rotation() == 0, 10, "the undo")
            assert scene_filter()
            assert cameras.names(CAMERA) == sorted((FILTER, LOCK))
            assert softness() == pytest.approx(0.5)
            cameras.do(REDO)
            wait_for(lambda: cameras.rotation() == 90, 10, "the redo")
            assert cameras.room(CAMERA) == 0
        stage.obs.ask("default_scene", SCENE)
        wait_for(lambda: not scene_filter(), 10, "the scene without a filter")
        stage.set_filter(lock=False)
        wait_for(lambda: cameras.names(CAMERA) == [FILTER], 10, "the lock gone")
        cameras.do(UNDO)
        wait_for(lambda: cameras.rotation() == 0, 10, "the undo")
        assert not scene_filter()
        assert cameras.names(CAMERA) == [FILTER]
        assert cameras.room(CAMERA) == 0


def _setting(stage: Stage, key: str, default: float) -> Callable[[], float]:
    def value() -> float:
        asked = {"sourceName": CAMERA, "filterName": FILTER}
        return float(
            stage.obs.request("GetSourceFilter", asked)["filterSettings"].get(key, default)
        )

    return value


def test_a_filter_of_ours_is_there_once(cameras: Cameras) -> None:
    found = cameras.stage.obs.request("GetSourceFilterList", {"sourceName": CAMERA})["filters"]
    assert [item["filterKind"] for item in found].count(FILTER_ID) == 1
