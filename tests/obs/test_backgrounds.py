"""Images, videos and OBS's own sources as backgrounds and layers, and what is missing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.obs.stage import CAMERA, FILTER, SCENE, SECRET, Image, Stage, person, wait_for
from vb_link import folders, layout
from vb_link.settings import FILTER_ID

WIDE_RED, WIDE_GREEN, WIDE_BLUE = (40, 40, 210), (40, 190, 40), (210, 60, 30)


def _stripes(width: int, height: int) -> Image:
    """Return a picture of three upright stripes: red, green, blue."""
    picture = np.zeros((height, width, 3), np.uint8)
    for index, colour in enumerate((WIDE_RED, WIDE_GREEN, WIDE_BLUE)):
        picture[:, index * width // 3 : (index + 1) * width // 3] = colour
    return picture


def _on(stage: Stage, *, room: tuple[int, int, int] = SECRET, **settings: Any) -> tuple[Any, Any]:
    picture, truth = person(room=room)
    stage.picture(CAMERA, picture)
    stage.add_filter(**settings)
    stage.wait_for_mask()
    return picture, truth


def _at(picture: Image, x: float, y: float) -> Any:
    height, width = picture.shape[:2]
    row, column = int(y * height), int(x * width)
    return picture[row - 6 : row + 6, column - 6 : column + 6, :3].reshape(-1, 3).mean(axis=0)


def _near(found: Any, colour: Any, tolerance: float = 3.0) -> bool:
    return bool(np.abs(np.asarray(found, float) - np.asarray(colour, float)).max() <= tolerance)


def _shows(stage: Stage, x: float, y: float, colour: Any, what: str) -> None:
    wait_for(lambda: _near(_at(stage.shot(CAMERA), x, y), colour), 8, what)


def _no_secret(stage: Stage, truth: Image) -> None:
    outside = cv2.dilate(truth, np.ones((25, 25), np.uint8)) == 0
    shown = stage.shot(CAMERA)[..., :3].astype(int)
    assert not (np.abs(shown - SECRET).max(axis=2)[outside] < 40).any()


def test_an_image_fills_is_whole_or_stretched_and_the_part_shown_is_chosen(stage: Stage) -> None:
    image = stage.save("stripes", _stripes(3000, 720))
    _, truth = _on(
        stage, background="image", background_image=str(image), background_color=0xFF804020
    )
    # 3000 wide in 1280: the middle is shown, the green stripe and 140 pixels of each other.
    _shows(stage, 0.3, 0.1, WIDE_GREEN, "the middle of the image")
    shown = stage.shot(CAMERA)
    assert _near(_at(shown, 0.02, 0.1), WIDE_RED) and _near(_at(shown, 0.98, 0.1), WIDE_BLUE)
    stage.set_filter(background_x=0.0)
    _shows(stage, 0.3, 0.1, WIDE_RED, "the left of the image")
    stage.set_filter(background_x=1.0)
    _shows(stage, 0.9, 0.1, WIDE_BLUE, "the right of the image")
    stage.set_filter(background_fit="stretch")
    _shows(stage, 0.1, 0.1, WIDE_RED, "the whole image, stretched")
    shown = stage.shot(CAMERA)
    assert _near(_at(shown, 0.9, 0.1), WIDE_BLUE) and _near(_at(shown, 0.4, 0.1), WIDE_GREEN)
    stage.set_filter(background_fit="contain", background_y=0.5)
    _shows(stage, 0.1, 0.1, (0x80, 0x40, 0x20), "a bar of the colour")
    shown = stage.shot(CAMERA)
    assert _near(_at(shown, 0.1, 0.5), WIDE_RED) and _near(_at(shown, 0.95, 0.5), WIDE_BLUE)
    stage.set_filter(background_y=0.0)
    _shows(stage, 0.1, 0.1, WIDE_RED, "the image at the top")
    _no_secret(stage, truth)


def test_ready_pictures_fill_the_frame_and_the_sky_moves(stage: Stage) -> None:
    _, truth = _on(stage, background="hills")
    for name in ("hills", "studio_light"):
        stage.set_filter(background=name)
        image = np.asarray(cv2.imread(str(folders.ready_background(name))), np.uint8)
        _shows(stage, 0.05, 0.1, _at(image, 0.05, 0.1), name)
        _no_secret(stage, truth)
    stage.set_filter(background="stars")
    sky = np.s_[:120, :900, :3]
    wait_for(lambda: stage.shot(CAMERA)[sky].mean() < 80, 8, "the dark sky")
    before = stage.shot(CAMERA)[sky].astype(int)

    def moved() -> bool:
        away = np.abs(stage.shot(CAMERA)[sky].astype(int) - before).max(axis=2)
        return int((away > 16).sum()) > 100

    wait_for(moved, 30, "stars that move")
    _no_secret(stage, truth)


def test_a_large_image_is_shown_without_aliasing(stage: Stage) -> None:
    # One-pixel lines, six times too fine for the camera's picture: their mean must be shown.
    fine = np.zeros((4320, 7680, 3), np.uint8)
    fine[:, ::2] = 200
    image = stage.save("fine", fine)
    _on(stage, background="image", background_image=str(image))
    wait_for(lambda: _near(_at(stage.shot(CAMERA), 0.1, 0.1), (100, 100, 100), 6), 10, "the mean")
    corner = stage.shot(CAMERA)[20:120, 20:120, :3]
    assert corner.max() - corner.min() < 12


def test_an_image_file_that_changes_changes_the_background(stage: Stage) -> None:
    image = stage.save("changing", np.full((720, 1280, 3), 40, np.uint8))
    _on(stage, background="image", background_image=str(image))
    _shows(stage, 0.1, 0.1, (40, 40, 40), "the image")
    time.sleep(2)  # a still image; nothing is drawn again
    cv2.imwrite(str(image), _stripes(1280, 720))
    _shows(stage, 0.1, 0.1, WIDE_RED, "the image as it is now")


def test_a_missing_image_shows_the_cover_and_says_so_and_comes_when_it_is_there(
    stage: Stage, tmp_path: Path
) -> None:
    later = tmp_path / "later.png"
    stage.expected.append("later.png")
    picture, truth = person(room=SECRET)
    stage.picture(CAMERA, picture)
    stage.add_filter(
        background="image", background_image=str(later), cover="color", cover_color=0xFF306090
    )
    _shows(stage, 0.1, 0.1, (0x30, 0x60, 0x90), "the cover")
    stage.wait_frames(20)
    _no_secret(stage, truth)
    assert stage.channels()[0].state == layout.STATE_COVER
    assert any(str(later).encode() in a.offer_error for a in stage.obs.segment().assets if a.used)
    cv2.imwrite(str(later), _stripes(1280, 720))
    _shows(stage, 0.1, 0.1, WIDE_RED, "the image once it is there")


def test_the_former_background_stays_until_the_file_is_good(stage: Stage, tmp_path: Path) -> None:
    flat, cover = (0x80, 0x40, 0x20), 0xFF306090
    _, truth = _on(
        stage, background="color", background_color=0xFF804020, cover="color", cover_color=cover
    )
    _shows(stage, 0.1, 0.1, flat, "the colour")
    no_picture = tmp_path / "no picture.png"
    no_picture.write_text("words")
    stage.expected += ["no picture.png", "missing.png"]

    def stays(colour: Any, **settings: Any) -> None:
        stage.set_filter(**settings)
        for _ in range(4):
            stage.wait_frames(5)
            assert _near(_at(stage.shot(CAMERA), 0.1, 0.1), colour), settings
        _no_secret(stage, truth)

    stays(flat, background="image", background_image="")
    stays(flat, background_image=str(tmp_path / "missing.png"))
    stays(flat, background_image=str(no_picture))
    good = stage.save("asset", _stripes(1280, 720))
    stage.set_filter(background_image=str(good))
    _shows(stage, 0.1, 0.1, WIDE_RED, "the good file")
    stays(WIDE_RED, background_image=str(no_picture))
    stays(WIDE_RED, background_image="")
    stays(WIDE_RED, background="video", background_video="")
    # The room is never a background to fall back to.
    stage.set_filter(background="room", background_image="")
    stage.wait_frames(10)
    stage.set_filter(background="image")
    _shows(stage, 0.1, 0.1, (0x30, 0x60, 0x90), "the cover")


def test_a_video_plays_and_loops_and_rests_when_unseen(stage: Stage, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    _video(clip, seconds=1.5)
    _on(stage, background="video", background_video=str(clip), background_fit="stretch")
    seen: set[int] = set()

    def both_ends() -> bool:
        level = int(_at(stage.shot(CAMERA), 0.1, 0.1)[1])
        seen.add(level // 64)
        return {0, 1, 2} <= seen

    wait_for(both_ends, 15, "dark, middle and bright frames of the video")
    first = set(seen)
    seen.clear()
    wait_for(both_ends, 15, "the same again: it loops")
    assert first == seen
    # Its sound is heard nowhere.
    with stage.obs.recording() as files:
        time.sleep(1.5)
    with av.open(str(files[0])) as container:
        loudest = max(
            float(np.abs(frame.to_ndarray()).max()) for frame in container.decode(audio=0)
        )
    assert loudest < 1e-3


def _video(path: Path, seconds: float) -> None:
    """Write a clip whose flat grey rises from 20 to 190, with a loud tone."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        tone = container.add_stream("aac", rate=48000)
        wave = np.sin(np.arange(int(seconds * 48000)) * 440 * 2 * np.pi / 48000) * 0.5
        sound = av.AudioFrame.from_ndarray(
            wave.astype(np.float32)[None], format="fltp", layout="mono"
        )
        sound.sample_rate = 48000
        for packet in tone.encode(sound):
            container.mux(packet)
        for packet in tone.encode():
            container.mux(packet)
        frames = int(seconds * 30)
        for index in range(frames):
            level = 20 + 170 * index // (frames - 1)
            frame = av.VideoFrame.from_ndarray(
                np.full((180, 320, 3), level, np.uint8), format="bgr24"
            )
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


