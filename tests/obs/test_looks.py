"""Outputs, zones and looks: each does what it says, and when off changes no byte."""

from __future__ import annotations

import os
import time
from typing import Any

import cv2
import numpy as np
import pytest

from tests.obs.stage import CAMERA, SCENE, SECRET, SIZE, Image, Stage, iou, person, wait_for

COLOUR, COLOUR_BGR = 0xFF3060F0, (0x30, 0x60, 0xF0)
# The value that each slider is set to.
LOOKS = {
    "light_wrap": 1.0,
    "decontaminate": 1.0,
    "grow": 20.0,
    "feather": -20.0,
    "shadow": 1.0,
    "match": 1.0,
}


def _on(stage: Stage, **settings: Any) -> tuple[Image, Image]:
    picture, truth = person()
    stage.picture(CAMERA, picture)
    stage.add_filter(**{"background": "color", "background_color": COLOUR, **settings})
    stage.wait_for_mask()
    stage.settle(8)
    return picture, truth


def _after(stage: Stage, *, frames: int = 6, covered: bool = False, **settings: Any) -> Image:
    stage.set_filter(**settings)
    if covered:
        stage.wait_frames(frames)
    else:
        stage.settle(frames)
    return stage.shot(CAMERA)


def _one(look: str, value: float) -> dict[str, Any]:
    return {look: value}


def _reach(alpha: Image) -> float:
    """Return the width of the person's head, in pixels, where alpha is above a half."""
    row = alpha[300, :, 0].astype(float) / 255
    return float(row.sum())


@pytest.mark.parametrize("look", list(LOOKS))
def test_a_look_changes_the_picture_and_off_is_the_same_bytes_as_before(
    stage: Stage, look: str
) -> None:
    _on(stage)
    before = stage.shot(CAMERA)
    changed = _after(stage, **_one(look, LOOKS[look]))
    assert np.abs(changed.astype(int) - before).max() > 20
    again = _after(stage, **_one(look, 0.0))
    assert (again == before).all()


def test_grow_and_shrink_move_the_edge_by_pixels_of_a_1080_line_picture(stage: Stage) -> None:
    _on(stage, output="alpha")
    plain = _reach(stage.shot(CAMERA))
    scale = SIZE[1] / 1080
    for pixels in (-24.0, -9.0, 9.0, 24.0):
        moved = (_reach(_after(stage, grow=pixels)) - plain) / 2
        assert abs(moved - pixels * scale) < 3.0, pixels


def test_feather_fades_to_the_side_it_says(stage: Stage) -> None:
    _on(stage, output="alpha")
    plain = stage.shot(CAMERA)[..., 0].astype(int)
    outward = _after(stage, feather=30.0)[..., 0].astype(int)
    inward = _after(stage, feather=-30.0)[..., 0].astype(int)
    # The matte has half the picture's lines: an edge may differ by two pixels.
    cross = np.ones((5, 5), np.uint8)
    least, most = (
        change(plain.astype(np.uint8), cross).astype(int) for change in (cv2.erode, cv2.dilate)
    )
    assert (outward >= least - 6).all() and (inward <= most + 6).all()
    for faded in (outward, inward):
        half = ((faded > 40) & (faded < 215)).sum()
        assert half > 2.5 * ((plain > 40) & (plain < 215)).sum()


def test_the_outputs(stage: Stage) -> None:
    picture, truth = _on(stage)
    alpha = _after(stage, output="alpha")
    assert (alpha[..., 3] == 255).all()
    assert (alpha[..., 0] == alpha[..., 2]).all()
    assert iou(alpha[..., 0] > 127, truth > 127) > 0.9
    alone = _after(stage, output="background")
    assert np.abs(alone[..., :3].astype(int) - COLOUR_BGR).max() <= 1
    inverted = _after(stage, output="inverted")[..., :3].astype(int)
    inside = cv2.erode(truth, np.ones((61, 61), np.uint8)) == 255
    outside = cv2.dilate(truth, np.ones((61, 61), np.uint8)) == 0
    assert (np.abs(inverted - COLOUR_BGR).max(axis=2)[inside] <= 2).mean() > 0.99
    assert (np.abs(inverted - picture).max(axis=2)[outside] <= 2).mean() > 0.99


