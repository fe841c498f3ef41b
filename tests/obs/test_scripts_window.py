"""The script reloaded, removed and added by the buttons of OBS's own window: no room is seen.

OBS drops a removed script's settings; its hotkeys keep their keys.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.obs.conftest import worker_pids
from tests.obs.scripts_window import ScriptsWindow
from tests.obs.secret_room import SIZE, SecretRoom
from tests.obs.stage import CAMERA, FILTER, Stage, wait_for
from vb_demo.obs_session import SCRIPT
from vb_link import folders

pytestmark = pytest.mark.skipif(
    shutil.which("xdotool") is None, reason="pressing OBS's buttons needs Debian's xdotool"
)


KEY = "OBS_KEY_F9"


def test_reload_remove_and_add(start_obs: Callable[..., Any], data_folder: Path) -> None:
    scripts = ((SCRIPT, {"hotkey_next": [{"key": KEY}]}),)
    with start_obs(width=SIZE[0], height=SIZE[1], scripts=scripts) as stage:
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
        _next_by_its_key(stage)
    (data_folder / folders.HOTKEYS).unlink()


def _next_by_its_key(stage: Stage) -> None:
    """Press the key for the next background and wait for that."""
    assert _background(stage) == "color"
    stage.obs.request("TriggerHotkeyByKeySequence", {"keyId": KEY})
    wait_for(lambda: _background(stage) == "blur", 20, "the next background by its key")


def _background(stage: Stage) -> Any:
    names = {"sourceName": CAMERA, "filterName": FILTER}
    return stage.obs.request("GetSourceFilter", names)["filterSettings"]["background"]
