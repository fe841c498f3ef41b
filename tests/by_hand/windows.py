"""What a program's windows show: names, kinds, positions and values of the widgets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.by_hand.desk import Desk

Box = tuple[int, int, int, int]  # x, y, width, height on the screen
_OPENING_SECONDS = 60.0


@dataclass(frozen=True)
class Widget:
    """``role`` and ``states`` are AT-SPI's; ``value`` is a slider's or a number field's."""

    role: str
    name: str
    states: frozenset[str]
    box: Box
    text: str
    value: float
    range: tuple[float, float]
    holds: tuple[Widget, ...]

    @property
    def middle(self) -> tuple[int, int]:
        x, y, width, height = self.box
        return x + width // 2, y + height // 2

    def all(self) -> Iterator[Widget]:
        """Yield itself and everything in it, from top to bottom."""
        yield self
        for widget in self.holds:
            yield from widget.all()

    def find(self, role: str, name: str | None = None) -> list[Widget]:
        return [
            widget
            for widget in self.all()
            if widget.role == role and (name is None or widget.name == name)
        ]


def _widget(told: dict[str, Any]) -> Widget:
    return Widget(
        told["role"],
        told["name"],
        frozenset(told["states"]),
        tuple(told["box"]),
        told.get("text") or "",
        told.get("value", 0.0),
        tuple(told.get("range", (0.0, 0.0))),
        tuple(_widget(part) for part in told.get("holds", ())),
    )


class WindowsError(Exception):
    """The program no longer reports its windows."""


class Windows:
    """Reads the windows of the program with that process id on ``desk``."""

    def __init__(self, desk: Desk, pid: int) -> None:
        self._desk, self._pid = desk, pid
        self._reader = desk.reader()
        deadline = time.monotonic() + _OPENING_SECONDS
        while self._ask("") is None:
            assert time.monotonic() < deadline, "The program never told of its windows."
            # The reader never updates its first list of the programs on the bus: start another.
            desk.end(self._reader)
            desk.announce()
            time.sleep(2.0)
            self._reader = desk.reader()

    def read(self, skipped: str = "OBS ") -> list[Widget]:
        """Return the open windows, without those whose titles begin with ``skipped``.

        Raises WindowsError if the program has ended.
        """
        told = self._ask(skipped)
        if told is None:
            raise WindowsError("The program is gone.")
        return [_widget(part) for part in told]

    def _ask(self, skipped: str) -> list[dict[str, Any]] | None:
        stdin, stdout = self._reader.stdin, self._reader.stdout
        assert stdin is not None and stdout is not None
        stdin.write(f"{self._pid} {skipped}\n")
        stdin.flush()
        answer: list[dict[str, Any]] | None = json.loads(stdout.readline())
        return answer