@pytest.mark.parametrize("background", ["color", "blur", "image"])
def test_all_looks_at_once_are_what_they_are_one_by_one(stage: Stage, background: str) -> None:
    """OBS binds eight textures per draw call: what needs more is drawn in two steps."""
    image = np.full((90, 160, 3), COLOUR_BGR, np.uint8)
    image[:, 80:] = (200, 200, 40)
    looks = {look: LOOKS[look] for look in ("light_wrap", "decontaminate", "match", "grow")}
    _on(stage, background=background, background_image=str(stage.save("image", image)), **looks)
    stage.wait_frames(60)  # the brightness match settles
    before = stage.shot(CAMERA).astype(int)
    # Each changes a known part and nothing else.
    stage.obs.add_input(
        SCENE, "Layer", "color_source_v3", {"color": 0xFF804020, "width": 64, "height": 64}
    )
    marked = _after(
        stage, frames=30,
        zone1="drop", zone1_left=0.47, zone1_right=0.53, zone1_top=0.4, zone1_bottom=0.5,
        front_source="Layer", front_scale=0.1, front_x=0.1, front_y=0.1,
        behind_source="Layer", behind_scale=0.1, behind_x=0.9, behind_y=0.1,
    ).astype(int)  # fmt: skip
    for x in (128, 1152):
        assert np.abs(marked[72, x, :3] - (0x80, 0x40, 0x20)).max() <= 1
    changed = np.abs(marked - before).max(axis=2)
    for left, top, right, bottom in (
        (64, 36, 192, 108),
        (1088, 36, 1216, 108),
        (600, 287, 680, 361),
    ):
        area = changed[top - 2 : bottom + 2, left - 2 : right + 2]
        assert (area > 8).mean() > 0.5
        area[:] = 0
    assert np.percentile(changed, 99.9) <= 3 and changed.mean() < 0.5


def test_layers_and_clean_up_have_their_own_colours_where_the_rest_is_transparent(
    stage: Stage,
) -> None:
    _on(stage, background="transparent")
    before = stage.shot(CAMERA).astype(int)
    stage.obs.add_input(
        SCENE, "Layer", "color_source_v3", {"color": 0xFF804020, "width": 64, "height": 64}
    )
    shown = _after(
        stage, frames=30, decontaminate=1.0,
        front_source="Layer", front_scale=0.1, front_x=0.1, front_y=0.1,
    ).astype(int)  # fmt: skip
    assert np.abs(shown[72, 128] - (0x80, 0x40, 0x20, 255)).max() <= 1
    assert (shown[650:, :100, 3] == 0).all()
    # Inside the person nothing is to be cleaned, and at its edge little.
    full = (before[..., 3] == 255) & (shown[..., 3] == 255)
    full[:120, :200] = False
    assert np.percentile(np.abs(shown - before).max(axis=2)[full], 99) <= 2
    edge = (before[..., 3] > 64) & (before[..., 3] < 255)
    assert np.abs((shown - before)[edge][:, :3]).mean() < 40


def test_rectangles_keep_and_drop(stage: Stage) -> None:
    picture, _ = _on(
        stage,
        zone1="keep", zone1_left=0.0, zone1_top=0.0, zone1_right=0.2, zone1_bottom=0.25,
        zone2="drop", zone2_left=0.45, zone2_top=0.3, zone2_right=0.6, zone2_bottom=0.5,
    )  # fmt: skip
    shown = stage.shot(CAMERA)[..., :3].astype(int)
    assert np.abs(shown - picture)[4:176, 4:252].max() <= 1
    assert np.abs(shown - COLOUR_BGR)[220:356, 580:764].max() <= 1
    # Dropped wins over kept: what is to be hidden is hidden.
    both = _after(
        stage, zone3="keep", zone3_left=0.45, zone3_top=0.3, zone3_right=0.6, zone3_bottom=0.5
    )
    assert np.abs(both[..., :3].astype(int) - COLOUR_BGR)[220:356, 580:764].max() <= 1
    off = _after(stage, zone1="off", zone2="off", zone3="off")[..., :3].astype(int)
    assert np.abs(off - COLOUR_BGR)[4:176, 4:252].max() <= 1
    assert (np.abs(off - picture)[240:340, 600:740] <= 1).mean() > 0.99


def test_painted_zones_keep_and_drop_and_hide_all_until_they_are_there(stage: Stage) -> None:
    paint = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    paint[:180, :256] = (0, 255, 0, 255)
    paint[216:360, 576:768] = (0, 0, 255, 255)
    file = stage.folder / "paint.png"
    cv2.imwrite(str(file), paint)
    picture, _ = _on(stage, zone_picture=str(file))

    def kept() -> bool:
        shown = stage.shot(CAMERA)[..., :3].astype(int)
        return bool(np.abs(shown - picture)[4:176, 4:252].max() <= 1)

    wait_for(kept, 8, "the kept zone")
    shown = stage.shot(CAMERA)[..., :3].astype(int)
    assert np.abs(shown - COLOUR_BGR)[220:356, 580:764].max() <= 1
    # What is painted into the file later applies as well.
    paint[:180, :256] = 0
    paint[:180, 1024:] = (0, 255, 0, 255)
    cv2.imwrite(str(file), paint)
    later = time.time() + 5  # OBS compares file times in whole seconds
    os.utime(file, (later, later))

    def painted_anew() -> bool:
        shown = stage.shot(CAMERA)[..., :3].astype(int)
        return bool(
            np.abs(shown - picture)[4:176, 1028:].max() <= 1
            and np.abs(shown - COLOUR_BGR)[4:176, 4:252].max() <= 1
        )

    wait_for(painted_anew, 12, "the zones as they are painted now")
    # A painting that cannot be read might hide a door: the cover is shown.
    stage.expected.append("gone.png")
    gone = stage.folder / "gone.png"
    covered = _after(
        stage, frames=30, covered=True,
        zone_picture=str(gone), cover="color", cover_color=0xFF102030,
    )[..., :3].astype(int)  # fmt: skip
    assert np.abs(covered - (0x10, 0x20, 0x30)).max() <= 1


