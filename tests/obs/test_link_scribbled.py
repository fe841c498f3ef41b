"""Another process writes random bytes into a running OBS's shared memory: no crash, no room, and
everything recovers afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.obs.scribble import shared_path
from tests.obs.secret_room import ENDED, SIZE, SecretRoom
from tests.obs.stage import wait_for
from vb_link import layout
from vb_link.settings import FILTER_ID

ROOT = Path(__file__).resolve().parents[2]
StartObs = Callable[..., Any]


def _scribble(room: SecretRoom, seed: int, seconds: float, size: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'obs_script'}"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.obs.scribble", "--pid", str(room.stage.obs.pid),
         "--seed", str(seed), "--seconds", str(seconds), "--bytes", str(size)],
        env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


@pytest.mark.parametrize("size", [1, 4096])
def test_random_bytes_all_over_the_memory(
    start_obs: StartObs, data_folder: Path, size: int
) -> None:
    with start_obs(width=SIZE[0], height=SIZE[1]) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        stage.wait_for_mask()
        # Whatever the worker logs about it is fine.
        with stage.anything_said(), room.watched():
            writer = _scribble(room, seed=size, seconds=6.0, size=size)
            step = 0
            while writer.poll() is None:
                step += 1
                room.move((step % 8) / 2)
                stage.set_filter(softness=(step % 10) / 10)
                if step == 5:
                    stage.obs.add_filter("Camera", "Second", FILTER_ID, {"cover": "hidden"})
                time.sleep(0.15)
            assert writer.stdout is not None
            assert int(writer.stdout.read()) > 1000
            # The worker may have stopped, or have settings that nobody made.
            room.renew()
            wait_for(room.masked, 10, "the mask")
        states = [channel.state for channel in stage.channels()]
        assert states == [layout.STATE_MASK] * (2 if step >= 5 else 1)
        wait_for(
            lambda: all(b"ms" in channel.status for channel in stage.channels()),
            10,
            "a status line",
        )


def test_strokes_that_nobody_made(start_obs: StartObs, data_folder: Path) -> None:
    with start_obs(width=SIZE[0], height=SIZE[1]) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        stage.wait_for_mask()
        channel = stage.channels()[0]
        masks = int(channel.alpha_count)
        with stage.anything_said(), room.watched():
            for step in range(200):
                # A part of the room that an object may fill.
                channel.stroke_kinds[0] = layout.STROKE_KEEP
                channel.stroke_edges[:4] = [0.02, 0.05, 0.3, 0.5]
                channel.eased_sequence += 1
                if step % 25 == 0:
                    room.move((step // 25 % 8) / 2)
                time.sleep(0.01)
            wait_for(lambda: channel.alpha_count > masks + 10, 20, "masks")
            wait_for(room.masked, 20, "the mask")


def test_the_memory_cannot_be_cut_short_or_found_by_a_name(
    start_obs: StartObs, data_folder: Path
) -> None:
    with start_obs(width=SIZE[0], height=SIZE[1]) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        stage.wait_for_mask()
        path = shared_path(stage.obs.pid)
        assert path.stat().st_mode & 0o077 == 0 or path.stat().st_nlink == 0
        with room.watched():
            descriptor = os.open(path, os.O_RDWR)
            with pytest.raises(PermissionError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)
            with pytest.raises(PermissionError):
                os.truncate(path, 4096)
            # No named shared memory is left behind.
            assert not [path for path in Path("/dev/shm").iterdir() if "virtual" in path.name]
            os.kill(room.worker(), signal.SIGKILL)
            stage.expected.append(ENDED)
            wait_for(room.masked, 20, "the mask")
