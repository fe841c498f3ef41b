"""Adds the script to OBS's scene collections and removes it.

A scene collection is a JSON file ``basic/scenes/<name>.json``; the scripts it loads are the list
``modules -> scripts-tool`` of objects with ``path`` and ``settings``.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vb_install import cameras, files
from vb_install.system import InstallError
from vb_link import folders

SCRIPT_NAME = "virtual_background.py"
_MOST_A_SECOND = 100  # backups
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Change:
    """A file to rewrite, a scene collection mostly: its old and new bytes."""

    path: Path
    old: bytes
    new: bytes


@dataclass
class Plan:
    """The planned changes to a folder of scene collections.

    ``skipped`` holds a sentence for each file that cannot be parsed and stays unchanged,
    ``cameras`` the names of the cameras that a collection will show unfiltered, ``settings`` the
    changes of other files of OBS's, which are made and backed up with them.
    """

    changes: list[Change] = field(default_factory=list)
    settings: list[Change] = field(default_factory=list)
    unchanged: list[Path] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    cameras: dict[Path, list[str]] = field(default_factory=dict)

    @property
    def found(self) -> int:
        """How many scene collections there are."""
        return len(self.changes) + len(self.unchanged) + len(self.skipped)


class _NotACollectionError(Exception):
    """The file is not as OBS writes it; the message says why."""


def plan_registration(scenes: Path, script: Path) -> Plan:
    """Plan to add ``script`` to every collection in ``scenes``. Nothing is changed yet.

    Raises InstallError for a path that a collection cannot hold.
    """
    if _HALF.search(str(script)):
        raise InstallError(
            f"OBS cannot hold the path {str(script)!a}, which is no text: let "
            f"{folders.DATA_VARIABLE} name another folder and run again."
        )
    by_hand = "add the script in OBS, Tools > Scripts"
    return _plan(scenes, by_hand, lambda path, old: with_script(old, script))


def plan_removal(scenes: Path, backups: Path, *, hide_cameras: bool = False) -> Plan:
    """Plan to remove our script from every collection.

    A collection unchanged since we registered is restored byte for byte from its backup. With
    ``hide_cameras`` the cameras that would be shown unfiltered become invisible; ``Plan.cameras``
    names them in any case.
    """
    cameras_of: dict[Path, list[str]] = {}

    def without(path: Path, old: bytes) -> bytes:
        new = back(path, old)
        data = _parse(new)
        cameras_of[path] = cameras.unlocked(data)
        if hide_cameras and cameras.hide(data):
            return _dump(data, new)
        return new

    def back(path: Path, old: bytes) -> bytes:
        new = without_script(old)
        if new == old:
            return old
        script = _our_entries(_parse(old))[0]["path"]
        for backup in sorted(backups.glob(f"*/{path.name}"), reverse=True):
            try:
                before = backup.read_bytes()
                if without_script(before) == before and with_script(before, Path(script)) == old:
                    return before
            except (OSError, _NotACollectionError):
                continue  # a broken backup says nothing about the collection
        return new

    by_hand = "if OBS lists the script with it, remove it in Tools > Scripts"
    plan = _plan(scenes, by_hand, without)
    plan.cameras = {path: names for path, names in cameras_of.items() if names}
    return plan


def apply(plan: Plan, backups: Path) -> Path | None:
    """Back up all files to change, then change them; return the backup's folder, if any.

    Raises InstallError; each collection is then either unchanged or as planned.
    """
    changes = plan.changes + plan.settings
    if not changes:
        return None
    folder = _new_folder(backups)
    for change in changes:
        copy = folder / change.path.name
        files.write_atomically(copy, change.old)
        if not _holds(copy, change.old):
            raise InstallError(f"The backup {copy} is not what was written: check the disk.")
    for change in changes:
        if not _holds(change.path, change.old):
            raise InstallError(f"{change.path} changed meanwhile: close OBS, then run this again.")
        files.write_atomically(change.path, change.new)
    return folder


def with_script(old: bytes, script: Path) -> bytes:
    """Return a collection's bytes with our script added, all else unchanged.

    An entry of our script with another path gets this one and keeps its settings.
    """
    data = _parse(old)
    path = script.as_posix()  # OBS writes forward slashes, on Windows too
    ours = _our_entries(data)
    if len(ours) == 1 and ours[0]["path"] == path:
        return old
    scripts = data.setdefault("modules", {}).setdefault("scripts-tool", [])
    if ours:
        ours[0]["path"] = path
        scripts[:] = [script for script in scripts if script is ours[0] or not _is_ours(script)]
    else:
        scripts.append({"path": path, "settings": {}})
    return _dump(data, old)


def without_script(old: bytes) -> bytes:
    """Return a collection's bytes without our script, all else unchanged."""
    data = _parse(old)
    if not _our_entries(data):
        return old
    scripts = data["modules"]["scripts-tool"]
    scripts[:] = [script for script in scripts if not _is_ours(script)]
    return _dump(data, old)


