"""Each scene shows its own background: in transitions, nested, in Studio Mode."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.obs.conftest import running_obs
from tests.obs.own_backgrounds import (
    SCENE_FILTER,
    add_to,
    change_own,
    corner,
    give_own,
    set_transition,
    show,
    wait_for_background,
)
from tests.obs.stage import (
    CAMERA,
    SCENE,
    Image,
    Stage,
    frames_of,
    item_of,
    person,
    wait_for,
    write_collection,
)
from vb_demo.errors import ObsError
from vb_demo.obs_session import SCRIPT
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID

BEACH, DESK, OUTER = "Beach", "Desk", "Outer"
# OBS's 0xAABBGGRR and the same as BGR
DEFAULT, BEACH_COLOR, DESK_COLOR = 0xFF20C020, 0xFFC02010, 0xFF1020C0
DEFAULT_BGR, BEACH_BGR, DESK_BGR = (32, 192, 32), (192, 32, 16), (16, 32, 192)
TRANSITIONS = 100
pytestmark = pytest.mark.usefixtures("beside_plugins")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One camera in four scenes: two with backgrounds of their own, one holding one of them."""
    with running_obs(tmp_path_factory.mktemp("scenes")) as stage:
        picture, _ = person()
        stage.picture(CAMERA, picture)
        stage.obs.add_filter(
            CAMERA, "Virtual Background", FILTER_ID,
            {"background": "color", "background_color": DEFAULT, "cover": "color",
             "cover_color": 0xFF808080},
        )  # fmt: skip
        for scene in (BEACH, DESK, OUTER):
            stage.obs.request("CreateScene", {"sceneName": scene})
        for scene in (BEACH, DESK):
            add_to(stage, scene, CAMERA)
        give_own(stage, BEACH, background="color", background_color=BEACH_COLOR)
        give_own(stage, DESK, background="color", background_color=DESK_COLOR)
        add_to(stage, OUTER, BEACH)
        stage.wait_for_mask()
        yield stage
        set_transition(stage, "Cut", 0)


@pytest.mark.versions
def test_each_scene_shows_its_own_and_the_rest_the_camera_s(scenes: Stage) -> None:
    for scene, colour in ((SCENE, DEFAULT_BGR), (BEACH, BEACH_BGR), (DESK, DESK_BGR)):
        wait_for_background(scenes, scene, colour)
        shown = scenes.shot(scene)
        # The person is the same in all.
        picture, truth = person()
        inside = cv2.erode(truth, np.ones((61, 61), np.uint8)) == 255
        assert (np.abs(shown[..., :3].astype(int) - picture).max(axis=2)[inside] <= 2).mean() > 0.99
    wait_for_background(scenes, CAMERA, DEFAULT_BGR)


def test_a_nested_scene_keeps_its_own_and_the_outer_one_rules_where_it_has_none(
    scenes: Stage,
) -> None:
    wait_for_background(scenes, OUTER, BEACH_BGR)
    give_own(scenes, OUTER, background="color", background_color=DESK_COLOR)
    scenes.settle()
    wait_for_background(scenes, OUTER, BEACH_BGR, "the innermost scene with a setting rules")
    change_own(scenes, BEACH, background="default")
    scenes.settle()
    wait_for_background(scenes, OUTER, DESK_BGR, "the outer scene rules where the inner has none")
    wait_for_background(scenes, BEACH, DEFAULT_BGR)
    change_own(scenes, BEACH, background="color")
    scenes.obs.request("RemoveSourceFilter", {"sourceName": OUTER, "filterName": SCENE_FILTER})
    scenes.settle()
    wait_for_background(scenes, OUTER, BEACH_BGR)


def test_a_scene_s_filter_that_is_off_rules_nothing(scenes: Stage) -> None:
    whole = "On the scene itself"
    colour = {"background": "color", "background_color": DEFAULT, "cover": "hidden"}
    scenes.obs.add_filter(BEACH, whole, FILTER_ID, colour)
    eye = {"sourceName": BEACH, "filterName": SCENE_FILTER}
    try:
        wait_for_background(scenes, BEACH, BEACH_BGR, "the scene's own")
        scenes.obs.request("SetSourceFilterEnabled", {**eye, "filterEnabled": False})
        wait_for_background(scenes, BEACH, DEFAULT_BGR, "the filter's")
    finally:
        scenes.obs.request("SetSourceFilterEnabled", {**eye, "filterEnabled": True})
        request = {"sourceName": BEACH, "filterName": whole}
        scenes.obs.request("RemoveSourceFilter", request)
    wait_for_background(scenes, BEACH, BEACH_BGR, "the scene's own again")


