"""Plugins that people use beside this one, in one OBS: source clones, a downstream keyer, a scene
switcher and a scene collection manager. No room is shown, and OBS closes cleanly."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.obs import plugins
from tests.obs.conftest import running_obs
from tests.obs.secret_room import MARGIN, SETTINGS, SIZE, SecretRoom, in_the_room
from tests.obs.stage import (
    BACKDROP_BGR,
    CAMERA,
    FILTER,
    SCENE,
    Image,
    item_of,
    person,
    wait_for,
    write_collection,
)
from vb_demo.errors import ObsError
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID

BEACH, DESK, TITLE, COPY = "Beach", "Desk", "Title scene", "Copy"
COLORS = {BEACH: 0xFFC02010, DESK: 0xFF1020C0, TITLE: 0xFF901090}  # OBS's 0xAABBGGRR
BGR = {BEACH: (192, 32, 16), DESK: (16, 32, 192), TITLE: (144, 16, 144)}
LEAKS = 8  # in OBS's log with these plugins after one switch by the manager, with us or without
SMALL = 4  # how many times smaller than the canvas the title's camera and the copy are
WIDTH, HEIGHT = SIZE[0] // SMALL, SIZE[1] // SMALL


def _source(kind: str, name: str, settings: dict[str, Any], *filters: Any) -> dict[str, Any]:
    own = [
        {"id": of, "versioned_id": of, "name": FILTER, "settings": values} for of, values in filters
    ]
    return {
        "id": kind, "versioned_id": kind, "name": name, "settings": settings, "filters": own,
        "enabled": True,
    }  # fmt: skip


def _scene(name: str, *items: dict[str, Any]) -> dict[str, Any]:
    numbered = [{**item, "id": number} for number, item in enumerate(items, 1)]
    filters = []
    if name in COLORS:
        filters = [
            (SCENE_FILTER_ID, {"background": "color", "background_color": COLORS[name]})
        ]  # fmt: skip
    return _source("scene", name, {"items": numbered, "id_counter": len(items)}, *filters)


def _small(name: str, x: int, y: int) -> dict[str, Any]:
    scale = {"x": 1 / SMALL, "y": 1 / SMALL}
    return {**item_of(name), "pos": {"x": float(x), "y": float(y)}, "scale": scale}


def _film(path: Path) -> None:
    """Write what the camera sees as a video: old source clones show pictures without filters."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        frame = av.VideoFrame.from_ndarray(in_the_room(), format="bgr24")
        for number in range(60):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _write(folder: Path) -> None:
    film = folder / "camera.mkv"
    _film(film)
    playing = {"local_file": str(film), "looping": True}
    corner = SIZE[0] - WIDTH, SIZE[1] - HEIGHT
    scenes = [_scene(name, item_of(CAMERA), _small(COPY, *corner)) for name in (SCENE, BEACH, DESK)]
    sources = [
        _source("ffmpeg_source", CAMERA, playing, (FILTER_ID, SETTINGS)),
        _source(plugins.CLONE, COPY, {"clone": CAMERA}),
        _scene(TITLE, _small(CAMERA, 0, 0)),
        *scenes,
    ]
    write_collection(folder, sources, [])
    (path,) = folder.rglob("scenes/*.json")
    collection = json.loads(path.read_text())
    collection["scene_order"] = [{"name": name} for name in (SCENE, BEACH, DESK, TITLE)]
    collection["modules"].update(plugins.modules(BEACH, DESK, TITLE))
    path.write_text(json.dumps(collection))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Iterator[SecretRoom]:
    folder = tmp_path_factory.mktemp("plugins")
    _write(folder)
    with running_obs(
        folder, width=SIZE[0], height=SIZE[1],
        environment=plugins.environment(), baseline_leaks=LEAKS,
    ) as stage:  # fmt: skip
        room = SecretRoom(stage, data_folder)
        kernel = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
        wide = cv2.dilate((person(0.0, SIZE)[1] > 0).astype(np.uint8), kernel)
        small = cv2.dilate(cv2.resize(wide, (WIDTH, HEIGHT)), np.ones((5, 5), np.uint8)) > 0
        if plugins.loaded(stage, plugins.KEYER):
            room.allowed[:HEIGHT, :WIDTH] |= small
        if plugins.loaded(stage, plugins.CLONE):
            room.allowed[-HEIGHT:, -WIDTH:] |= small
        stage.wait_for_mask(seconds=40)
        for name in (BEACH, DESK, BEACH):  # so that each scene's shaders are compiled
            stage.obs.request("SetCurrentProgramScene", {"sceneName": name})
            time.sleep(1.0)
        _rest(room)
        yield room


