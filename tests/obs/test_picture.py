"""What the filter shows: the person over the chosen background, with unchanged colours."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clips import write_clip
from tests.obs.stage import (
    BACKDROP_BGR,
    CAMERA,
    FILTER,
    SCENE,
    SECRET,
    SIZE,
    Image,
    Stage,
    iou,
    person,
    wait_for,
)
from vb_link import layout
from vb_link.settings import FILTER_ID, defaults

MISSING = "no_such_model"


def _never_masked(stage: Stage, image: Image, **settings: Any) -> None:
    """Show a picture with the filter on it whose model cannot be loaded."""
    stage.expected.append(MISSING)
    stage.picture(CAMERA, image)
    stage.add_filter(model=MISSING, **settings)
    stage.wait_frames(15)


def _on(stage: Stage, image: Image, **settings: Any) -> None:
    stage.picture(CAMERA, image)
    stage.add_filter(**settings)
    stage.wait_for_mask()


@pytest.mark.versions
def test_obs_knows_the_filter_and_its_defaults(stage: Stage) -> None:
    stage.picture(CAMERA, person()[0])
    stage.add_filter()
    listed = stage.obs.request("GetSourceFilterList", {"sourceName": CAMERA})["filters"]
    assert [(f["filterKind"], f["filterName"], f["filterEnabled"]) for f in listed] == [
        (FILTER_ID, FILTER, True)
    ]
    answer = stage.obs.request("GetSourceFilterDefaultSettings", {"filterKind": FILTER_ID})
    assert answer["defaultFilterSettings"] == defaults()


@pytest.mark.versions
def test_the_cut_out_fits_the_true_alpha_over_a_known_background(stage: Stage) -> None:
    picture, truth = person()
    stage.backdrop()
    _on(stage, picture, background="transparent")
    shown = stage.shot()[..., :3].astype(int)
    is_backdrop = np.abs(shown - BACKDROP_BGR).max(axis=2) <= 2
    is_person = np.abs(shown - picture).max(axis=2) <= 2
    assert iou(~is_backdrop, truth > 127) > 0.9
    # Well inside and well outside the person nothing is half transparent.
    inside = cv2.erode(truth, np.ones((61, 61), np.uint8)) == 255
    outside = cv2.dilate(truth, np.ones((61, 61), np.uint8)) == 0
    assert is_person[inside].mean() > 0.99
    assert is_backdrop[outside].mean() > 0.99


def test_alpha_reaches_both_ends_and_colour_is_untouched_where_it_is_full(stage: Stage) -> None:
    picture, _ = person()
    # A grey ramp and a saturated patch on the chest, where the model is sure.
    height, width = picture.shape[:2]
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (12, 1))
    picture[height - 60 : height - 48, width // 2 - 32 : width // 2 + 32] = ramp[..., None]
    picture[height - 48 : height - 36, width // 2 - 32 : width // 2 + 32] = (0, 0, 255)
    _on(stage, picture, background="transparent")
    shown = stage.shot(CAMERA)
    alpha = shown[..., 3]
    assert shown.shape[:2] == picture.shape[:2]
    assert (alpha == 0).mean() > 0.2
    full = alpha == 255
    assert full.mean() > 0.1
    assert full[height - 60 : height - 36, width // 2 - 32 : width // 2 + 32].all()
    assert np.abs(shown[..., :3].astype(int) - picture)[full].max() <= 1


def test_colour_background_is_the_colour_chosen_and_opaque(stage: Stage) -> None:
    picture, truth = person()
    _on(stage, picture, background="color", background_color=0xFF8040C0)
    shown = stage.shot(CAMERA)
    outside = cv2.dilate(truth, np.ones((61, 61), np.uint8)) == 0
    assert (shown[..., 3] == 255).all()
    assert np.abs(np.median(shown[outside][:, :3], axis=0) - (0x80, 0x40, 0xC0)).max() <= 1


def _detail(image: Image, where: np.ndarray) -> float:
    """Return the contrast of detail smaller than about 30 pixels, in grey levels."""
    grey = cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_BGR2GRAY)
    grey = grey.astype(np.float32)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 8.0))[where].std())


def test_blur_keeps_the_person_sharp_and_the_room_unrecognisable(stage: Stage) -> None:
    picture, truth = person()
    _on(stage, picture, background="blur", blur_strength=32.0)
    shown = stage.shot(CAMERA)
    inside = cv2.erode(truth, np.ones((61, 61), np.uint8)) == 255
    outside = cv2.dilate(truth, np.ones((81, 81), np.uint8)) == 0
    assert (shown[..., 3] == 255).all()
    assert np.abs(shown[..., :3].astype(int) - picture)[inside].mean() < 0.5
    assert _detail(shown, outside) < 0.12 * _detail(picture, outside)
    # It is the room's own light, not a flat colour.
    light = np.abs(shown[..., :3][outside].mean(axis=0) - picture[outside].mean(axis=0))
    assert light.max() < 12


def test_the_blurred_room_holds_nothing_of_the_person(stage: Stage) -> None:
    picture, truth = person(room=(200, 200, 200))
    _on(stage, picture, background="blur", blur_strength=60.0)
    shown = stage.shot(CAMERA)[..., :3].astype(int)
    near = cv2.dilate(truth, np.ones((121, 121), np.uint8)) > 0
    near &= cv2.dilate(truth, np.ones((51, 51), np.uint8)) == 0
    assert np.abs(shown[near] - 200).mean() < 4


def test_the_blur_follows_the_room(stage: Stage) -> None:
    before, truth = person(room=(200, 40, 40))
    after, _ = person(room=(40, 200, 40))
    _on(stage, before, background="blur", blur_strength=24.0)
    stage.wait_frames(20)
    outside = cv2.dilate(truth, np.ones((81, 81), np.uint8)) == 0
    assert np.abs(stage.shot(CAMERA)[..., :3][outside].astype(int) - (200, 40, 40)).max() <= 3
    stage.obs.request(
        "SetInputSettings",
        {"inputName": CAMERA, "inputSettings": {"file": str(stage.save("after", after))}},
    )
    wait_for(lambda: stage.shot(CAMERA)[600, 60, 1] > 100, 5, "the other room")
    stage.wait_frames(8)
    stage.wait_for_mask()
    assert np.abs(stage.shot(CAMERA)[..., :3][outside].astype(int) - (40, 200, 40)).max() <= 3


def test_a_video_s_colours_and_alpha_are_those_that_obs_shows(stage: Stage, tmp_path: Path) -> None:
    picture, _ = person()
    clear = np.full(picture.shape[:2], 255, np.uint8)
    clear[:, :320] = np.linspace(0, 255, 320).astype(np.uint8)
    frames = [np.dstack((picture, clear))] * 10
    video = write_clip(tmp_path / "alpha.mkv", frames, codec="ffv1", pixels="bgra")
    stage.obs.add_input(SCENE, CAMERA, "ffmpeg_source", {"local_file": str(video), "looping": True})

    def as_it_is() -> bool:
        shown = stage.shot(CAMERA).astype(int)
        colours = np.abs(shown[:, 320:, :3] - picture[:, 320:]).max()
        return bool(colours <= 1 and np.abs(shown[..., 3] - clear).max() <= 1)

    wait_for(lambda: np.abs(stage.shot()[:, 640:, :3].astype(int) - picture[:, 640:]).max() <= 1,
             10, "the video")  # fmt: skip
    wait_for(as_it_is, 5, "what OBS shows")
    stage.add_filter(background="room")
    stage.wait_for_mask()
    wait_for(as_it_is, 5, "the same with the filter")


@pytest.mark.versions
def test_threshold_softness_and_background_change_live(stage: Stage) -> None:
    picture, _ = person()
    _on(stage, picture, background="transparent", threshold=0.5, softness=0.0)

    def coverage() -> float:
        stage.wait_frames(3)
        return float((stage.shot(CAMERA)[..., 3] > 127).mean())

    middle = coverage()
    hard = stage.shot(CAMERA)[..., 3]
    assert ((hard > 8) & (hard < 247)).mean() < 0.005
    stage.set_filter(threshold=0.98)
    assert coverage() < middle
    stage.set_filter(threshold=0.02)
    assert coverage() > middle
    stage.set_filter(threshold=0.5, softness=1.0)
    stage.wait_frames(3)
    soft = stage.shot(CAMERA)[..., 3]
    assert ((soft > 8) & (soft < 247)).mean() > 2 * ((hard > 8) & (hard < 247)).mean() + 0.003
    stage.set_filter(background="color", background_color=0xFF0000FF)
    stage.wait_frames(3)
    shown = stage.shot(CAMERA)
    assert (shown[..., 3] == 255).all()
    assert (np.abs(shown[:40, :40, :3].astype(int) - (0, 0, 255)) <= 1).all()


def test_switching_off_shows_the_camera_and_on_again_the_cut_out(stage: Stage) -> None:
    picture, _ = person()
    _on(stage, picture, background="transparent")
    stage.set_filter(active=False)
    stage.wait_frames(3)
    shown = stage.shot(CAMERA)
    assert np.abs(shown[..., :3].astype(int) - picture).max() <= 1
    stage.set_filter(active=True)
    stage.wait_for_mask()
    assert (stage.shot(CAMERA)[..., 3] == 0).mean() > 0.2


@pytest.mark.parametrize("model", ["selfie_landscape", "selfie_square"])
def test_the_model_can_be_changed_live(stage: Stage, model: str) -> None:
    picture, truth = person()
    _on(stage, picture, background="transparent", model="selfie_square")
    before = stage.channels()[0].alpha_count
    stage.set_filter(model=model, quality="fast")
    stage.wait_frames(15)
    stage.wait_for_mask()
    channel = stage.channels()[0]
    title = {"selfie_landscape": b"Selfie, landscape", "selfie_square": b"Selfie, square"}[model]
    assert channel.report_model.startswith(title)
    assert (channel.want_width, channel.want_height) == (512, 288)
    assert model == "selfie_square" or channel.alpha_count > before
    assert iou(stage.shot(CAMERA)[..., 3] > 127, truth > 127) > 0.85


def test_a_model_that_is_not_there_is_said_and_covered(stage: Stage) -> None:
    picture, truth = person(room=SECRET)
    _never_masked(stage, picture, cover="color", cover_color=0xFF3CB43C)
    channel = stage.channels()[0]
    assert MISSING.encode() in channel.report_error
    assert channel.state == layout.STATE_COVER
    assert np.abs(stage.shot(CAMERA)[..., :3].astype(int) - BACKDROP_BGR).max() <= 1
    stage.set_filter(model="selfie_landscape", background="transparent")
    stage.wait_for_mask()
    assert iou(stage.shot(CAMERA)[..., 3] > 127, truth > 127) > 0.85


@pytest.mark.parametrize("cover", ["blur", "color", "image", "hidden", "camera"])
def test_covers(stage: Stage, cover: str) -> None:
    """A model that cannot be loaded keeps the cover up."""
    picture, _ = person()
    image = stage.save("cover", np.full((90, 160, 3), BACKDROP_BGR, np.uint8))
    _never_masked(stage, picture, cover=cover, cover_color=0xFF3CB43C, cover_image=str(image))
    shown = stage.shot(CAMERA)
    assert shown.shape[:2] == picture.shape[:2]
    if cover == "blur":
        everywhere = np.ones(picture.shape[:2], bool)
        assert _detail(shown, everywhere) < 0.05 * _detail(picture, everywhere)
        assert (shown[..., 3] == 255).all()
    elif cover in ("color", "image"):
        assert np.abs(shown[..., :3].astype(int) - BACKDROP_BGR).max() <= 1
    elif cover == "hidden":
        assert (shown[..., 3] == 0).all()
    else:
        assert np.abs(shown[..., :3].astype(int) - picture).max() <= 1


def test_a_cover_image_that_is_missing_falls_back_to_the_colour(stage: Stage) -> None:
    _never_masked(
        stage, person()[0], cover="image", cover_image="/missing.png", cover_color=0xFF3CB43C
    )
    assert np.abs(stage.shot(CAMERA)[..., :3].astype(int) - BACKDROP_BGR).max() <= 1


def test_a_word_that_is_no_choice_counts_as_the_default(stage: Stage) -> None:
    picture, _ = person()
    stage.picture(CAMERA, picture)
    stage.add_filter(background="blur")
    stage.settle()
    blurred = stage.shot(CAMERA).astype(int)
    stage.set_filter(background="colour", quality="best of all")
    stage.settle()
    # The edge may be drawn differently: finer while read-backs are quick.
    assert np.abs(stage.shot(CAMERA).astype(int) - blurred).mean() < 0.5
    stage.set_filter(background="color")
    stage.settle()
    assert np.abs(stage.shot(CAMERA).astype(int) - blurred).mean() > 10


def test_a_source_of_another_size_gets_a_mask_again(stage: Stage) -> None:
    picture, _ = person()
    _on(stage, picture, background="transparent")
    for size in ((640, 480), (1920, 1080), (200, 360)):
        other, truth = person(size=size)
        path = stage.save("resized", other)
        stage.obs.request(
            "SetInputSettings", {"inputName": CAMERA, "inputSettings": {"file": str(path)}}
        )
        time.sleep(0.3)
        stage.wait_for_mask()
        shown = stage.shot(CAMERA)
        assert shown.shape[:2] == other.shape[:2]
        if size[0] > size[1]:
            assert iou(shown[..., 3] > 127, truth > 127) > 0.8


def test_a_source_with_its_own_alpha_keeps_it(stage: Stage) -> None:
    picture, truth = person()
    rgba = np.dstack([picture, truth])
    _on(stage, rgba, background="transparent")
    shown = stage.shot(CAMERA)
    inside = cv2.erode(truth, np.ones((61, 61), np.uint8)) == 255
    assert (shown[..., 3][truth == 0] == 0).all()
    assert np.abs(shown[..., :3].astype(int) - picture)[inside & (shown[..., 3] == 255)].max() <= 1
    assert (shown[..., 3][inside] == 255).mean() > 0.98


def test_the_size_of_the_source_never_changes(stage: Stage) -> None:
    stage.picture(CAMERA, person()[0])
    item = stage.obs.request(
        "GetSceneItemId", {"sceneName": "Scene", "sourceName": CAMERA}
    )["sceneItemId"]  # fmt: skip

    def size() -> tuple[float, float]:
        answer = stage.obs.request(
            "GetSceneItemTransform", {"sceneName": "Scene", "sceneItemId": item}
        )["sceneItemTransform"]
        return answer["sourceWidth"], answer["sourceHeight"]

    stage.wait_frames(2)
    assert size() == SIZE
    stage.add_filter(cover="hidden")
    for _ in range(20):
        assert size() == SIZE
        time.sleep(0.03)
    stage.wait_for_mask()
    assert size() == SIZE
