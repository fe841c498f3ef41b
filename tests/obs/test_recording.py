"""What OBS records of a moving camera decodes and shows the person over the background."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.obs.stage import BACKDROP, BACKDROP_BGR, CAMERA, SCENE, Stage, frames_of, iou
from vb_demo import clip


@pytest.mark.versions
def test_a_recording_shows_the_moving_person_over_the_background(
    stage: Stage, tmp_path: Path
) -> None:
    video, truth = tmp_path / "clip.mp4", tmp_path / "truth.mkv"
    clip.make_clip(video, width=1280, height=720, fps=30, seconds=3.0, truth=truth)
    stage.obs.add_input(SCENE, CAMERA, "ffmpeg_source", {"local_file": str(video), "looping": True})
    stage.add_filter(background="color", background_color=BACKDROP)
    stage.wait_for_mask()
    with stage.obs.recording() as files:
        time.sleep(3.0)
    frames = frames_of(files[0])
    assert len(frames) > 45
    alphas = [cv2.resize(frame[..., 0], (320, 180)) > 127 for frame in frames_of(truth)]
    scores = []
    for frame in frames[::5]:
        small = cv2.resize(frame, (320, 180), interpolation=cv2.INTER_AREA).astype(int)
        shown = np.abs(small - BACKDROP_BGR).max(axis=2) > 40
        # The recording does not say which frame of the clip it is: take the best fit.
        scores.append(max(iou(shown, alpha) for alpha in alphas))
    assert min(scores) > 0.85
    assert float(np.median(scores)) > 0.92
