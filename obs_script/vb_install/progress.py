"""Shows the progress of long steps: one changing line on a terminal, else plain lines."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import TextIO

_EVERY = 1.0


class Progress:
    """A long step. Use as a context manager; ``note`` sets how far it is."""

    def __init__(self, title: str, out: TextIO | None = None) -> None:
        self._title = title
        self._out = out or sys.stdout
        self._live = self._out.isatty()
        self._started = time.monotonic()
        self._note = ""
        self._end = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Progress:
        if self._live:
            self._ticker.start()
        else:
            self._write(f"{self._title} ...\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        if self._live:
            self._ticker.join()
            self._write("\r\x1b[K")
        word = "done" if error is None else "failed"
        self._write(f"{self._title}: {word} in {self.seconds:.0f} s\n")

    @property
    def seconds(self) -> float:
        """Seconds since the step started."""
        return time.monotonic() - self._started

    def note(self, text: str) -> None:
        """Set what is being worked on now."""
        self._note = text
        if not self._live:
            self._write(f"  {text} ({self.seconds:.0f} s)\n")

    def _tick(self) -> None:
        while not self._end.wait(_EVERY):
            width = shutil.get_terminal_size().columns - 1
            line = f"{self._title}: {self.seconds:.0f} s  {self._note}"
            self._write("\r\x1b[K" + line[:width])

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
