"""Which models ended the worker: one that did so again and again is not given to the next one."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from vb_link import limits

# Ended from outside: by a user, by a system that was short of memory.
_NOT_ITS_FAULT = {
    -int(getattr(signal, name))
    for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
    if hasattr(signal, name)
}


class Blame:
    """The deaths of this OBS's workers while they were at a model."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._deaths: dict[str, list[float]] = {}
        self._refused: set[str] = set()

    def note(self, model: str, code: int) -> None:
        """Count a worker's end with exit status ``code`` at ``model``; "": it was at none."""
        if not model or code == 0 or code in _NOT_ITS_FAULT:
            return
        now = self._now()
        recent = [at for at in self._deaths.get(model, []) if now - at < limits.DEATHS_SECONDS]
        self._deaths[model] = [*recent, now]
        if len(self._deaths[model]) >= limits.MODEL_DEATHS:
            self._refused.add(model)

    def refused(self) -> list[str]:
        """Return the models that are not to be run again."""
        return sorted(self._refused)
