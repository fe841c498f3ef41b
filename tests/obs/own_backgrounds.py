"""Scenes with their own backgrounds in a running OBS, and which background is shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.obs.stage import Image, Stage, wait_for
from vb_link.settings import SCENE_FILTER_ID

SCENE_FILTER = "Own background"


def give_own(stage: Stage, scene: str, **settings: Any) -> None:
    """Give a scene a background of its own."""
    stage.obs.add_filter(scene, SCENE_FILTER, SCENE_FILTER_ID, settings)


def change_own(stage: Stage, scene: str, **settings: Any) -> None:
    """Change a scene's own background."""
    stage.obs.set_filter(scene, SCENE_FILTER, settings)


def add_to(stage: Stage, scene: str, source: str) -> None:
    """Add a source to a scene."""
    answer = stage.obs.request("CreateSceneItem", {"sceneName": scene, "sourceName": source})
    stage.obs.fit_item(scene, int(answer["sceneItemId"]))


def show(stage: Stage, scene: str) -> None:
    """Put a scene on program."""
    stage.obs.request("SetCurrentProgramScene", {"sceneName": scene})


def set_transition(stage: Stage, name: str, milliseconds: int) -> None:
    """Choose the transition."""
    stage.obs.request("SetCurrentSceneTransition", {"transitionName": name})
    if name != "Cut":
        stage.obs.request("SetCurrentSceneTransitionDuration", {"transitionDuration": milliseconds})


def corner(picture: Image) -> Any:
    """Return the colour of the picture's upper left corner, where no person is."""
    return picture[20:80, 20:80, :3].reshape(-1, 3).astype(int).mean(axis=0)


def is_seen(picture: Image, colour: tuple[int, int, int], tolerance: float = 3.0) -> bool:
    """Return whether that colour is behind the person."""
    return bool(np.abs(corner(picture) - colour).max() <= tolerance)


def wait_for_background(
    stage: Stage, scene: str, colour: tuple[int, int, int], what: str = "the background"
) -> None:
    """Wait until that colour is behind the person in a scene.

    Where a busy OBS stands still for a moment, the cover is drawn once more.
    """
    wait_for(lambda: is_seen(stage.shot(scene), colour), 10, f"{what} of {scene}")
