"""What a person can find wrong with a window."""

from __future__ import annotations

from enum import Enum


class Fault(Enum):
    """The value is the word for it in a report."""

    CRASH = "crashes"
    LIST_CLOSED = "lists_closed"
    CURSOR_LOST = "cursors_lost"
    ROW_MOVED = "rows_moved"
    WINDOW_MOVED = "windows_moved"
    WINDOW_CLOSED = "windows_closed"
    WRONG_VALUE = "wrong_values"
    UNUSABLE = "unusable"  # there is no such row, or it does not do its job


class HandError(AssertionError):
    """One fault. ``pixels`` is how far a row has moved."""

    def __init__(self, fault: Fault, message: str, pixels: int = 0) -> None:
        super().__init__(message)
        self.fault = fault
        self.pixels = pixels
