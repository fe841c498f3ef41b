"""Functions for OBS to call that hold on to nothing once the script is unloaded.

OBS keeps the callbacks of an unloaded script until it ends itself, and with each all that it
refers to: after a Reload the whole script, once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_held: list[list[Callable[..., Any]]] = []


def held(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain function, as obspython wants them, that calls ``function``."""
    holder = [function]
    _held.append(holder)

    def callback(*arguments: Any) -> Any:
        return holder[0](*arguments) if holder else None

    return callback


def let_go() -> None:
    """Make all those functions do nothing."""
    for holder in _held:
        holder.clear()
    _held.clear()
