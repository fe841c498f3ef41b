"""The names and titles of the installed models, for the filter's lists.

OBS's Python may be 3.10, which has no TOML reader, and only a few lines of a manifest matter
here; the worker reads and checks the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from vb_link import bounded, limits

_TABLE = re.compile(r"^\[([^\[\]]*)\]")
_FIELD = re.compile(r'^(\w+)\s*=\s*"([^"\\]*)"\s*(#.*)?$')
Named = tuple[str, str]


@dataclass(frozen=True)
class ModelLists:
    """(name, title) of the models that find people and of those that tell depth, by title."""

    people: list[Named]
    depth: list[Named]


def model_lists(folders: Iterable[Path]) -> ModelLists:
    """Return what the manifests in ``folders`` offer; of one name the first, as for the worker.

    A model whose file is in none of the folders is not installed and left out.
    """
    there = [folder for folder in folders if folder.is_dir()]
    found: dict[str, dict[str, str]] = {}
    for folder in there:
        for path in sorted(islice(folder.glob("*.toml"), limits.MANIFESTS)):
            try:
                text = bounded.read(path, limits.MANIFEST_BYTES).decode("utf-8", "replace")
            except OSError:
                continue  # the worker says what is wrong with it
            fields = _fields(text)
            if "name" in fields:
                found.setdefault(fields["name"], fields)
    people: list[Named] = []
    depth: list[Named] = []
    for name, fields in found.items():
        file = fields.get("file")
        if file is None or any((folder / file).is_file() for folder in there):
            listed = depth if fields.get("output.kind") == "depth" else people
            listed.append((name, fields.get("title", name)))
    return ModelLists(*(sorted(listed, key=lambda one: one[1]) for listed in (people, depth)))


def state_of(folders: Iterable[Path], *files: Path) -> tuple[object, ...]:
    """Return something that differs once a model or one of ``files`` came, went or changed."""
    paths = [path for folder in folders for path in _models_in(folder)]
    state: list[object] = []
    for path in (*paths, *files):
        try:
            state.append((str(path), path.stat().st_mtime_ns))
        except OSError:
            state.append(str(path))
    return tuple(state)


def _models_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in (".toml", ".onnx"))
    except OSError:
        return []


def _fields(text: str) -> dict[str, str]:
    """Return the one-line texts of a manifest by key, those in a table as ``table.key``."""
    fields: dict[str, str] = {}
    prefix = ""
    for line in map(str.strip, text.splitlines()):
        table = _TABLE.match(line)
        field = _FIELD.match(line)
        if table:
            prefix = f"{table[1].strip()}."
        elif field:
            fields[prefix + field[1]] = field[2][: limits.MANIFEST_TEXT]
    return fields
