"""A late OBS is relieved, and the status says how and why; a user's own choice is left alone.

Relief for a late OBS never shows more of the room.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.obs import painted
from tests.obs.stage import CAMERA, FILTER, SCENE, Image, Stage, wait_for
from vb_demo import clip
from vb_demo.obs_session import SCRIPT
from vb_link import layout

LATE = Path(__file__).resolve().parent / "scripts" / "late.lua"
StartObs = Callable[..., Any]

CLIP_SIZE, CLIP_SECONDS, FPS = (640, 360), 4.0, 30
SHOTS = 12
NEAR = 9  # pixels at the edge that do not count as room


def test_in_a_late_obs_less_is_done_down_to_the_users_floor(
    start_obs: StartObs, data_folder: Path, tmp_path: Path
) -> None:
    model = painted.install_model(data_folder / "models", "red_is_person_slowly", layers=3)
    video = painted.clip(tmp_path / "numbered.mp4")
    late = tmp_path / "late"
    scripts: tuple[tuple[Path, dict[str, Any]], ...] = ((SCRIPT, {}), (LATE, {}))
    # Small: an OBS of very few frames a second draws each with its own mask, at any rate.
    with start_obs(
        width=CLIP_SIZE[0], height=CLIP_SIZE[1], preview=False, scripts=scripts,
        environment={"LATE_FILE": str(late)},
    ) as stage:  # fmt: skip
        stage.obs.add_input(
            SCENE, CAMERA, "ffmpeg_source", {"local_file": str(video), "looping": True}
        )
        stage.add_filter(model=model, governor="balanced", quality="best", lowest_rate=15.0)
        stage.add_filter(name="Left alone", model=model, quality="balanced")
        stage.wait_for_mask(2)
        # Which of the two is drawn first, and has the first channel, is a matter of chance.
        alone, eased = sorted(stage.channels(), key=lambda channel: channel.governor == b"balanced")
        late.touch()

        def each_with_its_own() -> bool:
            # An OBS of a few frames a second draws each with its own mask: no rate can go then.
            return bool(eased.delay_frames)

        wait_for(lambda: eased.every == 2 or each_with_its_own(), 30, "a lower rate")
        wait_for(lambda: eased.eased_quality == b"balanced", 60, "a lower quality")
        said = b"OBS is late, so less is done: quality Balanced"
        wait_for(lambda: said in eased.status, 20, "the status")
        assert eased.every <= 2, "below the user's floor"
        slow, before = each_with_its_own(), (eased.drawn_frames, eased.frame_count)
        stage.wait_frames(40)
        drawn, sent = eased.drawn_frames - before[0], eased.frame_count - before[1]
        assert sent > 0
        assert sent <= drawn / 2 + 2 or slow or each_with_its_own()
        assert (alone.every, alone.eased_quality) == (1, b"")
        assert b"less is done" not in alone.status
        late.unlink()
        # A change of quality by the governor never shows the cover.
        stage.wait_for_mask(2)
        assert eased.state == layout.STATE_MASK
        stage.set_filter(name=FILTER, governor="off")
        wait_for(
            lambda: (eased.every, eased.eased_quality) == (1, b""), 6, "the user's choice again"
        )


class ClipTruth:
    """The frames of a clip that plays in OBS: which one is shown, and where its room is."""

    def __init__(self, path: Path) -> None:
        width, height = CLIP_SIZE
        clip.make_clip(path, width=width, height=height, fps=FPS, seconds=CLIP_SECONDS)
        made = [
            clip.frame(number / FPS, width, height, period=CLIP_SECONDS, noise=False)
            for number in range(clip.frame_count(FPS, CLIP_SECONDS))
        ]
        self._gray = np.stack([_gray(picture) for picture, _ in made])
        self._alphas = [alpha for _, alpha in made]

    def room_share(self, shot: Image) -> float:
        """Return how much of its frame's room is in a picture, BGRA uint8: 0 to 1."""
        seen = cv2.resize(shot[..., 3], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) > 250
        assert seen.mean() > 0.05, "nobody is seen"
        difference = np.abs(self._gray - _gray(shot[..., :3]))[:, seen].mean(axis=1)
        person = self._alphas[int(difference.argmin())] > 0
        near = np.ones((2 * NEAR + 1, 2 * NEAR + 1), np.uint8)
        room = cv2.dilate(person.astype(np.uint8), near) == 0
        return float(shot[..., 3][room].mean() / 255)

    def mean_share(self, stage: Stage) -> float:
        shares = []
        for _ in range(4 * SHOTS):
            shot = stage.shot(CAMERA)
            if shot[..., 3].min() < 255:  # else the cover is drawn, and no room
                shares.append(self.room_share(shot))
            stage.wait_frames(5)
            if len(shares) == SHOTS:
                return float(np.mean(shares))
        raise AssertionError("the cover is drawn most of the time")


def _gray(picture: Image) -> npt.NDArray[np.float32]:
    small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)


def test_a_late_obs_shows_no_more_of_the_room_than_balanced_at_rest(
    start_obs: StartObs, tmp_path: Path
) -> None:
    truth = ClipTruth(tmp_path / "person.mp4")
    late = tmp_path / "late"
    with start_obs(
        width=CLIP_SIZE[0], height=CLIP_SIZE[1], preview=False, scripts=((SCRIPT, {}), (LATE, {})),
        environment={"LATE_FILE": str(late)},
    ) as stage:  # fmt: skip
        stage.obs.add_input(
            SCENE, CAMERA, "ffmpeg_source",
            {"local_file": str(tmp_path / "person.mp4"), "looping": True},
        )  # fmt: skip
        stage.add_filter(background="transparent", quality="balanced")
        stage.wait_for_mask()
        at_rest = truth.mean_share(stage)
        # Quality "best" has more steps to take: the rate, then the quality.
        stage.set_filter(governor="balanced", quality="best")
        late.touch()
        (channel,) = stage.channels()
        wait_for(lambda: channel.every > 1 or channel.delay_frames, 30, "a lower rate")
        wait_for(lambda: channel.eased_quality == b"balanced", 60, "a lower quality")
        stage.wait_for_mask()
        when_late = truth.mean_share(stage)
        assert channel.eased_quality == b"balanced", "it was not late all the time"
        late.unlink()
    print(f"room share: at rest {at_rest:.4f}, late {when_late:.4f}")
    assert when_late <= at_rest + 0.01, (at_rest, when_late)