@pytest.mark.versions
def test_any_source_and_any_scene_is_a_background(stage: Stage) -> None:
    image = _stripes(1280, 720)
    stage.obs.request("CreateScene", {"sceneName": "Studio"})
    try:
        stage.picture("Stripes", image, scene="Studio")
        _on(stage, background="source", background_source="Stripes")
        _shows(stage, 0.1, 0.1, WIDE_RED, "a source")
        stage.set_filter(background_source="Studio")
        _shows(stage, 0.9, 0.1, WIDE_BLUE, "a scene")
        stage.set_filter(background_source="No such source")
        stage.expected.append("No such source")
        wait_for(
            lambda: stage.channels()[0].state == layout.STATE_COVER, 8, "the cover for no source"
        )
        stage.set_filter(background_source="Stripes")
        _shows(stage, 0.1, 0.1, WIDE_RED, "the source again")
    finally:
        stage.set_filter(background="blur", background_source="")
        _hide(stage, "Studio")


def _hide(stage: Stage, scene: str) -> None:
    """Empty a scene and leave it: removing scenes is not safe in OBS 29 (see Stage.clear)."""
    for item in stage.obs.request("GetSceneItemList", {"sceneName": scene})["sceneItems"]:
        stage.obs.request(
            "SetSceneItemEnabled",
            {"sceneName": scene, "sceneItemId": item["sceneItemId"], "sceneItemEnabled": False},
        )
        stage.obs.request(
            "SetInputName",
            {"inputName": item["sourceName"], "newInputName": f"Gone {time.monotonic_ns()}"},
        )
    stage.obs.request(
        "SetSceneName", {"sceneName": scene, "newSceneName": f"Gone {time.monotonic_ns()}"}
    )


