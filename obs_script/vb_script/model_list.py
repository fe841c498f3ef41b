"""The names and titles of the installed models, for the filter's list.

OBS's Python may be 3.10, which has no TOML reader, and only two lines of a manifest matter
here; the worker reads and checks the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_FIELD = re.compile(r'^(name|title)\s*=\s*"([^"\\]*)"\s*(#.*)?$')


def model_list(folders: Iterable[Path]) -> list[tuple[str, str]]:
    """Return (name, title) of every manifest in ``folders``, by title; later folders win."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            fields: dict[str, str] = {}
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("["):
                    break
                match = _FIELD.match(line.strip())
                if match:
                    fields[match[1]] = match[2]
            if "name" in fields:
                found[fields["name"]] = fields.get("title", fields["name"])
    return sorted(found.items(), key=lambda item: item[1])
