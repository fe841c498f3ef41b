"""Presets: a filter's settings as a small JSON file, for another camera or computer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vb_link import bounded, limits, whole_file
from vb_link.setting_values import suits
from vb_link.settings import SETTINGS, Value
from vb_link.texts import SaidError

MARK = "obs_virtual_background_preset"
FORMAT = 1
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")


def save(path: str, settings: Mapping[str, Value]) -> Path:
    """Write ``settings`` to ``path`` and return the file: a name without a suffix gets ``.json``.

    An existing preset is kept beside it as ``.bak``. Raises SaidError when the file cannot be
    written or an existing one is no preset.
    """
    target = _whole(path)
    if not _ENDING.search(target.name) and not target.is_dir():
        target = target.with_name(f"{target.name}.json")
    own = {row.key: settings[row.key] for row in SETTINGS if row.key in settings}
    body = json.dumps({MARK: FORMAT, "settings": own}, ensure_ascii=False, indent=2) + "\n"
    try:
        if target.exists():
            if not _is_ours(target):
                raise SaidError("Preset.NotOurs", path=target)
            backup = target.with_name(target.name + ".bak")
            if backup.exists() and not _is_ours(backup):
                raise SaidError("Preset.NotOurs", path=backup)
            whole_file.write(backup, target.read_bytes())
        whole_file.write(target, body.encode())
    except OSError as error:
        raise SaidError(
            "Preset.CannotWrite", path=target, reason=error.strerror or error
        ) from error
    return target


def load(path: str) -> dict[str, Value]:
    """Return the settings in ``path``.

    Raises SaidError when the file cannot be read, is no preset, or has an unknown setting or an
    invalid value: then nothing of it is used.
    """
    target = _whole(path)
    try:
        found = _parsed(target)
    except OSError as error:
        raise SaidError("Preset.CannotRead", path=target, reason=error.strerror or error) from error
    if found is None:
        raise SaidError("Preset.NotOurs", path=target)
    if found[MARK] != FORMAT or set(found) != {MARK, "settings"}:
        raise SaidError("Preset.OtherVersion", path=target)
    given = found["settings"]
    if not isinstance(given, dict):
        raise SaidError("Preset.OtherVersion", path=target)
    rows = {row.key: row for row in SETTINGS}
    for key, value in given.items():
        if key not in rows:
            raise SaidError("Preset.UnknownSetting", path=target, key=key)
        if not suits(rows[key], value):
            raise SaidError("Preset.BadValue", path=target, key=key)
    return given


def _whole(path: str) -> Path:
    if not path:
        raise SaidError("Preset.NoPath")
    if not Path(path).is_absolute():
        raise SaidError("Preset.NotWhole", path=path)
    return Path(path)


def _parsed(path: Path) -> dict[str, Any] | None:
    """Return a preset's content, or None for any other file."""
    try:
        found = json.loads(bounded.read(path, limits.PRESET_BYTES).decode("utf-8"))
    except bounded.TooLargeError:
        return None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and MARK in found and "settings" in found else None


def _is_ours(path: Path) -> bool:
    return path.is_file() and _parsed(path) is not None
