"""A scene whose own background is to be a file that cannot be used yet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.obs.own_backgrounds import change_own, give_own, wait_for_background
from tests.obs.stage import CAMERA, SCENE, Stage, person

# OBS's 0xAABBGGRR and the same as BGR
DEFAULT, COVER = 0xFF20C020, 0xFF808080
DEFAULT_BGR, COVER_BGR, OWN_BGR = (32, 192, 32), (128, 128, 128), (16, 32, 192)


def test_a_scene_shows_the_camera_s_until_its_own_file_is_good(
    stage: Stage, tmp_path: Path
) -> None:
    def comes(colour: tuple[int, int, int]) -> None:
        wait_for_background(stage, SCENE, colour)

    def stays(colour: tuple[int, int, int]) -> None:
        stage.wait_frames(10)
        comes(colour)

    picture, _ = person()
    stage.picture(CAMERA, picture)
    stage.add_filter(background="color", background_color=DEFAULT, cover="color", cover_color=COVER)
    give_own(stage, SCENE)
    comes(DEFAULT_BGR)
    no_picture = tmp_path / "no picture.png"
    no_picture.write_text("words")
    stage.expected += ["no picture.png"]
    for path in ("", str(no_picture)):
        change_own(stage, SCENE, background="image", background_image=path)
        stays(DEFAULT_BGR)
    stage.set_filter(background="room")
    comes(COVER_BGR)  # it was not chosen for this scene
    stage.set_filter(background="color")
    good = stage.save("own", np.full((90, 160, 3), OWN_BGR, np.uint8))
    change_own(stage, SCENE, background_image=str(good))
    comes(OWN_BGR)
    change_own(stage, SCENE, background_image=str(no_picture))
    stays(OWN_BGR)
