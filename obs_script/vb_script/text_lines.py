"""Texts broken into lines, for rows whose size must not change with what they say.

OBS's own word wrap would make a row wider and higher with its text. In Tools > Scripts both move
the rows above: the width of the panel decides in how many lines the description above it is
broken, and OBS keeps its relative scroll position when its height changes.
"""

from __future__ import annotations

import re
import unicodedata

COLUMNS = 32  # Latin letters that fit into the window as OBS opens it

# A word with the space before it, or one wide letter with the marks that never begin a line.
_WIDE = r"\u2e80-\uffef"
_PART = re.compile(rf" *[^ {_WIDE}]+| *[{_WIDE}][、。」)\uff09]*| +")


def broken(text: str, columns: int = COLUMNS) -> list[str]:
    """Return the lines of a text, each at most ``columns`` Latin letters wide."""
    lines = []
    for line in text.split("\n"):
        made = ""
        for part in _parts(line, columns):
            if made and _width(made + part) > columns:
                lines.append(made)
                made = part.lstrip(" ")
            else:
                made += part
        lines.append(made)
    return lines


def padded(text: str, fewest: int) -> str:
    """Return a text broken into lines, at least ``fewest`` of them."""
    lines = broken(text)
    lines += [" "] * (fewest - len(lines))
    return "\n".join(lines)


def _parts(line: str, columns: int) -> list[str]:
    """Return what a line may be broken between; a longer word than a line is cut."""
    parts = []
    for part in _PART.findall(line):
        parts += [part[at : at + columns] for at in range(0, len(part), columns)]
    return parts


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