def _shows(room: SecretRoom, scene: str) -> bool:
    answer = room.stage.obs.request("GetCurrentProgramScene")
    return bool(answer["currentProgramSceneName"] == scene)


def _rest(room: SecretRoom) -> None:
    """Show a scene that the switcher does not leave, whose fades have no colour like the room's."""

    def rests() -> bool:
        room.stage.obs.request("SetCurrentProgramScene", {"sceneName": TITLE})
        time.sleep(3 * plugins.SWITCH_MS / 1000)
        return _shows(room, TITLE)

    wait_for(rests, 60, "the switcher to rest")


@contextmanager
def _switching(room: SecretRoom) -> Iterator[None]:
    """Let the switcher switch in the block, where no recording starts or stops.

    Version 1.20 holds a mutex while it waits for OBS's window to switch. The window waits for that
    mutex when it saves, as it does when a recording starts or stops: a deadlock without us.
    """
    room.stage.obs.request("SetCurrentProgramScene", {"sceneName": BEACH})
    yield
    _rest(room)


def _color(frame: Image, place: tuple[int, int]) -> str:
    """Return whose background is at a place (x, y)."""
    x, y = place
    seen = frame[y - 3 : y + 3, x - 3 : x + 3].reshape(-1, 3).astype(int).mean(axis=0)
    names = {**BGR, CAMERA: BACKDROP_BGR}
    found = [name for name, bgr in names.items() if np.abs(seen - bgr).max() < 24]
    return found[0] if found else f"unknown {seen}"


# Where the room is in the camera's picture: beside the person.
ROOM = (60, 130)


def test_scenes_that_a_plugin_switches_have_their_backgrounds(room: SecretRoom) -> None:
    plugins.need(room.stage, plugins.SWITCHER)
    with room.watched() as frames, _switching(room):
        for name in (DESK, BEACH, DESK, BEACH):
            wait_for(partial(_shows, room, name), 60, name)
    seen = [_color(frame, ROOM) for frame in frames]
    print("".join(name[0] for name in seen))
    seen = [name for name in seen if "unknown" not in name]  # within a fade
    assert set(seen) == {BEACH, DESK}


def test_a_clone_of_a_camera_is_cut_out(room: SecretRoom) -> None:
    plugins.need(room.stage, plugins.CLONE)
    channels = len(room.stage.channels())
    with room.watched() as frames, _switching(room):
        time.sleep(1.0)
    x, y = SIZE[0] - WIDTH + ROOM[0] // SMALL, SIZE[1] - HEIGHT + ROOM[1] // SMALL
    assert any(_color(frame, (x, y)) in (BEACH, DESK) for frame in frames)
    assert channels == 1  # one filter, however often its camera is shown
    alone = room.stage.shot(COPY, SIZE)[..., :3]
    assert room.room_in(alone) == 0
    assert _color(alone, ROOM) == CAMERA  # in no scene it has the camera's own background


def test_a_keyed_scene_has_its_own_background(room: SecretRoom) -> None:
    plugins.need(room.stage, plugins.KEYER)
    with room.watched() as frames, _switching(room):
        time.sleep(2 * plugins.SWITCH_MS / 1000)
    place = ROOM[0] // SMALL, ROOM[1] // SMALL
    assert {_color(frame, place) for frame in frames} == {TITLE}


def test_a_collection_that_a_plugin_loads_anew(room: SecretRoom) -> None:
    plugins.need(room.stage, plugins.MANAGER)
    obs = room.stage.obs
    if plugins.LOAD_BACKUP not in obs.request("GetHotkeyList")["hotkeys"]:
        pytest.skip("this version of the manager switches by its window alone")
    folder = obs.folder / "config" / "obs-studio" / "basic" / "scenes"
    obs.request("TriggerHotkeyByName", {"hotkeyName": plugins.BACK_UP})
    wait_for(lambda: list(folder.glob("*/*.json")), 20, "the backup")
    obs.request("TriggerHotkeyByName", {"hotkeyName": plugins.LOAD_BACKUP})
    looks = 0

    def loaded() -> bool:
        nonlocal looks
        with contextlib.suppress(ObsError):  # there is no scene for a moment
            assert room.room_in(room.stage.shot(BEACH, SIZE)[..., :3]) == 0
            looks += 1
        return "Switched to scene collection" in obs.log()

    wait_for(loaded, 60, "the collection loaded anew")
    room.stage.wait_for_mask(seconds=40)
    with room.watched():
        time.sleep(1.0)
    assert looks > 0
    names = [scene["sceneName"] for scene in obs.request("GetSceneList")["scenes"]]
    assert {BEACH, DESK, TITLE} <= set(names)