def test_a_fade_mixes_the_two_backgrounds_and_never_shows_a_third(
    scenes: Stage, tmp_path: Path
) -> None:
    set_transition(scenes, "Fade", 1000)
    show(scenes, BEACH)
    time.sleep(1.3)
    with scenes.obs.recording() as files:
        time.sleep(0.5)
        show(scenes, DESK)
        time.sleep(1.6)
    shares = [_share(frame) for frame in frames_of(files[0])]
    middle = [share for share in shares if 0.1 < share < 0.9]
    assert len(middle) >= 5, "the fade was seen on its way"
    # Monotonic: from one to the other, never back.
    assert all(b >= a - 0.06 for a, b in zip(shares, shares[1:]))
    assert shares[0] < 0.03 and shares[-1] > 0.97


def _share(frame: Image) -> float:
    """Return how far a frame is from beach (0) to desk (1); it must lie between the two."""
    shown = corner(frame)
    # The green of both is 32 and of the camera's own background 192; OBS may fade in linear light,
    # so red and blue are only known to lie between the two.
    assert abs(shown[1] - 32) < 14, shown
    assert 8 <= shown[0] <= 200 and 8 <= shown[2] <= 200, shown
    linear = (shown / 255) ** 2.2
    ends = [(np.array(colour) / 255) ** 2.2 for colour in (BEACH_BGR, DESK_BGR)]
    return float(np.clip((linear - ends[0])[2] / (ends[1] - ends[0])[2], 0, 1))


def test_a_hundred_transitions_show_no_wrong_background(scenes: Stage) -> None:
    show(scenes, DESK)
    time.sleep(1.3)
    with scenes.obs.recording() as files:
        time.sleep(0.3)
        for index in range(TRANSITIONS):
            if index % 10 == 0:
                set_transition(scenes, "Cut" if index % 20 else "Fade", 120)
            show(scenes, (BEACH, DESK)[index % 2])
            time.sleep(0.12 if index % 3 else 0.26)
    frames = frames_of(files[0])
    assert len(frames) > 200
    # If the machine stalls for a third of a second the cover is right, and counted here.
    covers = [np.abs(corner(frame) - 128).max() < 6 for frame in frames]
    assert sum(covers) < 0.05 * len(frames)
    shares = [_share(frame) for frame, cover in zip(frames, covers) if not cover]
    assert sum(share > 0.97 for share in shares) > 40
    assert sum(share < 0.03 for share in shares) > 40


def test_studio_mode_shows_each_scene_s_own_in_preview_and_program(
    scenes: Stage, tmp_path: Path
) -> None:
    set_transition(scenes, "Cut", 0)
    show(scenes, BEACH)
    scenes.obs.request("SetStudioModeEnabled", {"studioModeEnabled": True})
    try:
        scenes.obs.request("SetCurrentPreviewScene", {"sceneName": DESK})

        def both() -> bool:
            window = _window(scenes)
            cv2.imwrite(str(tmp_path / "studio.png"), window)
            return all(_area(window, colour) > 5_000 for colour in (BEACH_BGR, DESK_BGR))

        wait_for(both, 15, "preview and program with their own backgrounds")
        assert _area(_window(scenes), DEFAULT_BGR) == 0
        # The program, as recorded, has the program scene's background.
        with scenes.obs.recording() as files:
            time.sleep(0.7)
        assert all(_share(frame) < 0.03 for frame in frames_of(files[0]))
    finally:
        scenes.obs.request("SetStudioModeEnabled", {"studioModeEnabled": False})


def _window(stage: Stage) -> Image:
    """Return what is on the display OBS's window is on, BGR."""
    with av.open(stage.obs.display_name, format="x11grab") as grabber:
        frame = next(iter(grabber.decode(video=0)))
        return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def _area(picture: Image, colour: tuple[int, int, int]) -> int:
    return int((np.abs(picture.astype(int) - colour).max(axis=2) <= 3).sum())


