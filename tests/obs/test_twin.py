"""Ours beside OBS's own Color Correction filter with all values 0: see twin.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import write_clip
from tests.obs.stage import SCENE, Stage
from tests.obs.twin import Backdrop, Seen, Twins, card, faded, obs_colour
from tests.twins.states import COLOURS, MODES, SIZE, TRANSFORMS

BACKGROUNDS = ("color", "blur", "transparent", "room", "image")


def _same(seen: Seen, levels: int, what: str) -> None:
    assert seen.greatest <= levels, f"{what}: {seen}"


def background_settings(stage: Stage, background: str) -> dict[str, Any]:
    """Return the settings of a background; a picture's proportions are not the camera's."""
    settings = {"background": background}
    if background == "image":
        settings["background_image"] = str(stage.save("behind", card((500, 200), 1)))
    return settings


@pytest.mark.versions
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_camera_is_scaled_turned_and_cropped_as_with_a_stock_filter(
    stage: Stage, background: str
) -> None:
    Backdrop(stage, (30, 60, 200))
    twins = Twins.of_picture(stage, card(SIZE), **background_settings(stage, background))
    for name, transform in TRANSFORMS.items():
        twins.transform(**transform)
        _same(twins.seen(), 1, f"{name}, canvas")
        _same(twins.seen(stage.shot()), 1, f"{name}, screenshot of the scene")


def test_pixels_are_copied_at_one_to_one_and_only_there(stage: Stage) -> None:
    twins = Twins.of_picture(stage, card(SIZE))
    twins.transform(positionX=30.0, positionY=7.0)
    shown = twins.seen()
    _same(shown, 0, "one to one")
    assert np.array_equal(shown.ours[7 : 7 + SIZE[1], 30 : 30 + SIZE[0]], card(SIZE))
    twins.transform(scaleX=0.5, scaleY=0.5)
    nearest = card(SIZE)[1::2, 1::2]
    assert (twins.seen().ours[: nearest.shape[0], : nearest.shape[1]] != nearest).mean() > 0.2


def _video(tmp_path: Path) -> dict[str, Any]:
    """A video with an alpha: OBS draws such sources in a different way."""
    video = write_clip(tmp_path / "a.mkv", [faded(card(SIZE))] * 10, codec="ffv1", pixels="bgra")
    return {"local_file": str(video), "looping": True}


def _kinds(stage: Stage, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Return the arguments for Twins, by what makes the camera half transparent."""
    image = {"file": str(stage.save("own", faded(card(SIZE))))}
    opaque = {"file": str(stage.save("opaque", card(SIZE)))}
    half = np.zeros(SIZE[::-1], np.uint8)
    # Where alpha rounds to 0 colour remains that OBS itself does not draw consistently.
    half[:, 100:] = np.linspace(8, 255, SIZE[0] - 100).astype(np.uint8)
    mask = {"image_path": str(stage.save("mask", half)), "type": "mask_color_filter.effect"}
    return {
        "own alpha": {"kind": "image_source", "settings": image},
        "video": {"kind": "ffmpeg_source", "settings": _video(tmp_path)},
        "faded": {
            "kind": "image_source", "settings": opaque,
            "below": [("color_filter_v2", {"opacity": 0.4})],
        },
        "keyed": {
            "kind": "image_source", "settings": opaque,
            "below": [("chroma_key_filter_v2", {"similarity": 300, "smoothness": 400})],
        },
        "masked": {"kind": "image_source", "settings": opaque,
                   "below": [("mask_filter_v2", mask)]},
    }  # fmt: skip


@pytest.mark.versions
@pytest.mark.parametrize("kind", ["own alpha", "video", "faded", "keyed", "masked"])
def test_a_half_transparent_camera_is_blended_as_with_a_stock_filter(
    stage: Stage, kind: str, tmp_path: Path
) -> None:
    below = Backdrop(stage, (0, 0, 0))
    twins = Twins(stage, **_kinds(stage, tmp_path)[kind], background="blur")
    stage.wait_frames(8)
    for background in ("blur", "room", "transparent"):
        twins.set(background=background)
        for name, colour in COLOURS.items():
            below.paint(colour)
            _same(twins.seen(), 2, f"{kind}, {background}, over {name}")
        for transform in ("a third", "cropped"):
            twins.transform(**TRANSFORMS[transform])
            _same(twins.seen(), 2, f"{kind}, {background}, {transform}")
        twins.transform(**TRANSFORMS["one to one"])


@pytest.mark.parametrize("kind", ["own alpha", "faded", "keyed", "masked"])
def test_a_half_transparent_camera_lies_over_a_colour_and_a_picture_as_over_any_source(
    stage: Stage, kind: str, tmp_path: Path
) -> None:
    """The twin lies over a source that shows the same as our background."""
    behind = stage.save("behind", card(SIZE, 1))
    below = Backdrop(stage, (0, 0, 0))
    picture = stage.obs.add_input(
        SCENE, "Twin's picture", "image_source", {"file": str(behind)}, fit=False
    )
    place = {"sceneName": SCENE, "sceneItemId": picture}
    move = {"sceneItemTransform": {"positionX": stage.obs.size[0] / 2, "positionY": 0.0}}
    stage.obs.request("SetSceneItemTransform", {**place, **move})
    stage.obs.request("SetSceneItemEnabled", {**place, "sceneItemEnabled": False})
    twins = Twins(stage, **_kinds(stage, tmp_path)[kind])
    for name, colour in COLOURS.items():
        below.paint(colour)
        twins.set(background_color=obs_colour(colour))
        _same(twins.seen(), 2, f"{kind}, colour, over {name}")
    stage.obs.request("SetSceneItemEnabled", {**place, "sceneItemEnabled": True})
    twins.set(background="image", background_image=str(behind))
    stage.wait_frames(8)
    shown = twins.seen()
    _same(Seen(shown.ours[: SIZE[1], : SIZE[0]], shown.twin[: SIZE[1], : SIZE[0]]), 2, "image")


def test_every_blend_mode_is_that_of_a_stock_filter(stage: Stage) -> None:
    Backdrop(stage, (90, 160, 220))
    twins = Twins.of_picture(stage, faded(card(SIZE)), background="blur")
    stage.wait_frames(8)
    for mode in MODES:
        twins.blend(f"OBS_BLEND_{mode}")
        for background in ("blur", "room", "transparent"):
            twins.set(background=background)
            _same(twins.seen(), 2, f"{mode}, {background}")
