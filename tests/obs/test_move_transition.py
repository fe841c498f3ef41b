"""Move Transition, a plugin that draws the items of two scenes without drawing the scenes.

In Debian it is the package obs-move-transition.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.obs.conftest import running_obs
from tests.obs.secret_room import SIZE, SecretRoom
from tests.obs.stage import CAMERA, SCENE, Image, Stage, wait_for, write_collection
from tests.obs.twin import obs_colour
from vb_link.settings import SCENE_FILTER_ID

KIND = "move_transition"
BEACH, DESK, PLAIN = "Beach", "Desk", "Plain"
COLORS = {BEACH: 0xFFC02010, DESK: 0xFF1020C0}  # OBS's 0xAABBGGRR
BGR = {BEACH: (192, 32, 16), DESK: (16, 32, 192), PLAIN: (60, 180, 60)}
MOVED = (20.0, 10.0)  # pixels, in the scene DESK
MOVE_MS = 500
pytestmark = pytest.mark.usefixtures("beside_plugins")
# A plain source in a corner of every scene. Move Transition 2.8.1 may lose a scene change that
# comes while it draws (it clears `start_init` at the end of a draw), or begin before OBS has set
# the new scene: for the whole move it then draws nothing, or moves everything out, with any filter
# and with none. The witness is missing then, too.
WITNESS, WITNESS_BGR, WITNESS_SIDE = "Witness", (200, 0, 200), 40


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Iterator[SecretRoom]:
    """One camera in three scenes, two with backgrounds of their own."""
    folder = tmp_path_factory.mktemp("move")
    scene = {"id": "scene", "name": SCENE, "settings": {"items": [], "id_counter": 0}}
    write_collection(folder, [scene], [])
    (path,) = folder.rglob("scenes/*.json")
    collection = json.loads(path.read_text())
    collection["transitions"] = [{"id": KIND, "name": "Move", "settings": {}}]
    path.write_text(json.dumps(collection))
    with running_obs(folder, width=SIZE[0], height=SIZE[1]) as stage:
        if KIND not in stage.obs.request("GetTransitionKindList")["transitionKinds"]:
            pytest.skip("Move Transition is not on this machine")
        room = SecretRoom(stage, data_folder)
        room.set_up()
        for name in (PLAIN, BEACH, DESK):
            stage.obs.request("CreateScene", {"sceneName": name})
            item = stage.obs.request("CreateSceneItem", {"sceneName": name, "sourceName": CAMERA})
            if name in COLORS:
                own = {"background": "color", "background_color": COLORS[name]}
                stage.obs.add_filter(name, "Own", SCENE_FILTER_ID, own)
            if name == DESK:
                stage.obs.request(
                    "SetSceneItemTransform",
                    {
                        "sceneName": name,
                        "sceneItemId": item["sceneItemId"],
                        "sceneItemTransform": {"positionX": MOVED[0], "positionY": MOVED[1]},
                    },
                )
            _add_witness(stage, name)
        kept = np.zeros_like(room.allowed)
        for share in np.linspace(0, 1, 8):  # where the person is on its way
            shift = (int(MOVED[1] * share), int(MOVED[0] * share))
            kept |= np.roll(room.allowed, shift, axis=(0, 1))
        room.allowed = kept
        stage.obs.request("SetCurrentSceneTransition", {"transitionName": "Move"})
        duration = {"transitionDuration": MOVE_MS}
        stage.obs.request("SetCurrentSceneTransitionDuration", duration)
        wait_for(lambda: stage.obs.segment().items_alone, 5, "the script knows of it")
        for name in (PLAIN, DESK, BEACH):
            stage.obs.request("SetCurrentProgramScene", {"sceneName": name})
            time.sleep(1.0)
        stage.wait_for_mask(seconds=40)
        yield room


def _add_witness(stage: Stage, scene: str) -> None:
    """Show the witness in the lower right corner of ``scene``, over all else."""
    if scene == PLAIN:
        item = stage.obs.add_input(
            scene, WITNESS, "color_source_v3",
            {"color": obs_colour(WITNESS_BGR), "width": WITNESS_SIDE, "height": WITNESS_SIDE},
            fit=False,
        )  # fmt: skip
    else:
        made = stage.obs.request("CreateSceneItem", {"sceneName": scene, "sourceName": WITNESS})
        item = int(made["sceneItemId"])
    place = {"positionX": SIZE[0] - WITNESS_SIDE, "positionY": SIZE[1] - WITNESS_SIDE}
    stage.obs.request(
        "SetSceneItemTransform",
        {"sceneName": scene, "sceneItemId": item, "sceneItemTransform": place},
    )


def _witnessed(frame: Image) -> bool:
    """Whether the witness is where it belongs, so that the transition draws what it should."""
    corner = frame[-WITNESS_SIDE // 4 :, -WITNESS_SIDE // 4 :].reshape(-1, 3).astype(int)
    return bool(np.abs(corner.mean(axis=0) - WITNESS_BGR).max() < 24)


NOTHING = "nothing"  # the empty canvas


def _background(frame: Image) -> str:
    corner = frame[60:100, 60:100].reshape(-1, 3).astype(int).mean(axis=0)
    if corner.max() < 8:
        return NOTHING
    found = [name for name, bgr in BGR.items() if np.abs(corner - bgr).max() < 24]
    return found[0] if found else f"unknown {corner}"


@pytest.mark.parametrize(
    ("first", "other"), [(BEACH, DESK), (BEACH, PLAIN), (PLAIN, DESK)], ids=str
)
def test_no_third_background_is_seen_on_the_way(room: SecretRoom, first: str, other: str) -> None:
    room.stage.obs.request("SetCurrentProgramScene", {"sceneName": first})
    time.sleep(MOVE_MS / 1000 + 0.7)
    with room.watched() as frames:
        for scene in (other, first, other, first):
            room.stage.obs.request("SetCurrentProgramScene", {"sceneName": scene})
            time.sleep(MOVE_MS / 1000 + 0.5)
    seen = [_background(frame) for frame in frames if _witnessed(frame)]
    lost = len(frames) - len(seen)
    print("".join(name[0] for name in seen), f"{lost} frames without all sources")
    assert set(seen) == {first, other}
    assert len(seen) > len(frames) / 2
    # One change per cut: backgrounds do not flicker back and forth.
    changes = sum(before != after for before, after in zip(seen, seen[1:]))
    assert changes <= 4


def test_the_camera_alone_keeps_its_own_background(room: SecretRoom) -> None:
    """A source drawn by itself while no scene moves is in no scene."""
    room.stage.obs.request("SetCurrentProgramScene", {"sceneName": BEACH})
    time.sleep(MOVE_MS / 1000 + 0.5)

    def shown() -> str:
        return _background(room.stage.shot(CAMERA, SIZE)[..., :3])

    wait_for(lambda: shown() == PLAIN, 5, "the camera's own background")
    assert _background(room.stage.shot(SCENE, SIZE)[..., :3]) != DESK
