"""OBS's Safe Mode (30 and later), which loads no scripts, and the start after it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.obs import screen
from tests.obs.secret_room import SIZE, SecretRoom
from tests.obs.stage import CAMERA, FILTER, wait_for
from vb_demo.obs_session import ObsSession
from vb_link.settings import FILTER_ID, LOCK

StartObs = Callable[..., Any]
pytestmark = pytest.mark.versions
LOOK_SECONDS = 4.0


def _has_safe_mode() -> bool:
    told = subprocess.run(["obs", "--help"], capture_output=True, text=True, check=False).stdout
    return "--safe-mode" in told


def _seen_in_safe_mode(folder: Path) -> list[int]:
    """Start OBS in Safe Mode on what is in ``folder``; count the room's pixels on its screen."""
    session = ObsSession(folder, width=SIZE[0], height=SIZE[1], arguments=("--safe-mode",))
    session.start(connect=False)
    try:
        wait_for(lambda: "Safe Mode enabled" in session.log(), 30, "Safe Mode")
        wait_for(
            lambda: (screen.picture(session.display_name) > 60).mean() > 0.01, 30, "OBS's window"
        )
        seen = []
        end = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            seen.append(screen.room_in(screen.picture(session.display_name)))
            time.sleep(0.05)
    finally:
        report = session.stop()
    assert report.clean, report.log[-2000:]
    return seen


@pytest.mark.parametrize("lock", [False, True], ids=["open", "locked"])
def test_safe_mode_and_the_start_after_it(
    start_obs: StartObs, tmp_path: Path, data_folder: Path, lock: bool
) -> None:
    if not _has_safe_mode():
        pytest.skip("this OBS has no Safe Mode")
    options: dict[str, Any] = {"width": SIZE[0], "height": SIZE[1]}

    def filters(stage: Any) -> list[str]:
        found = stage.obs.request("GetSourceFilterList", {"sourceName": CAMERA})["filters"]
        return [item["filterName"] for item in found]

    with start_obs(**options) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        if lock:
            stage.set_filter(lock=True)
            wait_for(lambda: LOCK in filters(stage), 10, "the lock")
        wait_for(room.masked, 20, "the mask")
        before = filters(stage)
    seen = _seen_in_safe_mode(tmp_path / "obs")
    assert len(seen) > 10
    if lock:
        assert max(seen) == 0, "the room is seen in Safe Mode"
    else:
        assert max(seen) > 5000, "there is nothing to be safe from"
    with start_obs(**options) as stage:
        room = SecretRoom(stage, data_folder)
        with room.watched():
            wait_for(room.masked, 20, "the mask after Safe Mode")
        assert filters(stage) == before
        kinds = stage.obs.request("GetSourceFilterList", {"sourceName": CAMERA})["filters"]
        ours = next(kind for kind in kinds if kind["filterName"] == FILTER)
        assert ours["filterKind"] == FILTER_ID
