"""What a check found: a text key, its placeholders, and whether all is well."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vb_link import folders, texts

# The texts of problems say what to do.
TEXTS = texts.english("Doctor.")
_GOOD = frozenset(
    ("System", "Product", "Python", "Obs", "ObsNew", "Functions", "FunctionsUnchecked", "Scripts",
     "InUse", "Environment", "Models", "Memory", "Restricted", "RestrictedInPart",
     "Worker")
)  # fmt: skip
# Placeholders filled with text from elsewhere: the system, another program, a file.
_TOLD = frozenset(("reason", "names", "missing"))
# From the first word with a slash to the end of the last path's name, which may have spaces.
_PATHS = re.compile(r"""(?<!\S)\S*[/\\](?:.*[/\\])?(?:[^:;)\]"'\n]|["'](?=\w))*["']?""")


@dataclass(frozen=True)
class Finding:
    """One line of a report. It names none of the user's folders and files."""

    key: str
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether it needs nothing done."""
        return self.key in _GOOD

    def text(self, table: Mapping[str, str] = TEXTS, prefix: str = "") -> str:
        """Return the line in the language of ``table``, whose keys begin with ``prefix``."""
        return table[prefix + self.key].format(**self.arguments)


def finding(key: str, **arguments: object) -> Finding:
    """Return a finding; placeholders are kept as text, those from elsewhere without paths."""
    return Finding(
        key,
        {
            name: without_paths(str(value)) if name in _TOLD else str(value)
            for name, value in arguments.items()
        },
    )


def without_paths(text: str) -> str:
    """Return ``text`` with ``(path)`` for anything that may be a path, and all between two."""
    told = text.replace("Input/output", "Input-output")  # EIO's message, not a path
    return _PATHS.sub("(path)", told)


def checked(check: Callable[..., Finding | list[Finding]], *arguments: object) -> list[Finding]:
    """Return a check's findings. An exception becomes a finding and stops no other check."""
    try:
        found = check(*arguments)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if frame.filename.startswith(str(folders.PACKAGES))]
        # Its message may hold personal data; where it was raised does not.
        at = (ours or frames)[-1]
        reason = f"{type(error).__name__} in {Path(at.filename).name}, line {at.lineno}"
        return [finding("CheckFailed", reason=reason)]
    return found if isinstance(found, list) else [found]


def to_plain(found: list[Finding]) -> list[Any]:
    """Return findings as JSON-serialisable lists."""
    return [[finding.key, dict(finding.arguments)] for finding in found]


def from_plain(plain: Any) -> list[Finding]:
    """Return the findings that :func:`to_plain` was given. Raises ValueError for other input."""
    try:
        return [finding(key, **arguments) for key, arguments in plain if TEXTS[key]]
    except (TypeError, KeyError) as error:
        raise ValueError("these are no findings") from error
