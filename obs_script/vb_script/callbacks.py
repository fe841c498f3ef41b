"""Callbacks for OBS that keep nothing alive once the script is unloaded.

OBS keeps the callbacks of an unloaded script until it exits, and with them all that they refer
to: each Reload would leak the whole script.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_targets: list[list[Callable[..., Any]]] = []


def releasable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain function, which obspython requires, that calls ``function``."""
    holder = [function]
    _targets.append(holder)

    def callback(*arguments: Any) -> Any:
        return holder[0](*arguments) if holder else None

    return callback


def let_go() -> None:
    """Turn all these callbacks into no-ops."""
    for holder in _targets:
        holder.clear()
    _targets.clear()
