"""Why there is no worker: as a value, and in the user's language."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from vb_link import exit_status, processor
from vb_link.texts import say

# OBS's log gets a line for each end, but no more than MOST_LINES within LINES_SECONDS.
MOST_LINES, LINES_SECONDS = 5, 60.0


@dataclass(frozen=True)
class Missing:
    """The worker's environment, with this Python, does not exist."""

    python: Path

    def text(self, texts: dict[str, str]) -> str:
        """Return the problem as a sentence."""
        return say(texts, "Status.NoEnvironment", detail=self.python)


@dataclass(frozen=True)
class NotStarted:
    """The system could not start it."""

    reason: str

    def text(self, texts: dict[str, str]) -> str:
        """Return the problem as a sentence."""
        return say(texts, "Status.WorkerFailed", detail=self.reason)


@dataclass(frozen=True)
class Ended:
    """It ended with this exit status and these last words, if any."""

    code: int
    last_words: str = ""

    def reason(self, texts: dict[str, str]) -> str:
        """Return the signal or the exit status in words."""
        name = exit_status.name(self.code)
        meaning = texts.get(f"Ended.{name}", "")
        what = f"{name}: {meaning}" if meaning else name
        if not exit_status.is_crash(self.code):
            words = say(texts, "Ended.Status", status=name)
            # Only here: its last words do not explain a crash.
            return f"{words}: {self.last_words}" if self.last_words else words
        if self.code < 0:
            return say(texts, "Ended.Signal", number=-self.code, what=what)
        return say(texts, "Ended.Code", what=what)

    def text(self, texts: dict[str, str]) -> str:
        """Return the problem as a sentence."""
        return say(texts, "Status.WorkerEnded", detail=self.reason(texts))


@dataclass(frozen=True)
class Unfit:
    """This processor lacks these instruction sets, so restarting the worker is no use."""

    sets: tuple[str, ...]

    def text(self, texts: dict[str, str]) -> str:
        """Return the problem as a sentence."""
        return say(texts, "Status.Processor", sets=", ".join(self.sets))


Problem = Union[Missing, NotStarted, Ended, Unfit]


def of_end(code: int, last_words: str) -> Ended | Unfit:
    """Return the problem behind a worker's exit status."""
    if code == processor.EXIT_STATUS:
        return Unfit(tuple(processor.lacking()))
    return Ended(code, last_words)


class EndLines:
    """Rate-limited log lines about the worker's ends: the next line counts those left out."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._written: deque[float] = deque(maxlen=MOST_LINES)
        self._left_out = 0

    def line(self, end: Ended, texts: dict[str, str]) -> str:
        """Return the log line about an end, or "" if the limit is reached."""
        now = self._now()
        if len(self._written) == MOST_LINES and now - self._written[0] < LINES_SECONDS:
            self._left_out += 1
            return ""
        self._written.append(now)
        line = say(texts, "Note.WorkerEnded", reason=end.reason(texts))
        if self._left_out:
            line += " " + say(texts, "Note.WorkerEndedMore", count=self._left_out)
            self._left_out = 0
        return line