def test_a_source_that_shows_the_camera_itself_is_refused(stage: Stage) -> None:
    _, truth = _on(stage, background="color", cover="color", cover_color=0xFF306090)
    stage.set_filter(background="source", background_source=SCENE)
    _shows(stage, 0.1, 0.1, (0x30, 0x60, 0x90), "the cover")
    stage.wait_frames(60)
    _no_secret(stage, truth)
    assert stage.obs.running
    # The camera as its own background too.
    stage.set_filter(background_source=CAMERA)
    _shows(stage, 0.1, 0.1, (0x30, 0x60, 0x90), "the cover")
    stage.wait_frames(10)
    stage.set_filter(background="color", background_color=0xFF804020)
    _shows(stage, 0.1, 0.1, (0x80, 0x40, 0x20), "a good background again")


def test_a_layer_behind_the_person_stands_in_the_room(stage: Stage) -> None:
    picture, truth = _on(stage, room=(120, 110, 100), background="room")
    stage.wait_frames(3)
    # With no layer in between the background "room" is the camera's picture, byte for byte.
    assert (stage.shot(CAMERA)[..., :3] == picture).all()
    stage.obs.request("CreateScene", {"sceneName": "Shelf"})
    try:
        stage.picture("Sign", np.full((720, 1280, 3), WIDE_RED, np.uint8), scene="Shelf")
        stage.set_filter(behind_source="Sign", behind_x=0.5, behind_y=0.5, behind_scale=0.8)
        _shows(stage, 0.2, 0.2, WIDE_RED, "the layer in the room")
        shown = stage.shot(CAMERA)[..., :3]
        expected = picture.copy()
        expected[72:648, 128:1152] = WIDE_RED
        alpha = truth[..., None] / 255.0
        expected = expected * (1 - alpha) + picture * alpha
        edge = cv2.dilate(truth, np.ones((31, 31), np.uint8)) != cv2.erode(
            truth, np.ones((31, 31), np.uint8)
        )
        difference = np.abs(shown.astype(float) - expected).max(axis=2)
        assert (difference[~edge] <= 3).mean() > 0.995
        stage.set_filter(behind_opacity=0.5)
        half = np.mean([WIDE_RED, (120, 110, 100)], axis=0)
        _shows(stage, 0.2, 0.2, half, "half the layer, half the room")
        # In front of all it covers the person too.
        stage.set_filter(behind_source="", front_source="Sign", front_scale=0.5)
        _shows(stage, 0.5, 0.6, WIDE_RED, "the layer in front of the person")
        assert _near(_at(stage.shot(CAMERA), 0.1, 0.1), (120, 110, 100))
    finally:
        stage.set_filter(background="blur", behind_source="", front_source="")
        _hide(stage, "Shelf")


