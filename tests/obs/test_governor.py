"""A late OBS is eased, and the status says how and why; a user's own choice is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.busy import busy
from tests.obs import painted
from tests.obs.stage import CAMERA, FILTER, SCENE, Stage, wait_for
from vb_link import layout


@pytest.fixture(scope="module", autouse=True)
def model(data_folder: Path) -> str:
    """Install a model that takes some ten milliseconds."""
    return painted.install_model(data_folder / "models", "red_is_person_slowly", layers=6)


def test_on_a_busy_machine_less_is_done_down_to_the_users_floor(
    stage: Stage, tmp_path: Path, model: str
) -> None:
    video = painted.clip(tmp_path / "numbered.mp4")
    stage.obs.add_input(SCENE, CAMERA, "ffmpeg_source", {"local_file": str(video), "looping": True})
    stage.add_filter(model=model, governor="balanced", quality="best", lowest_rate=15.0)
    stage.add_filter(name="Left alone", model=model, quality="balanced")
    stage.wait_for_mask(2)
    eased, alone = stage.channels()
    with busy(6):
        wait_for(lambda: eased.every == 2, 60, "a lower rate")
        wait_for(lambda: eased.eased_quality == b"balanced", 60, "a lower quality")
        said = (
            b"Doing less because OBS is late: quality Balanced, you are found anew in one picture"
        )
        wait_for(lambda: said in eased.status, 20, "the status")
        before = eased.drawn_frames, eased.frame_count
        stage.wait_frames(40)
        drawn, sent = eased.drawn_frames - before[0], eased.frame_count - before[1]
        assert 0 < sent <= drawn / 2 + 2
        assert eased.every == 2, "below the user's floor"
        assert (alone.every, alone.eased_quality) == (1, b"")
        assert b"Doing less" not in alone.status
    # Changing the quality by itself never shows the cover.
    stage.wait_for_mask(2)
    assert eased.state == layout.STATE_MASK
    stage.set_filter(name=FILTER, governor="off")
    wait_for(lambda: (eased.every, eased.eased_quality) == (1, b""), 6, "the user's choice again")
