"""A late OBS is eased, and the status says how and why; a user's own choice is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.obs import painted
from tests.obs.stage import CAMERA, FILTER, SCENE, wait_for
from vb_demo.obs_session import SCRIPT
from vb_link import layout

LATE = Path(__file__).resolve().parent / "scripts" / "late.lua"
StartObs = Callable[..., Any]


def test_in_a_late_obs_less_is_done_down_to_the_users_floor(
    start_obs: StartObs, data_folder: Path, tmp_path: Path
) -> None:
    model = painted.install_model(data_folder / "models", "red_is_person_slowly", layers=6)
    video = painted.clip(tmp_path / "numbered.mp4")
    late = tmp_path / "late"
    scripts: tuple[tuple[Path, dict[str, Any]], ...] = ((SCRIPT, {}), (LATE, {}))
    with start_obs(scripts=scripts, environment={"LATE_FILE": str(late)}) as stage:
        stage.obs.add_input(
            SCENE, CAMERA, "ffmpeg_source", {"local_file": str(video), "looping": True}
        )
        stage.add_filter(model=model, governor="balanced", quality="best", lowest_rate=15.0)
        stage.add_filter(name="Left alone", model=model, quality="balanced")
        stage.wait_for_mask(2)
        eased, alone = stage.channels()
        late.touch()
        wait_for(lambda: eased.every == 2, 30, "a lower rate")
        wait_for(lambda: eased.eased_quality == b"balanced", 30, "a lower quality")
        said = (
            b"OBS is late, so less is done: quality Balanced, edges in one picture of 2."
        )
        wait_for(lambda: said in eased.status, 20, "the status")
        before = eased.drawn_frames, eased.frame_count
        stage.wait_frames(40)
        drawn, sent = eased.drawn_frames - before[0], eased.frame_count - before[1]
        assert 0 < sent <= drawn / 2 + 2
        assert eased.every == 2, "below the user's floor"
        assert (alone.every, alone.eased_quality) == (1, b"")
        assert b"less is done" not in alone.status
        late.unlink()
        # Changing the quality by itself never shows the cover.
        stage.wait_for_mask(2)
        assert eased.state == layout.STATE_MASK
        stage.set_filter(name=FILTER, governor="off")
        wait_for(
            lambda: (eased.every, eased.eased_quality) == (1, b""), 6, "the user's choice again"
        )
