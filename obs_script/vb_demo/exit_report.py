"""How an OBS ended, by what its log says."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class ExitReport:
    """How an OBS ended: ``clean`` is False for a crash or a kill; ``leaks`` as its log says."""

    clean: bool
    leaks: int | None
    log: str


def of(log: str, clean: bool) -> ExitReport:
    """Return the report of an OBS with this log; ``clean``: it ended by itself with status 0."""
    leaks = re.findall(r"Number of memory leaks: (\d+)", log)
    return ExitReport(clean and bool(leaks), int(leaks[-1]) if leaks else None, log)
