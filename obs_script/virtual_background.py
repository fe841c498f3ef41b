"""Virtual Background for OBS Studio: add this file in Tools > Scripts.

It registers the filter "Virtual Background" and runs the worker that finds the person. All of
the work is in the folders beside this file; OBS calls the functions below.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

_FOLDER = str(Path(__file__).resolve().parent)
if _FOLDER not in sys.path:
    sys.path.insert(0, _FOLDER)
# OBS's Reload runs this file again but not what it imports: forget that, so that it does.
_OURS = ("vb_script", "vb_link", "vb_doctor", "vb_install")
for _name in [name for name in sys.modules if name.split(".")[0] in _OURS]:
    del sys.modules[_name]

from vb_script import application  # noqa: E402


def script_description() -> str:
    return application.description()


def script_load(settings: Any) -> None:
    application.load(settings)


def script_update(settings: Any) -> None:
    application.update(settings)


def script_save(settings: Any) -> None:
    application.save(settings)


def script_unload() -> None:
    application.unload()


def script_properties() -> Any:
    return application.properties()
