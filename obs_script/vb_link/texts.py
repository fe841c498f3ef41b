"""Every text the user reads, from one table per language in ``locale/``.

A language is a file of ``Key="text"`` lines, named like OBS's own; what a file lacks is shown in
English. ``{installer}`` in a text is the command that runs install.py on this system.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "locale"
FALLBACK = "en-US"


class SaidError(Exception):
    """An error that the user can do something about: a text key and its placeholders."""

    def __init__(self, key: str, /, **details: object) -> None:
        super().__init__(f"{key} {details}")
        self.key, self.details = key, details

    def text(self, table: dict[str, str]) -> str:
        """Return the sentence in the language of ``table``."""
        return say(table, self.key, **self.details)


def say(table: dict[str, str], key: str, /, **details: object) -> str:
    """Return the text ``key`` with ``details`` filled in."""
    return table.get(key, key).format(**details)


def installer() -> str:
    """Return the command that runs install.py, as the user types it on this system."""
    # python.org's installer for Windows puts only its launcher on PATH.
    return "py install.py" if sys.platform == "win32" else "python3 install.py"


def breakable(text: str) -> str:
    """Return a text whose long words, such as paths, can be broken into lines.

    OBS makes a panel as wide as the longest word in it: the buttons at its right edge would be out
    of sight.
    """
    return _LONG_WORD.sub(lambda part: part[0] + _BREAK, text)


_LONG_WORD = re.compile(r"[!-~]{24}(?=[!-~])")
_BREAK = "\N{ZERO WIDTH SPACE}"
_LINE = re.compile(r'^([A-Za-z0-9_.]+)="(.*)"$')


def read(path: Path) -> dict[str, str]:
    """Read one language's file, skipping lines other than ``Key="text"``. Raises OSError."""
    table = {}
    command = installer()
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _LINE.match(line.strip())
        if match:
            table[match[1]] = match[2].replace("\\n", "\n").replace("{installer}", command)
    return table


def load(locale: str) -> dict[str, str]:
    """Return the texts for OBS's ``locale`` such as ``ja-JP``.

    Without a file for that locale, another of the same language is used, then English.
    """
    table = read(FOLDER / f"{FALLBACK}.ini")
    exact = FOLDER / f"{locale}.ini"
    same = sorted(FOLDER.glob(f"{locale.split('-', maxsplit=1)[0]}-*.ini"))
    chosen = exact if exact.exists() else next(iter(same), None)
    if chosen is not None:
        table.update(read(chosen))
    return table


def english(prefix: str) -> dict[str, str]:
    """Return the English texts whose keys begin with ``prefix``, by key without it."""
    table = read(FOLDER / f"{FALLBACK}.ini")
    return {key[len(prefix) :]: text for key, text in table.items() if key.startswith(prefix)}
