"""The names and titles of the installed models, for the filter's list.

OBS's Python may be 3.10, which has no TOML reader, and only a few lines of a manifest matter
here; the worker reads and checks the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_FIELD = re.compile(r'^(name|title|file|kind)\s*=\s*"([^"\\]*)"\s*(#.*)?$')
_WITHOUT_FILE = "grabcut"
_NO_MASK = "depth"


def model_list(folders: Iterable[Path]) -> list[tuple[str, str]]:
    """Return (name, title) of the models whose files are there, by title; later folders win.

    A file lies beside its manifest or, once installed, in the last of the folders.
    """
    folders = list(folders)
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            fields = dict(_fields(path))
            if "name" in fields and _usable(fields, (folder, folders[-1])):
                found[fields["name"]] = fields.get("title", fields["name"])
    return sorted(found.items(), key=lambda item: item[1])


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


def _fields(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the fields that matter: those above the first table, and the output's kind."""
    table = ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("["):
            table = line.strip()
        match = _FIELD.match(line.strip())
        if match and (table == "[output]") == (match[1] == "kind") and table in ("", "[output]"):
            yield match[1], match[2]


def _usable(fields: dict[str, str], folders: tuple[Path, Path]) -> bool:
    kind = fields.get("kind")
    if kind in (_WITHOUT_FILE, _NO_MASK):
        return kind == _WITHOUT_FILE
    return (
        any((folder / fields["file"]).is_file() for folder in folders)
        if "file" in fields
        else False
    )
