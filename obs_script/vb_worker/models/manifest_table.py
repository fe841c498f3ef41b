"""Reading a manifest's keys: validated, with line numbers in errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from vb_link import limits
from vb_worker.errors import ManifestError

LARGEST_SIDE = 4096
LAYOUTS = ("NHWC", "NCHW", "HWC", "CHW")
NAME = re.compile(r"[a-z0-9][a-z0-9_]*")  # of a model
_MOST_ENTRIES = 64  # of a list or table
_LONGEST_SHOWN = 80

_HEADER = re.compile(r"\[([\w.]+)\]")
_KEY = re.compile(r"([\w-]+)\s*=")


def line_numbers(text: str) -> dict[str, int]:
    """Return "table.key" -> line number (from 1) of a manifest's TOML text."""
    found: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line.strip())
        if header:
            found.setdefault(header[1], number)
            prefix = f"{header[1]}."
            continue
        key = _KEY.match(line.strip())
        if key:
            found.setdefault(f"{prefix}{key[1]}", number)
    return found


class Table:
    """One table of the file: returns validated keys and remembers which were read.

    A method with ``default`` returns it if the key is absent. All raise ManifestError.
    """

    def __init__(
        self, path: Path, prefix: str, values: Mapping[str, Any], lines: Mapping[str, int]
    ) -> None:
        self._path = path
        self._prefix = prefix
        self._values = values
        self._lines = lines
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def wrong(self, key: str, expected: str) -> ManifestError:
        """Return the error that the value of ``key`` is not ``expected``."""
        name = f"{self._prefix}{key}"
        if key not in self._values:
            return ManifestError(f'{self._path}: "{name}" is missing; it must be {expected}.')
        found = _shown(self._values[key])
        return ManifestError(f'{self._where(name)}: "{name}" is {found}; it must be {expected}.')

    def _where(self, name: str) -> str:
        return f"{self._path}, line {self._lines[name]}" if name in self._lines else f"{self._path}"

    def _get(self, key: str) -> Any:
        self._known.add(key)
        return self._values.get(key)

    def _absent(self, key: str, default: object) -> bool:
        self._known.add(key)
        return key not in self._values and default is not None

    def table(self, key: str) -> Table:
        """Return the table ``[key]``."""
        value = self._get(key)
        if not isinstance(value, dict):
            raise self.wrong(key, f"a table [{key}]")
        return Table(self._path, f"{self._prefix}{key}.", value, self._lines)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string that is not empty."""
        if default is not None and self._absent(key, default):
            return default
        value = self._get(key)
        if not _is_text(value):
            raise self.wrong(key, "a text of one line")
        return value

    def matching(
        self, key: str, pattern: re.Pattern[str], expected: str, default: str | None = None
    ) -> str:
        """Return a string that matches ``pattern`` in full."""
        if default is not None and self._absent(key, default):
            return default
        value = self._get(key)
        if not (_is_text(value) and pattern.fullmatch(value)):
            raise self.wrong(key, expected)
        return value

    def each_matching(self, key: str, pattern: re.Pattern[str], expected: str) -> tuple[str, ...]:
        """Return one string or a list of them, each matching ``pattern``, as a tuple."""
        value = self._get(key)
        values = value if isinstance(value, list) and value else [value]
        right = all(_is_text(value) and pattern.fullmatch(value) for value in values)
        if not right or len(values) > _MOST_ENTRIES:
            raise self.wrong(key, expected)
        return tuple(values)

    def one_of(self, key: str, values: tuple[str, ...], default: str | None = None) -> str:
        """Return one of ``values``."""
        if default is not None and self._absent(key, default):
            return default
        value = self._get(key)
        if value not in values:
            raise self.wrong(key, " or ".join(f'"{name}"' for name in values))
        return str(value)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def side(self, key: str) -> int:
        """Return a number of pixels."""
        value = self._get(key)
        if not _is_side(value):
            raise self.wrong(key, f"a whole number of pixels from 1 to {LARGEST_SIDE}")
        return int(value)

    def side_range(self, key: str) -> tuple[int, int] | None:
        """Return (smallest, largest) in pixels, or None where the key is absent."""
        value = self._get(key)
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(map(_is_side, value))
            or value[0] > value[1]
        ):
            raise self.wrong(key, f"[smallest, largest] in pixels from 1 to {LARGEST_SIDE}")
        return int(value[0]), int(value[1])

    def index(self, key: str, default: int | None = None) -> int:
        """Return an integer of at least 0."""
        if default is not None and self._absent(key, default):
            return default
        value = self._get(key)
        if not isinstance(value, int) or not _is_number(value) or value < 0:
            raise self.wrong(key, "a whole number from 0")
        return value

    def positive(self, key: str, default: float | None = None) -> float:
        """Return a number above zero."""
        if default is not None and self._absent(key, default):
            return default
        value = self._get(key)
        if not _is_number(value) or value <= 0:
            raise self.wrong(key, "a number above zero")
        return float(value)

    def three(self, key: str) -> tuple[float, float, float]:
        """Return three numbers."""
        value = self._get(key)
        if not isinstance(value, list) or len(value) != 3 or not all(map(_is_number, value)):
            raise self.wrong(key, "a list of three numbers")
        return (float(value[0]), float(value[1]), float(value[2]))

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return a list of pairs of strings that is not empty."""
        value = self._get(key)
        right = isinstance(value, list) and 0 < len(value) <= _MOST_ENTRIES
        if not right or not all(
            isinstance(pair, list) and len(pair) == 2 and all(map(_is_text, pair)) for pair in value
        ):
            raise self.wrong(key, 'a list of ["input", "output"] pairs')
        return tuple((pair[0], pair[1]) for pair in value)

    def numbers_by_name(self, key: str) -> dict[str, tuple[float, ...]]:
        """Return a table of lists of numbers; empty where the key is absent."""
        value = self._get(key)
        if value is None:
            return {}
        if not isinstance(value, dict) or len(value) > _MOST_ENTRIES or not all(
            isinstance(item, list) and len(item) <= _MOST_ENTRIES and all(map(_is_number, item))
            for item in value.values()
        ):  # fmt: skip
            raise self.wrong(key, "a table of lists of numbers")
        return {name: tuple(map(float, item)) for name, item in value.items()}

    def refuse_unknown(self) -> None:
        """Raise ManifestError if there is a key that was never read."""
        for key in self._values:
            if key not in self._known:
                name = f"{self._prefix}{key}"
                raise ManifestError(
                    f"{self._where(name)}: {_shown(name)} is not a key that fits here; remove it."
                )


def _shown(value: object) -> str:
    """Return a value on one line, truncated if long; strings in double quotes."""
    text = f'"{value}"' if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _is_text(value: object) -> TypeGuard[str]:
    return (
        isinstance(value, str)
        and bool(value.strip())
        and value.isprintable()
        and len(value) <= limits.MANIFEST_TEXT
    )


def _is_number(value: object) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return abs(value) <= limits.MANIFEST_NUMBER  # false for NaN


def _is_side(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_SIDE