def test_a_scene_renamed_keeps_its_background(scenes: Stage) -> None:
    scenes.obs.request("SetSceneName", {"sceneName": DESK, "newSceneName": "Office"})
    try:
        scenes.settle()
        wait_for_background(scenes, "Office", DESK_BGR)
    finally:
        scenes.obs.request("SetSceneName", {"sceneName": "Office", "newSceneName": DESK})
    listed = scenes.obs.request("GetSourceFilterList", {"sourceName": DESK})["filters"]
    assert [item["filterKind"] for item in listed] == [SCENE_FILTER_ID]
    assert listed[0]["filterSettings"]["background_color"] == DESK_COLOR


def test_a_scene_has_its_own_zones_and_layers(scenes: Stage) -> None:
    picture, _ = person()
    room = picture[20:80, 20:80].reshape(-1, 3).astype(int).mean(axis=0)
    keep: dict[str, Any] = {"zone1": "keep", "zone1_left": 0, "zone1_top": 0, "zone1_right": 0.2,
            "zone1_bottom": 0.25}  # fmt: skip
    change_own(scenes, DESK, own_zones=True, **keep)
    try:
        scenes.settle()
        assert np.abs(corner(scenes.shot(DESK)) - room).max() <= 3
        wait_for_background(scenes, BEACH, BEACH_BGR)
        wait_for_background(scenes, SCENE, DEFAULT_BGR)
        # What the camera's filter keeps, a scene with zones of its own does not.
        scenes.set_filter(**keep)
        change_own(scenes, DESK, zone1="off")
        scenes.settle()
        wait_for_background(scenes, DESK, DESK_BGR)
        assert np.abs(corner(scenes.shot(BEACH)) - room).max() <= 3
    finally:
        scenes.set_filter(zone1="off")
        change_own(scenes, DESK, own_zones=False, zone1="off")
    scenes.obs.add_input(
        OUTER, "Sign", "color_source_v3", {"color": 0xFF00C8C8, "width": 1280, "height": 720},
    )  # fmt: skip
    item = scenes.obs.request("GetSceneItemId", {"sceneName": OUTER, "sourceName": "Sign"})
    scenes.obs.request(
        "SetSceneItemEnabled",
        {"sceneName": OUTER, "sceneItemId": item["sceneItemId"], "sceneItemEnabled": False},
    )
    change_own(scenes, BEACH, own_layers=True, behind_source="Sign")
    try:
        wait_for_background(scenes, BEACH, (0, 200, 200), "the layer of this scene")
        wait_for_background(scenes, DESK, DESK_BGR)
    finally:
        change_own(scenes, BEACH, own_layers=False, behind_source="")


def test_a_camera_in_a_scene_that_is_a_background_is_not_in_the_scene_around_it(
    scenes: Stage,
) -> None:
    guest, second = "Guest", "Second camera"
    scenes.obs.request("CreateScene", {"sceneName": guest})
    scenes.picture(second, person()[0], scene=guest)
    scenes.obs.add_filter(
        second, "Virtual Background", FILTER_ID,
        {"background": "color", "background_color": DESK_COLOR, "cover": "color"},
    )  # fmt: skip
    change_own(scenes, BEACH, background="source", background_source=guest)
    try:
        scenes.wait_for_mask(count=2)
        wait_for_background(scenes, BEACH, DESK_BGR, "the guest's own background")
        wait_for_background(scenes, guest, DESK_BGR)
        # A background of the guest's scene applies there, and so in whatever shows it.
        give_own(scenes, guest, background="color", background_color=DEFAULT)
        scenes.settle()
        wait_for_background(scenes, BEACH, DEFAULT_BGR)
    finally:
        change_own(scenes, BEACH, background="color")
        scenes.obs.request(
            "RemoveSourceFilter", {"sourceName": second, "filterName": "Virtual Background"}
        )