def test_clean_up_takes_the_room_s_colour_out_of_the_edge(stage: Stage) -> None:
    picture, truth = person(room=SECRET)
    stage.picture(CAMERA, picture)
    stage.add_filter(background="color", background_color=0xFF404040, softness=1.0)
    stage.wait_for_mask()
    stage.wait_frames(8)

    def cyan(shown: Image) -> float:
        blue, green, red = (shown[..., index].astype(float) for index in range(3))
        edge = (cv2.dilate(truth, np.ones((41, 41), np.uint8)) > 0) & (truth < 250)
        return float(np.clip(np.minimum(blue, green) - red, 0, None)[edge].mean())

    plain = cyan(stage.shot(CAMERA))
    clean = cyan(_after(stage, decontaminate=1.0))
    assert plain > 1 and clean < 0.6 * plain


def test_the_shadow_falls_on_the_background_only(stage: Stage) -> None:
    picture, truth = _on(stage)
    shown = _after(stage, shadow=1.0)[..., :3].astype(int)
    inside = cv2.erode(truth, np.ones((61, 61), np.uint8)) == 255
    assert (np.abs(shown - picture).max(axis=2)[inside] <= 2).mean() > 0.99
    away = cv2.dilate(truth, np.ones((201, 201), np.uint8)) == 0
    assert np.abs(shown - COLOUR_BGR)[away].max() <= 2
    near = (cv2.dilate(truth, np.ones((61, 61), np.uint8)) > 0) & (
        cv2.dilate(truth, np.ones((25, 25), np.uint8)) == 0
    )
    dark = (shown[..., 2] < COLOUR_BGR[2] - 30) & near
    assert dark.sum() > 0.04 * near.sum()
    # The shadow falls down and to the right.
    middle = int(np.nonzero(truth)[1].mean())
    assert dark[:, middle:].sum() > 3 * dark[:, :middle].sum()


def test_match_moves_the_person_s_brightness_towards_the_background_s(stage: Stage) -> None:
    _, truth = _on(stage, background_color=0xFF101010)
    inside = cv2.erode(truth, np.ones((31, 31), np.uint8)) == 255

    def brightness(shown: Image) -> float:
        return float(cv2.cvtColor(shown, cv2.COLOR_BGRA2GRAY)[inside].mean())

    plain = brightness(stage.shot(CAMERA))
    darker = brightness(_after(stage, frames=40, match=1.0))
    half = brightness(_after(stage, frames=40, match=0.5))
    brighter = brightness(_after(stage, frames=60, match=1.0, background_color=0xFFF0F0F0))
    assert darker < half < plain < brighter


def test_brighten_me_lights_the_person_alone_and_leaves_the_alpha(stage: Stage) -> None:
    picture, truth = person(room=SECRET)
    dark = np.clip((picture / 255.0) ** 2.2 * 0.12, 0, 1) ** (1 / 2.2) * 255
    dark[truth == 0] = SECRET
    stage.picture(CAMERA, dark.astype(np.uint8))
    stage.add_filter(background="color", background_color=COLOUR, advice=False)
    stage.wait_for_mask()
    stage.wait_frames(8)
    before = stage.shot(CAMERA)[..., :3].astype(int)
    outside = cv2.dilate(truth, np.ones((61, 61), np.uint8)) == 0
    inside = cv2.erode(truth, np.ones((31, 31), np.uint8)) == 255
    stage.set_filter(brighten=1.0)

    def brightened() -> bool:
        shown = stage.shot(CAMERA)[..., :3].astype(int)
        assert (shown == before)[outside].all()
        return bool(shown[inside].mean() > 1.4 * before[inside].mean())

    wait_for(brightened, 10, "the person in more light")
    stage.settle()
    # The match measures the brightened person, so that nobody is brightened twice.
    level = 80
    stage.set_filter(match=1.0, background_color=0xFF000000 + 0x010101 * level)

    def matched() -> bool:
        shown = stage.shot(CAMERA)
        return abs(float(cv2.cvtColor(shown, cv2.COLOR_BGRA2GRAY)[inside].mean()) - level) < 8

    wait_for(matched, 10, "the person as bright as the background")
    stage.set_filter(match=0.0, background_color=COLOUR)
    alphas = []
    for brighten in (1.0, 0.0):
        stage.set_filter(brighten=brighten, output="alpha")
        stage.settle()
        alphas.append(stage.shot(CAMERA))
    assert (alphas[0] == alphas[1]).all()
    stage.set_filter(output="cutout")

    def is_as_before() -> bool:
        return bool((stage.shot(CAMERA)[..., :3].astype(int) == before).all())

    wait_for(is_as_before, 5, "as it was, byte for byte")
