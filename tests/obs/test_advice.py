"""What is done about a poor picture: advice in the status, and another scene while it is empty."""

from __future__ import annotations

import time

import numpy as np

from tests.obs.stage import CAMERA, SCENE, SECRET, Stage, person, wait_for


def test_a_dark_picture_is_named_in_the_status_and_a_switch_turns_that_off(stage: Stage) -> None:
    picture, _ = person()
    dark = [np.clip(picture * 0.12 + more, 0, 255).astype(np.uint8) for more in (0, 1)]
    files = [str(stage.save(f"dark{number}", image)) for number, image in enumerate(dark)]
    stage.picture(CAMERA, dark[0])
    stage.add_filter()
    stage.wait_for_mask()
    turns = iter(range(10_000))

    def says() -> bool:
        # A picture that stands still is not looked at again.
        file = files[next(turns) % 2]
        stage.obs.request(
            "SetInputSettings", {"inputName": CAMERA, "inputSettings": {"file": file}}
        )  # fmt: skip
        time.sleep(0.2)
        return b"dark" in stage.channels()[0].status

    wait_for(says, 20, "the advice")
    stage.set_filter(advice=False)
    wait_for(lambda: b"dark" not in stage.channels()[0].status, 5, "no advice")


def test_the_scene_is_switched_while_nobody_is_there(stage: Stage) -> None:
    """In Studio Mode, too; a scene chosen meanwhile stays, a missing one is named."""
    picture, _ = person(room=SECRET)
    empty, full = (
        {"file": str(stage.save(name, image))}
        for name, image in (("empty", np.full_like(picture, SECRET)), ("full", picture))
    )

    def camera(settings: dict[str, str]) -> None:
        stage.obs.request("SetInputSettings", {"inputName": CAMERA, "inputSettings": settings})

    def choose(name: str) -> None:
        stage.obs.request("SetCurrentProgramScene", {"sceneName": name})

    def program_is(name: str) -> None:
        def there() -> bool:
            found = stage.obs.request("GetCurrentProgramScene")["currentProgramSceneName"]
            shown = stage.shot(SCENE)[..., :3].astype(int)
            assert not (np.abs(shown - SECRET).max(axis=2) < 40)[:60].any()
            return bool(found == name)

        wait_for(there, 15, f"{name} on program")

    away, other = "Away", "Other"
    for name in (away, other):
        stage.obs.request("CreateScene", {"sceneName": name})
    try:
        with stage.anything_said():
            stage.picture(CAMERA, picture)
            stage.add_filter(
                background="color", nobody="scene", nobody_scene=away, nobody_seconds=1.0
            )
            stage.wait_for_mask()
            camera(empty)
            program_is(away)
            camera(full)
            program_is(SCENE)
            stage.obs.request("SetStudioModeEnabled", {"studioModeEnabled": True})
            camera(empty)
            program_is(away)
            camera(full)
            program_is(SCENE)
            camera(empty)
            program_is(away)
            choose(other)
            program_is(other)
            camera(full)
            choose(SCENE)
            wait_for(lambda: not stage.channels()[0].away, 10, "the person")
            program_is(SCENE)
            stage.set_filter(nobody_scene="Nowhere")
            camera(empty)
            wait_for(lambda: b"Nowhere" in stage.channels()[0].status, 10, "the missing scene")
            program_is(SCENE)
    finally:
        stage.obs.request("SetStudioModeEnabled", {"studioModeEnabled": False})
        choose(SCENE)
