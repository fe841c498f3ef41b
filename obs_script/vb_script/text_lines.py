"""Texts broken into lines, for rows whose size must not change with what they say.

OBS's own word wrap would make a row wider and higher with its text. In Tools > Scripts both move
the rows above: the width of the panel decides in how many lines the description above it is
broken, and OBS keeps its relative scroll position when its height changes.

A list is as wide as its longest entry and cannot be broken, so its entries are shortened.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable

# Letters as wide as an n that fit into the window as OBS opens it, and into a list there. OBS's own
# buttons on the left take more room in some languages: these hold where it speaks Japanese.
COLUMNS, ENTRY_COLUMNS = 25, 12

# Widths of letters in proportional fonts (Open Sans, which OBS's themes use, and DejaVu Sans).
_WIDEST, _NARROW = frozenset("mwMW@%■□"), frozenset(" !'(),-./:;I[\\]fijlrt|")
_SIGNS = frozenset("#&+<=>^~…")
_GAP = "…"

# A word with the space before it, or one wide letter with the marks that never begin a line.
_WIDE = r"\u2e80-\uffef"
_WIDE_LETTER = re.compile(rf"[{_WIDE}]")
_PART = re.compile(rf" *[^ {_WIDE}]+| *[{_WIDE}][、。」)\uff09]*| +")


def broken(text: str, columns: int = COLUMNS) -> list[str]:
    """Return the lines of a text, each at most ``columns`` wide."""
    lines = []
    for line in text.split("\n"):
        made = ""
        for part in _parts(line, columns):
            if made and width(made + part) > columns:
                lines.append(made)
                made = part.lstrip(" ")
            else:
                made += part
        lines.append(made)
    return lines


def padded(text: str, fewest: int) -> str:
    """Return a text broken into lines, at least ``fewest`` of them, all of one height.

    Wide letters, as in the name of a scene, may come from another font, whose lines are higher: an
    ideographic space makes the lines without them as high, whatever the panel's language.
    """
    lines = broken(text)
    lines += [" "] * (fewest - len(lines))
    return "\n".join(line if _WIDE_LETTER.search(line) else f"{line}\u3000" for line in lines)


def short_entries(names: Iterable[str], columns: int = ENTRY_COLUMNS) -> list[str]:
    """Return names shortened in the middle, each at most ``columns`` wide; no two are alike."""
    made: list[str] = []
    for name in names:
        short, number = _shortened(name, columns), 1
        while short in made:
            number += 1
            mark = f" ({number})"
            short = _shortened(name, columns - width(mark)) + mark
        made.append(short)
    return made


def _shortened(name: str, columns: float) -> str:
    """Return a name's two ends: what differs between names is often the last word."""
    if width(name) <= columns:
        return name
    short = _GAP
    for kept in range(1, len(name)):
        longer = name[: (kept + 1) // 2] + _GAP + name[len(name) - kept // 2 :]
        if width(longer) > columns:
            break
        short = longer
    return short


def _parts(line: str, columns: int) -> list[str]:
    """Return what a line may be broken between; a longer word than a line is cut."""
    parts = []
    for word in _PART.findall(line):
        part = ""
        for letter in word:
            if part and width(part + letter) > columns:
                parts.append(part)
                part = ""
            part += letter
        parts.append(part)
    return parts


def width(text: str) -> float:
    """Return how much room a text takes, in widths of an n."""
    return sum(map(_letter_width, text))


@functools.cache
def _letter_width(letter: str) -> float:
    if letter in _NARROW:
        return 0.7
    if letter in _WIDEST:
        return 1.6
    if unicodedata.east_asian_width(letter) in "WF":
        return 2.0
    return 1.3 if letter.isupper() or letter in _SIGNS else 1.0
