"""Keeps the machine busy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vb_demo.child_guard import Guarded


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Let so many processes take all the time they get."""
    running = [Guarded([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.end()
