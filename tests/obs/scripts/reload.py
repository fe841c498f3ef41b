"""Does to the product's script what OBS's own buttons do, when RELOAD_FOLDER/go is there and the
transition is changed: that event comes on the window's thread, as a button's press does.

``go`` empty is Reload in OBS's own order: script_unload, re-execution of the module, script_load.
``unload`` in it is the script's removal, ``load`` its being added again. A file named ``done``
says that it has been through, and holds how many copies of the script there still are. (OBS keeps
the callbacks of each, as it does after its own Reload.)
"""

import gc
import importlib
import os
import sys
from pathlib import Path

import obspython as obs

_FOLDER = Path(os.environ["RELOAD_FOLDER"])


def _on_event(event: int) -> None:
    go = _FOLDER / "go"
    if event == obs.OBS_FRONTEND_EVENT_TRANSITION_CHANGED and go.exists():
        what = (go.read_text() or "unload load").split()
        go.unlink()
        module = sys.modules["virtual_background"]
        if "unload" in what:
            module.script_unload()
        if "load" in what:
            importlib.reload(module)
            module.script_load(None)
        gc.collect()
        (_FOLDER / "doing").write_text(str(_copies()))
        (_FOLDER / "doing").rename(_FOLDER / "done")


def _copies() -> int:
    return sum(type(held).__name__ == "Application" for held in gc.get_objects())


def script_load(settings: object) -> None:
    obs.obs_frontend_add_event_callback(_on_event)


def script_unload() -> None:
    obs.obs_frontend_remove_event_callback(_on_event)
