"""Which models ended the worker: one that did so again and again is not given to the next one."""

from __future__ import annotations

import time
from collections.abc import Callable

from vb_link import exit_status, limits


class Blame:
    """The deaths of this OBS's workers while they were at a model."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._deaths: dict[str, list[float]] = {}
        self._refused: set[str] = set()

    def note(self, model: str, code: int) -> None:
        """Count a worker's end with exit status ``code`` at ``model``; "": it was at none."""
        if not model or code == 0 or exit_status.from_outside(code):
            return
        now = self._now()
        recent = [at for at in self._deaths.get(model, []) if now - at < limits.DEATHS_SECONDS]
        self._deaths[model] = [*recent, now]
        if len(self._deaths[model]) >= limits.MODEL_DEATHS:
            self._refused.add(model)

    def refused(self) -> list[str]:
        """Return the models that are not to be run again."""
        return sorted(self._refused)
