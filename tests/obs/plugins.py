"""Third-party OBS plugins: which are installed, and what they need in a scene collection.

They are the Debian packages in obs_packages.PLUGINS, unpacked into a folder by ``install.py test``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.obs.stage import Stage
from vb_install.obs_packages import PLUGINS_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get(PLUGINS_VARIABLE) or ROOT / ".test-data" / "obs-plugins")

CLONE = "source-clone"  # the kind of an input
KEYER, SWITCHER, MANAGER = "downstream-keyer", "advanced-scene-switcher", "scene-collection-manager"
# The manager's hotkeys.
BACK_UP, LOAD_BACKUP = "backup_scene_collection", "load_last_backup_scene_collection"
SWITCH_MS = 700  # from one scene to the next


def environment() -> dict[str, str]:
    """Return the environment variables that let OBS load the installed plugins."""
    found = list(FOLDER.glob("usr/lib/**/obs-plugins"))
    if not found:
        return {}
    return {
        "OBS_PLUGINS_PATH": str(found[0]),
        "OBS_PLUGINS_DATA_PATH": str(FOLDER / "usr" / "share" / "obs" / "obs-plugins"),
    }


def loaded(stage: Stage, name: str) -> bool:
    """Whether OBS has loaded the plugin of that name."""
    modules = stage.obs.log().split("Loaded Modules:", 1)[-1].split("-----", 1)[0]
    return any(name in line for line in modules.splitlines())


def need(stage: Stage, name: str) -> None:
    if not loaded(stage, name):
        pytest.skip(f"Debian's obs-{name} is not on this machine")


def modules(first: str, second: str, keyed: str) -> dict[str, Any]:
    """Return the plugins' data in a scene collection.

    The scene switcher alternates between two scenes, and the keyer shows ``keyed`` over everything.
    """
    sequence = [
        {"startTargetType": 0, "startScene": start, "targetType": 0, "target": target,
         "transition": "Current Transition"}
        for start, target in ((first, second), (second, first))
    ]  # fmt: skip
    return {
        "advanced-scene-switcher": {
            "active": True,
            "startup_behavior": 1,
            "interval": SWITCH_MS,
            "sceneRoundTrip": sequence,
        },
        "downstream_keyers_channel": 7,
        "downstream_keyers": [{"name": "Title", "scenes": [{"name": keyed}], "scene": keyed}],
    }