def test_the_first_time_a_scene_is_shown_its_background_is_there(
    scenes: Stage, tmp_path: Path
) -> None:
    set_transition(scenes, "Cut", 0)
    show(scenes, DESK)
    large = tmp_path / "large.png"
    noise = np.random.default_rng(1).integers(0, 40, (2160, 3840, 3), np.uint8)
    cv2.imwrite(str(large), noise + np.array(DEFAULT_BGR, np.uint8))
    mean = np.array(DEFAULT_BGR) + 19.5
    change_own(scenes, BEACH, background="image", background_image=str(large))
    try:
        time.sleep(3)
        with scenes.obs.recording() as files:
            time.sleep(0.4)
            show(scenes, BEACH)
            time.sleep(0.6)
        seen = [corner(frame) for frame in frames_of(files[0])]
        kinds = ["desk" if np.abs(picture - DESK_BGR).max() < 14 else "image" for picture in seen]
        assert kinds == sorted(kinds) and set(kinds) == {"desk", "image"}
        for kind, colour in zip(kinds, seen):
            assert kind == "desk" or np.abs(colour - mean).max() < 14, colour
    finally:
        change_own(scenes, BEACH, background="color")


def test_a_group_has_its_own(start_obs: Callable[..., Any], tmp_path: Path) -> None:
    picture, _ = person()
    file = tmp_path / "camera.png"
    cv2.imwrite(str(file), picture)
    camera = {
        "id": "image_source",
        "name": CAMERA,
        "settings": {"file": str(file)},
        "filters": [
            {
                "id": FILTER_ID,
                "name": "Virtual Background",
                "settings": {"background": "color", "background_color": DEFAULT},
            }
        ],
    }
    group = {
        "id": "group",
        "name": "Group",
        "settings": {
            "custom_size": True, "cx": 1280, "cy": 720, "id_counter": 1,
            "items": [item_of(CAMERA)],
        },
        "filters": [
            {
                "id": SCENE_FILTER_ID,
                "name": SCENE_FILTER,
                "settings": {"background": "color", "background_color": BEACH_COLOR},
            }
        ],
    }  # fmt: skip
    outer = {
        "id": "scene",
        "name": SCENE,
        "settings": {"id_counter": 1, "items": [item_of("Group")]},
        "filters": [
            {
                "id": SCENE_FILTER_ID,
                "name": SCENE_FILTER,
                "settings": {"background": "color", "background_color": DESK_COLOR},
            }
        ],
    }
    write_collection(tmp_path / "obs", [camera, outer], [group])
    with start_obs() as stage:
        stage.wait_for_mask()
        wait_for_background(stage, SCENE, BEACH_BGR)
        wait_for_background(stage, CAMERA, DEFAULT_BGR)
        stage.obs.set_filter("Group", SCENE_FILTER, {"background": "default"})
        stage.settle()
        wait_for_background(stage, SCENE, DESK_BGR)


def test_a_duplicate_and_a_restart_keep_the_backgrounds(
    start_obs: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUPLICATE_FOLDER", str(tmp_path))
    script = Path(__file__).resolve().parent / "scripts" / "duplicate.py"
    picture, _ = person()
    with start_obs(scripts=((SCRIPT, {}), (script, {}))) as stage:
        stage.obs.request("CreateScene", {"sceneName": BEACH})
        stage.picture(CAMERA, picture, scene=BEACH)
        stage.add_filter(background="color", background_color=DEFAULT)
        give_own(stage, BEACH, background="color", background_color=BEACH_COLOR)
        (tmp_path / "duplicate").write_text(BEACH)
        show(stage, BEACH)
        copy = f"{BEACH} 2"

        def there() -> bool:
            scenes = stage.obs.request("GetSceneList")["scenes"]
            return copy in [scene["sceneName"] for scene in scenes]

        def shown() -> bool:
            try:
                show(stage, copy)
            except ObsError:
                return False
            return True

        wait_for(there, 10, "the duplicate")
        wait_for(shown, 10, "the duplicate on air")
        stage.wait_for_mask()
        wait_for_background(stage, copy, BEACH_BGR)
        change_own(stage, copy, background_color=DESK_COLOR)
        stage.settle()
        wait_for_background(stage, copy, DESK_BGR)
        wait_for_background(stage, BEACH, BEACH_BGR)
    with start_obs() as stage:
        show(stage, copy)
        stage.wait_for_mask()
        wait_for_background(stage, copy, DESK_BGR, "the copy's background")
        wait_for_background(stage, BEACH, BEACH_BGR, "the original's background")
