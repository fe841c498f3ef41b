"""A model that crashes the worker whenever it runs: no room is shown, and masks come back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import hostile_models
from tests.obs.conftest import worker_pids
from tests.obs.secret_room import ENDED
from tests.obs.stage import CAMERA, SECRET, person, room_pixels, wait_for
from vb_link import folders, limits
from vb_worker.catalogue import quarantine
from vb_worker.models.manifest_reader import load
from vb_worker.units import results

MARGIN = 24


def test_a_model_that_ends_the_worker_each_time_gives_way(
    start_obs: Callable[..., Any], data_folder: Path
) -> None:
    folder = folders.user_models_dir()
    folder.mkdir(exist_ok=True)
    path = hostile_models.put(folder, "endless", hostile_models.endless_loop())
    results.note_tried(quarantine.key_of(load(path)))  # it passed when it was tried
    try:
        # The worker's Python prints nothing about its crash.
        with start_obs(environment={"PYTHONFAULTHANDLER": ""}) as stage:
            picture, truth = person(room=SECRET)
            stage.picture(CAMERA, picture)
            stage.add_filter(background="color", cover="color")
            stage.wait_for_mask()
            channel = stage.channels()[0]
            stage.set_filter(model="endless")
            pids = set()
            for _ in range(limits.MODEL_DEATHS):
                (pid,) = wait_for(
                    lambda: [pid for pid in worker_pids(stage.obs.pid) if pid not in pids],
                    10, "a worker",
                )  # fmt: skip
                wait_for(lambda: channel.report_model == b"Hostile", 10, "the model")
                stage.wait_frames(10)
                # The mask of the unchanged picture, or the cover.
                assert room_pixels(stage.shot()[..., :3], truth, MARGIN) == 0
                channel.report_model = b""
                stage.expected.append(ENDED)
                os.kill(pid, signal.SIGSEGV)
                pids.add(pid)
            stage.wait_for_mask()
            assert b"ModelEnded" in channel.report_refused
            assert channel.report_model == b"Selfie, square"
            assert room_pixels(stage.shot()[..., :3], truth, MARGIN) == 0
            (last,) = worker_pids(stage.obs.pid)
            stage.wait_frames(60)
            assert worker_pids(stage.obs.pid) == [last]
    finally:
        for path in folder.glob("endless.*"):
            path.unlink()
