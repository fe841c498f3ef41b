"""Does to the product's script what OBS's Reload button does, when RELOAD_FOLDER/go appears.

OBS's own order: script_unload, re-execution of the module, script_load. A file named ``done``
says that it has been through.
"""

import importlib
import os
import sys
from pathlib import Path

import obspython as obs

_FOLDER = Path(os.environ["RELOAD_FOLDER"])


def _check() -> None:
    go = _FOLDER / "go"
    if go.exists():
        go.unlink()
        module = sys.modules["virtual_background"]
        module.script_unload()
        importlib.reload(module)
        module.script_load(None)
        (_FOLDER / "done").touch()


def script_load(settings: object) -> None:
    obs.timer_add(_check, 50)


def script_unload() -> None:
    obs.timer_remove(_check)
