"""What the filter's lists offer: the installed models, and the compute units with their times.

OBS's Python may be 3.10, which has no TOML reader, and only a few lines of a manifest matter
here; the worker reads and checks the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from vb_link import bounded, limits, unit_file

_TABLE = re.compile(r"^\[([^\[\]]*)\]")
_FIELD = re.compile(r'^(\w+)\s*=\s*"([^"\\]*)"\s*(#.*)?$')
_MOST_UNITS = 64
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_REASON = 64, 120, 70
Named = tuple[str, str]


@dataclass(frozen=True)
class ModelLists:
    """(name, title) of the models that find people and of those for depth, sorted by title."""

    people: list[Named]
    depth: list[Named]


def model_lists(folders: Iterable[Path]) -> ModelLists:
    """Return the models in ``folders``; the first of a name counts, as in the worker.

    A model whose file is in none of the folders is not installed and is left out.
    """
    there = [folder for folder in folders if folder.is_dir()]
    found: dict[str, dict[str, str]] = {}
    for folder in there:
        for path in sorted(islice(folder.glob("*.toml"), limits.MANIFESTS)):
            try:
                text = bounded.read(path, limits.MANIFEST_BYTES).decode("utf-8", "replace")
            except OSError:
                continue  # the worker reports what is wrong with it
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
    return ModelLists(*(sorted(listed, key=lambda model: model[1]) for listed in (people, depth)))


def file_of(manifest: Path) -> str | None:
    """Return the name of the file beside a manifest that holds the model; None if it needs none.

    Raises OSError.
    """
    text = bounded.read(manifest, limits.MANIFEST_BYTES).decode("utf-8", "replace")
    file = _fields(text).get("file")
    return Path(file).name if file is not None else None


def state_of(folders: Iterable[Path], *files: Path) -> tuple[object, ...]:
    """Return a value that differs once a model or one of ``files`` came, went or changed."""
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
    """Return a manifest's one-line strings by key, those in a table as ``table.key``."""
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


def unit_list(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return (name, text) of "auto", the CPU and every other unit that the worker found."""
    known = unit_file.read()
    listed = known.get("units")
    units = [
        (_cut(unit["name"], _LONGEST_NAME), _cut(unit["title"], _LONGEST_TITLE))
        for unit in islice(listed if isinstance(listed, list) else [], _MOST_UNITS)
        if isinstance(unit, dict) and {"name", "title"} <= unit.keys()
    ] or [("cpu", "CPU")]
    rows = _newest(known)
    return [("auto", texts["Compute.auto"])] + [
        (name, _unit_text(title, rows.get(name), texts)) for name, title in units
    ]


def _newest(known: dict[str, Any]) -> dict[str, Any]:
    """Return the latest measurement."""
    measured = known.get("measured")
    if not isinstance(measured, dict) or not measured:
        return {}
    last = list(measured.values())[-1]
    units = last.get("units") if isinstance(last, dict) else None
    return units if isinstance(units, dict) else {}


def _unit_text(title: str, row: Any, texts: dict[str, str]) -> str:
    if not isinstance(row, dict):
        return title
    if row.get("reason"):
        reason = _cut(row["reason"], _LONGEST_REASON)
        return texts["Compute.Refused"].format(unit=title, reason=reason)
    milliseconds = row.get("ms", 0.0)
    if not isinstance(milliseconds, (int, float)):
        return title
    return texts["Compute.Measured"].format(unit=title, milliseconds=milliseconds)


def _cut(value: Any, longest: int) -> str:
    """Return a text from the file, cut to what a list can show."""
    text = str(value).encode(errors="replace").decode()
    return text if len(text) <= longest else text[: longest - 1] + "…"