def is_registered(content: bytes, script: Path) -> bool:
    """Return whether a collection loads exactly this script."""
    try:
        return [entry["path"] for entry in _our_entries(_parse(content))] == [script.as_posix()]
    except _NotACollectionError:
        return False


def _plan(scenes: Path, by_hand: str, rewrite: Callable[[Path, bytes], bytes]) -> Plan:
    plan = Plan()
    for path in sorted(scenes.glob("*.json")):
        try:
            old = path.read_bytes()
            new = rewrite(path, old)
        except OSError as error:
            plan.skipped.append(
                f"{path} cannot be read ({error.strerror}) and stays as it is: {by_hand}."
            )
        except _NotACollectionError as error:
            plan.skipped.append(f"{path} {error} and stays as it is: {by_hand}.")
        else:
            if new == old:
                plan.unchanged.append(path)
            else:
                plan.changes.append(Change(path, old, new))
    return plan


def _parse(content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _NotACollectionError("is not JSON") from error
    if not isinstance(data, dict):
        raise _NotACollectionError("is not a scene collection")
    modules = data.get("modules", {})
    if not isinstance(modules, dict) or not isinstance(modules.get("scripts-tool", []), list):
        raise _NotACollectionError("has a list of scripts that OBS did not write")
    return data


def _dump(data: dict[str, Any], like: bytes) -> bytes:
    """Return JSON in the style of the old file: OBS writes it compact or indented."""
    text = like.decode("utf-8")
    indent = re.search(r"\n([ \t]+)\S", text)
    if indent:
        new = json.dumps(data, ensure_ascii=False, indent=indent.group(1))
    else:
        spaced = re.search(r'": ', text) and not re.search(r'":[^ ]', text)
        separators = (", ", ": ") if spaced else (",", ":")
        new = json.dumps(data, ensure_ascii=False, separators=separators)
    # A lone surrogate, which UTF-8 cannot encode, is written as an escape.
    new = _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", new)
    return (new + text[len(text.rstrip()) :]).encode("utf-8")


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _our_entries(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        script for script in data.get("modules", {}).get("scripts-tool", []) if _is_ours(script)
    ]


def _is_ours(entry: Any) -> bool:
    path = entry.get("path") if isinstance(entry, dict) else None
    return isinstance(path, str) and re.split(r"[\\/]", path)[-1] == SCRIPT_NAME


def _new_folder(backups: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    try:
        # Separately: systems report a folder below a file by different errors.
        backups.mkdir(parents=True, exist_ok=True)
        # A counter, zero-padded to sort: two changes within a second are two backups.
        for number in range(_MOST_A_SECOND):
            folder = backups / f"{stamp}-{number:02d}"
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                return folder
    except OSError as error:
        raise files.explain(error, backups) from error
    raise InstallError(f"{backups} takes no new folder: move away what is in it and run again.")
