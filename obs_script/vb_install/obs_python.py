"""The Python that OBS loads for its scripts on Windows and macOS.

OBS keeps its folder as ``Path64bit`` in the section ``[Python]`` of ``user.ini``, up to OBS 30 of
``global.ini``. It is set unless a working one is set, and reset by ``--uninstall``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from vb_install import files, interpreters, obs_version
from vb_install.interpreters import Interpreter
from vb_install.obs_installations import ObsInstallation
from vb_install.scene_collections import Change
from vb_install.system import System
from vb_link import folders

_SECTION, _KEY = "[Python]", "Path64bit"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class PythonPlan:
    """What is planned: ``text`` for the user; ``change`` is None if nothing is to be done.

    ``chosen`` is the folder that OBS has or gets, or empty; ``former`` the one before.
    """

    text: str
    chosen: str = ""
    former: str | None = None
    change: Change | None = None


def plan(system: System, obs: ObsInstallation) -> PythonPlan | None:
    """Plan to give this OBS a Python it can load; None on systems where OBS needs no setting."""
    if system.name not in ("win32", "darwin"):
        return None
    version = obs_version.of(obs)
    newest = obs_version.newest_python(version)
    path = _settings_file(obs, version)
    old = _read(path)
    now = value(old) if old is not None else None
    if now and _is_loadable(system, Path(now), newest):
        return PythonPlan(f"OBS has {now}", chosen=now)
    python = interpreters.loadable_by_obs(system, newest)
    if python is None:
        return PythonPlan(
            f"OBS needs a 64-bit Python 3.{obs_version.OLDEST_PYTHON} to 3.{newest} for its "
            "scripts and none was found: install Python "
            f"3.{newest} from python.org, then run install.py again."
        )
    folder = _folder(python)
    if old is None:
        return PythonPlan(
            f"OBS has no settings yet: start it once, close it and run install.py again, or choose "
            f"{folder} in OBS under Tools > Scripts > Python Settings."
        )
    new = with_value(old, folder)
    if new is None:
        return PythonPlan(
            f"{path} cannot be understood and stays as it is: choose {folder} in OBS under "
            "Tools > Scripts > Python Settings."
        )
    return PythonPlan(
        f"let OBS use {folder} (in {path.name}, backup first)", folder, now, Change(path, old, new)
    )


def note(obs: ObsInstallation, planned: PythonPlan) -> None:
    """Keep what the plan changes, for :func:`undo`. Raises InstallError."""
    assert planned.change is not None
    record: dict[str, object] = {
        "file": str(planned.change.path),
        "former": planned.former,
        "set": planned.chosen,
    }
    before = _record(obs)
    if before is not None and before.get("file") == record["file"]:
        record["former"] = before.get("former")  # what was set before our first change
    files.write_atomically(obs.data / folders.OBS_PYTHON, json.dumps(record).encode())


def undo(obs: ObsInstallation) -> Change | None:
    """Return the change that resets OBS's Python, or None if it is not the one we set."""
    record = _record(obs)
    if record is None:
        return None
    path = Path(str(record.get("file")))
    old = _read(path)
    if old is None or value(old) != record.get("set"):
        return None
    former = record.get("former")
    new = with_value(old, former if isinstance(former, str) else None)
    return Change(path, old, new) if new is not None and new != old else None


def value(content: bytes) -> str | None:
    """Return the folder in the settings, or None; as OBS does, ``\\\\`` is read as one."""
    lines, _, at = _find(content) or ([], None, None)
    if at is None:
        return None
    text = lines[at].partition("=")[2].rstrip("\r\n")
    return text.replace("\\\\", "\\")


def with_value(content: bytes, folder: str | None) -> bytes | None:
    """Return the settings with this folder, or without any; None if they are not text."""
    found = _find(content)
    if found is None:
        return None
    lines, section, at = found
    end = "\r\n" if any(line.endswith("\r\n") for line in lines) else "\n"
    line = "" if folder is None else f"{_KEY}=" + folder.replace("\\", "\\\\") + end
    if at is not None:
        lines[at] = line
    elif section is not None:
        lines.insert(section + 1, line)
    elif line:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += end
        lines += [end] * bool(lines) + [_SECTION + end, line]
    bom = _BOM if content.startswith(_BOM) else b""
    return bom + "".join(lines).encode("utf-8")


def _find(content: bytes) -> tuple[list[str], int | None, int | None] | None:
    """Return the lines and the indices of the section and of the key, if any."""
    try:
        lines = content.removeprefix(_BOM).decode("utf-8").splitlines(keepends=True)
    except UnicodeDecodeError:
        return None
    section = at = None
    within = False
    for number, line in enumerate(lines):
        if line.startswith("["):
            within = line.strip() == _SECTION
            section = number if within and section is None else section
        elif within and at is None and line.partition("=")[0].strip() == _KEY and "=" in line:
            at = number
    return lines, section, at


def _settings_file(obs: ObsInstallation, version: obs_version.Version | None) -> Path:
    user = obs.config / "user.ini"
    newer = user.is_file() if version is None else version[0] >= 31
    return user if newer else obs.config / "global.ini"


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _record(obs: ObsInstallation) -> dict[str, object] | None:
    try:
        found = json.loads((obs.data / folders.OBS_PYTHON).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _folder(python: Interpreter) -> str:
    # OBS writes forward slashes, on Windows too.
    return (python.framework or python.prefix).replace("\\", "/")


def _is_loadable(system: System, folder: Path, newest: int) -> bool:
    """Return whether OBS finds a Python library there that the script supports."""
    minors = range(obs_version.OLDEST_PYTHON, newest + 1)
    if system.name == "win32":
        return any((folder / f"python3{minor}.dll").is_file() for minor in minors)
    versions = folder / "Python.framework" / "Versions"
    return any(
        (versions / name / "lib" / f"libpython3.{minor}.dylib").exists()
        for minor in minors
        for name in ("Current", f"3.{minor}")
    )
