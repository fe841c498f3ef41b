"""State that must outlive a Reload of the script and a change of the scene collection.

OBS runs the script again in the same interpreter, but the Lua half stays loaded and holds the
address of the shared memory: both are kept in a module without a file, which nothing reloads.
"""

from __future__ import annotations

import sys
import types
from typing import Any

_NAME = "_obs_virtual_background_survivors"


def survivors() -> Any:
    """Return the namespace.

    ``memory``, ``wake`` (the worker's), ``script_wake``, ``lua`` (a ``lua_half.Loaded`` or None),
    ``set_up`` (a ``set_up.Running`` or None), ``epoch``, ``requests_done`` (of the segment's
    count), ``ui_task`` and ``on_ui`` (see ``ui_tasks``), ``press``, ``on_press``, ``panel_close``
    and ``on_panel_close`` (see ``presses`` and ``panel_closings``), ``websocket`` and ``vendor``
    (see ``remote_events``), ``away`` (see ``away_scene``).
    """
    module = sys.modules.get(_NAME)
    if module is None:
        module = types.ModuleType(_NAME)
        vars(module).update(
            memory=None, wake=None, script_wake=None, lua=None, set_up=None, epoch=0,
            requests_done=0, ui_task=None, on_ui=None, press=None, on_press=None,
            panel_close=None, on_panel_close=None, websocket=0, vendor=0,
            away=None,
        )  # fmt: skip
        sys.modules[_NAME] = module
    return module


def next_epoch() -> int:
    """Return a number no earlier worker of this OBS had."""
    kept = survivors()
    kept.epoch += 1
    # The last worker could write to the header: the new one must find a valid one.
    kept.memory.sign()
    return int(kept.epoch)
