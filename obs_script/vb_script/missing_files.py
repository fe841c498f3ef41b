"""Files and models that our filters name and this computer does not have. For OBS's UI thread.

A scene collection that comes from another computer names files by that one's paths. OBS's own
window for missing files asks inputs only, and a filter of a Lua script cannot answer it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import obspython as obs

from vb_link import folders
from vb_link.settings import AUTO_MODEL, SCENE_FILTER_ID
from vb_link.texts import SaidError, say
from vb_script import canvases, list_choices, obs_filters

Texts = dict[str, str]
_FILES, _MODELS = ("image", "video"), ("model", "depth_model")
# Of a folder that is looked through: OBS's window waits meanwhile.
MOST_FILES, MOST_SECONDS = 50_000, 3.0


@dataclass(frozen=True)
class Missing:
    """What a filter names: ``value`` is a path, or the name of a model."""

    source: str
    filter: str
    key: str
    value: str
    is_model: bool

    @property
    def name(self) -> str:
        """The file's name; a model's manifest is called like the model."""
        return f"{self.value}.toml" if self.is_model else _path(self.value).name


def _path(value: str) -> PurePath:
    """Return a path as the system that wrote it reads it."""
    return PureWindowsPath(value) if "\\" in value or value[1:2] == ":" else PurePosixPath(value)


def found() -> list[Missing]:
    """Return what is missing, by source and setting."""
    with _every_filter() as filters:
        models = list_choices.model_lists([folders.models_dir(), folders.user_models_dir()])
        known = {"", AUTO_MODEL, *(name for name, _ in (*models.people, *models.depth))}
        return [
            Missing(canvases.name_of(parent), str(obs.obs_source_get_name(filter_)), row.key,
                    value, row.kind in _MODELS)
            for parent, filter_ in filters
            for row, value in _named(filter_)
            if (row.kind in _MODELS and value not in known)
            or (row.kind in _FILES and not os.path.exists(value))  # noqa: PTH110 - no file of ours
        ]  # fmt: skip


def lines(texts: Texts, missing: Iterable[Missing]) -> str:
    """Return a line for each file or model, with who names it."""
    named: dict[str, list[str]] = {}
    for each in missing:
        what = say(texts, "Missing.Model", name=each.value) if each.is_model else each.name
        sources = named.setdefault(what, [])
        if each.source not in sources:
            sources.append(each.source)
    return "\n".join(f"{what} ({', '.join(sources)})" for what, sources in named.items())


def mend(texts: Texts, folder: str) -> str:
    """Use what lies in a folder, however deep, in place of what is missing.

    Among files of one name that counts whose path is most like the missing one's. Raises SaidError.
    """
    missing = found()
    if not missing:
        raise SaidError("Missing.Nothing")
    there = _files_in(Path(folder), {each.name.casefold() for each in missing})
    mended = 0
    for each in missing:
        candidates = there.get(each.name.casefold(), [])
        if not candidates:
            continue
        best = max(candidates, key=lambda path: _likeness(path, _path(each.value)))
        mended += _take_model(best) if each.is_model else _change(each, best)
    left = len(missing) - mended
    if not mended:
        raise SaidError("Missing.NotThere", folder=folder)
    return say(texts, "Missing.Mended", count=mended, left=left)


def _named(filter_: Any) -> Iterator[tuple[Any, str]]:
    values = obs_filters.values(filter_)
    for row in obs_filters.table(filter_):
        value = str(values[row.key])
        if row.kind in (*_FILES, *_MODELS) and value:
            yield row, value


@contextmanager
def _every_filter() -> Iterator[list[tuple[Any, Any]]]:
    with ExitStack() as stack:
        cameras = stack.enter_context(obs_filters.camera_filters())
        parents = [
            *stack.enter_context(obs_filters.inputs()), *stack.enter_context(obs_filters.scenes()),
        ]  # fmt: skip
        yield [
            *cameras,
            *(
                (parent, filter_)
                for parent in parents
                for filter_ in stack.enter_context(obs_filters.filters_of(parent, SCENE_FILTER_ID))
            ),
        ]


def _files_in(folder: Path, names: set[str]) -> dict[str, list[Path]]:
    """Return the files with these names, in any case of their letters. Raises SaidError."""
    if not folder.is_dir():
        raise SaidError("Missing.NoFolder", folder=folder)
    hits: dict[str, list[Path]] = {}
    count, end = 0, time.monotonic() + MOST_SECONDS
    for inside, below, files in os.walk(folder):
        below.sort()
        count += len(files)
        if count > MOST_FILES or time.monotonic() > end:
            raise SaidError("Missing.TooMany", folder=folder)
        for name in files:
            if name.casefold() in names:
                hits.setdefault(name.casefold(), []).append(Path(inside, name))
    return hits


def _likeness(path: Path, wanted: PurePath) -> int:
    """Return how many names at the ends of two paths are the same."""
    pairs = zip(reversed(path.parts), reversed(wanted.parts), strict=False)
    count = 0
    for mine, theirs in pairs:
        if mine.casefold() != theirs.casefold():
            break
        count += 1
    return count


def _change(missing: Missing, path: Path) -> bool:
    with obs_filters.source(missing.source) as source:
        named = obs.obs_source_get_filter_by_name(source, missing.filter)
        if named is None:
            return False
        try:
            obs_filters.change(named, {missing.key: path.as_posix()})
        finally:
            obs.obs_source_release(named)
    return True


def _take_model(manifest: Path) -> bool:
    """Copy a model's manifest and file to the user's models, where the worker checks them."""
    target = folders.user_models_dir()
    try:
        file = list_choices.file_of(manifest)
        weights = manifest.with_name(file) if file else None
        if weights is not None and not weights.is_file():
            return False
        target.mkdir(parents=True, exist_ok=True)
        for path in filter(None, (weights, manifest)):  # the manifest last: it makes it a model
            shutil.copyfile(path, target / path.name)
    except OSError as error:
        raise SaidError("Missing.NotCopied", folder=target, reason=error.strerror) from error
    return True