@pytest.mark.parametrize("kind", ["image", "source"])
def test_assets_go_with_their_filter(stage: Stage, kind: str) -> None:
    image = stage.save("asset", _stripes(640, 360))
    stage.picture("Other", _stripes(640, 360))
    _on(stage, background=kind, background_image=str(image), background_source="Other")
    _shows(stage, 0.9, 0.1, WIDE_BLUE, "the background")
    assert sum(1 for asset in stage.obs.segment().assets if asset.used) == 1
    stage.obs.request("RemoveSourceFilter", {"sourceName": CAMERA, "filterName": FILTER})
    wait_for(
        lambda: not any(asset.used for asset in stage.obs.segment().assets), 5, "slots given back"
    )
    stage.obs.add_filter(CAMERA, FILTER, FILTER_ID, {"background": "color"})


def test_a_source_that_is_removed_shows_the_cover_until_another_has_its_name(stage: Stage) -> None:
    stage.obs.request("CreateScene", {"sceneName": "Passing"})
    stage.obs.request("CreateScene", {"sceneName": "Set"})
    stage.picture("Old set", _stripes(1280, 720), scene="Set")
    stage.expected.append("Passing")
    _on(stage, background="source", background_source="Passing")
    stage.set_filter(cover="color", cover_color=0xFF306090)
    try:
        # A scene that nothing shows is safe to remove in OBS 29.
        stage.obs.request("RemoveScene", {"sceneName": "Passing"})
        _shows(stage, 0.1, 0.1, (0x30, 0x60, 0x90), "the cover")
        stage.obs.request("SetSceneName", {"sceneName": "Set", "newSceneName": "Passing"})
        _shows(stage, 0.1, 0.1, WIDE_RED, "the scene that has the name now")
    finally:
        stage.set_filter(background="blur", background_source="")
        _hide(stage, "Passing")


def test_an_image_a_source_or_the_cover_is_shown_while_nobody_is_there(stage: Stage) -> None:
    picture, truth = person(room=SECRET)
    empty = stage.save("empty", np.full_like(picture, SECRET))
    card = stage.save("card", np.full((720, 1280, 3), WIDE_RED, np.uint8))
    full = str(stage.save("full", picture))
    stage.obs.add_input(
        SCENE, "Soon", "color_source_v3", {"color": 0xFF3CBE28, "width": 640, "height": 360}
    )
    _on(
        stage, background="color", background_color=0xFF804020, cover="color",
        cover_color=0xFF306090, nobody="image", nobody_image=str(card), nobody_seconds=1.0,
    )  # fmt: skip
    assert not stage.channels()[0].away
    stage.obs.request(
        "SetInputSettings", {"inputName": CAMERA, "inputSettings": {"file": str(empty)}}
    )

    def shows(colour: Any, what: str) -> None:
        def there() -> bool:
            shown = stage.shot(CAMERA)
            assert not (np.abs(shown[..., :3].astype(int) - SECRET).max(axis=2) < 40)[:60].any()
            return _near(_at(shown, 0.5, 0.5), colour)

        wait_for(there, 10, what)

    shows(WIDE_RED, "the image")
    assert stage.channels()[0].away
    wait_for(lambda: b"Nobody" in stage.channels()[0].status, 5, "the status")
    stage.set_filter(nobody="source", nobody_source="Soon")
    shows((0x3C, 0xBE, 0x28), "the source")
    stage.set_filter(nobody="cover")
    shows((0x30, 0x60, 0x90), "the cover")
    stage.set_filter(nobody="nothing")
    shows((0x80, 0x40, 0x20), "the background")
    stage.set_filter(nobody="image")
    shows(WIDE_RED, "the image again")
    stage.obs.request("SetInputSettings", {"inputName": CAMERA, "inputSettings": {"file": full}})
    wait_for(lambda: not stage.channels()[0].away, 10, "the person")
    _shows(stage, 0.1, 0.1, (0x80, 0x40, 0x20), "the background behind the person")
    _no_secret(stage, truth)
