"""The report that a user can paste into an issue: plain text without anything personal."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from vb_doctor.findings import Finding
from vb_link import folders, whole_file

NAME = "doctor-report.txt"


@dataclass(frozen=True)
class Person:
    """What a report must not contain: its author's folders, names and machine name."""

    homes: tuple[str, ...]
    names: tuple[str, ...]
    machines: tuple[str, ...]


def this_person() -> Person:
    """Return the person running this."""
    home = Path.home()
    homes = {str(home), str(home.resolve())}
    names = {os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME")} | {home.name}
    machine = platform.node()
    return Person(tuple(homes), tuple(names), (machine, machine.split(".", maxsplit=1)[0]))


def scrub(text: str, person: Person) -> str:
    """Return ``text`` with home folders as ``~`` and without the user's and machine's names."""
    for home in sorted(person.homes, key=len, reverse=True):
        if len(home) > 1:
            for form in (home, home.replace("\\", "/"), home.replace("\\", "\\\\")):
                text = re.sub(re.escape(form) + r"(?!\w)", "~", text, flags=re.IGNORECASE)
    for names, word in ((person.names, "USER"), (person.machines, "HOST")):
        for name in sorted(set(names), key=len, reverse=True):
            if name:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", word, text, flags=re.IGNORECASE)
    return text


def render(found: Iterable[Finding], person: Person, now: datetime | None = None) -> str:
    """Return the report: one line per finding, problems marked and counted."""
    found = list(found)
    wrong = sum(not finding.good for finding in found)
    head = [
        f"obs-virtual-background: {wrong} problem(s) to fix" if wrong else
        "obs-virtual-background: all is well",
        f"checked {(now or datetime.now(timezone.utc)):%Y-%m-%d %H:%M} UTC",
    ]  # fmt: skip
    lines = [f"[{'ok' if finding.good else '!!'}] {finding.text()}" for finding in found]
    return scrub("\n".join([*head, "", *lines, ""]), person)


def write(text: str, path: Path | None = None) -> Path:
    """Write the report, by default to the user's folder; return its path.

    Raises OSError, leaving an existing file untouched.
    """
    path = path or folders.data_dir() / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a terminal or a pipe
        path.write_text(text, encoding="utf-8")
        return path
    whole_file.write(path.resolve(), text.encode("utf-8"))  # keeps a symbolic link
    return path
