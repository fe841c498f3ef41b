"""The script reloaded, removed and added by the buttons of OBS's own window: no room is seen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.obs.conftest import worker_pids
from tests.obs.scripts_window import ScriptsWindow
from tests.obs.secret_room import SIZE, SecretRoom
from tests.obs.stage import wait_for
from vb_demo.obs_session import SCRIPT

pytestmark = pytest.mark.skipif(
    shutil.which("xdotool") is None, reason="pressing OBS's buttons needs Debian's xdotool"
)


def test_reload_remove_and_add(start_obs: Callable[..., Any], data_folder: Path) -> None:
    with start_obs(width=SIZE[0], height=SIZE[1]) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        stage.wait_for_mask()
        first = room.worker()
        with room.watched():
            window = ScriptsWindow(stage.obs.display_name)
            window.reload(lambda: worker_pids(stage.obs.pid) not in ([], [first]))
            wait_for(room.masked, 20, "the mask after Reload")
            window.remove(lambda: not worker_pids(stage.obs.pid))
            wait_for(room.covered, 5, "the cover without the script")
            stage.set_filter(softness=0.3)
            room.move(1.0)
            stage.wait_frames(10)
            assert room.covered()
            window.add(SCRIPT)
            wait_for(room.masked, 20, "the mask with the script again")
            window.close()
