"""What the status advises where the mask must be poor."""

from __future__ import annotations

import time

import numpy as np

from tests.obs.stage import CAMERA, Stage, person, wait_for


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
