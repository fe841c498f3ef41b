"""Does to the product's script what OBS's Reload button does, when RELOAD_FOLDER/go is there and
the transition is changed: that event comes on the window's thread, as the button's press does.

OBS's own order: script_unload, re-execution of the module, script_load. A file named ``done``
says that it has been through.
"""

import importlib
import os
import sys
from pathlib import Path

import obspython as obs

_FOLDER = Path(os.environ["RELOAD_FOLDER"])


def _on_event(event: int) -> None:
    go = _FOLDER / "go"
    if event == obs.OBS_FRONTEND_EVENT_TRANSITION_CHANGED and go.exists():
        go.unlink()
        module = sys.modules["virtual_background"]
        module.script_unload()
        importlib.reload(module)
        module.script_load(None)
        (_FOLDER / "done").touch()


def script_load(settings: object) -> None:
    obs.obs_frontend_add_event_callback(_on_event)


def script_unload() -> None:
    obs.obs_frontend_remove_event_callback(_on_event)
