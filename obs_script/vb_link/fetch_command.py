"""What the worker's command prints while it installs the recommended model."""

from __future__ import annotations

import re

from vb_link.settings import RECOMMENDED_MODEL

TITLE, SIZE = "PP-HumanSeg", "6 MB"
WORDS = ("models", "install", RECOMMENDED_MODEL)
_PERCENT = re.compile(r"\b(\d{1,3})%\|")  # of its progress bar
_REASON = re.compile(r"could not be downloaded \((.*)\)\.$")


def percent_of(line: str) -> int | None:
    """Return how far it is if this line is the progress bar's, else None."""
    found = _PERCENT.search(line)
    return int(found[1]) if found else None


def reason(last_line: str) -> str:
    """Return why it failed, from its last line."""
    said = last_line.strip().removeprefix("virtual-background: ")
    said = said.partition(" Get it on another computer")[0]
    found = _REASON.search(said)
    return found[1] if found else said.rstrip(".") or "no reason given"
