"""Finds a Python that the worker can run on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vb_install.system import InstallError, System
from vb_link import child, processor

OLDEST, NEWEST = 10, 14
V2_FROM = 11  # from this Python on the lock has a numpy that needs x86-64-v2
NEWEST_ON_INTEL_MAC = 13  # onnxruntime has no builds for newer ones there
WANTED = "a 64-bit CPython 3.10 to 3.14 with its venv and ensurepip modules"

_PROBE = """
import importlib.util, json, platform, struct, sys, sysconfig
print(json.dumps({
    "executable": sys.executable,
    "prefix": sys.base_prefix,
    "framework": sysconfig.get_config_var("PYTHONFRAMEWORKPREFIX") or "",
    "packages": sysconfig.get_path("purelib"),
    "version": list(sys.version_info[:3]),
    "cpython": platform.python_implementation() == "CPython",
    "bits": struct.calcsize("P") * 8,
    "venv": importlib.util.find_spec("venv") is not None,
    "ensurepip": importlib.util.find_spec("ensurepip") is not None,
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python. ``command`` starts it; ``packages`` is its site-packages folder.

    ``prefix`` is where it is installed; ``framework`` the folder that holds
    ``Python.framework`` on a Mac, else empty.
    """

    command: tuple[str, ...]
    executable: str
    prefix: str
    framework: str
    packages: str
    version: tuple[int, ...]
    cpython: bool
    bits: int
    venv: bool
    ensurepip: bool

    @property
    def text(self) -> str:
        """The version as text."""
        return ".".join(map(str, self.version))


def probe(system: System, command: Sequence[str]) -> Interpreter | None:
    """Run a Python and return its properties; None if it does not run."""
    if system.name == "win32" and _stands_for_store(command[0]):
        return None
    done = system.run([*command, *child.ISOLATED, "-c", _PROBE], timeout=30)
    try:
        facts = json.loads(done.out) if done.code == 0 else None
        if facts is None:
            return None
        facts["version"] = tuple(facts["version"])
        return Interpreter(command=tuple(command), **facts)
    except (ValueError, TypeError, KeyError):
        return None


def _stands_for_store(program: str) -> bool:
    """Return whether a program is a file of no bytes that stands for one of the Microsoft Store.

    Windows has it whether that is installed or not; running it may open the Store, or not end.
    """
    path = Path(program)
    try:
        return "WindowsApps" in path.parts and path.stat().st_size == 0
    except OSError:
        return False


def objection(system: System, python: Interpreter, *, pip_is_lent: bool = False) -> str:
    """Return why the worker cannot use this Python, or "".

    With ``pip_is_lent`` it needs no pip of its own.
    """
    newest = NEWEST_ON_INTEL_MAC if _intel_mac(system) else NEWEST
    if python.version[0] != 3 or not OLDEST <= python.version[1] <= newest:
        return f"is Python {python.text}, and 3.{OLDEST} to 3.{newest} is needed"
    if not python.cpython or python.bits != 64 or _is_store(python):
        return _wrong_build(python)
    lacks = system.lacking_instructions()
    if lacks and python.version[1] >= V2_FROM:
        return f"has packages that need {', '.join(lacks)}, which this processor lacks"
    if not python.venv or not (python.ensurepip or pip_is_lent):
        return "has no venv or ensurepip module"
    return ""


def _wrong_build(python: Interpreter) -> str:
    if not python.cpython:
        return "is not CPython, for which the worker's packages are built"
    if python.bits != 64:
        return "is a 32-bit Python"
    return "comes from the Microsoft Store, which hides its files from OBS"


def choose(system: System, asked: str | None) -> Interpreter:
    """Return the Python to use: the one asked for, else the running one, else one found.

    Raises InstallError when none is suitable.
    """
    if asked is not None:
        python = probe(system, [asked])
        if python is None:
            raise InstallError(f"`{asked}` is not a Python that runs: give --python {WANTED}.")
        reason = objection(system, python)
        if reason:
            raise InstallError(f"`{asked}` {reason}: give --python {WANTED}.")
        return python
    python = first_fitting(system, _candidates(system))
    if python is None:
        raise InstallError(_advice(system), _fault(system))
    return python


def of_this_library() -> Path:
    """Return the interpreter of the Python that this runs in, which may not exist.

    In a program that has Python built in, such as OBS, ``sys.executable`` may be that program.
    """
    base = Path(sys.base_prefix)
    if sys.platform == "win32":
        return base / "python.exe"
    return base / "bin" / f"python3.{sys.version_info.minor}"


def _fault(system: System) -> str:
    """Return what is missing where no Python is suitable."""
    if system.lacking_instructions():
        return "processor"
    found = [python for words in _all_commands(system) if (python := probe(system, words))]
    bare = [python for python in found if "venv" in objection(system, python)]
    return "venv" if bare else "python"


def first_fitting(system: System, commands: Iterable[Sequence[str]]) -> Interpreter | None:
    """Return the first Python among those the commands start that the worker can use."""
    for command in commands:
        python = probe(system, command)
        if python is not None and not objection(system, python):
            return python
    return None


def loadable_by_obs(system: System, newest: int = 12) -> Interpreter | None:
    """Return the newest Python that OBS on Windows or macOS can load, or None.

    OBS loads 3.``newest`` at most. Python from the Microsoft Store hides its library from OBS.
    """
    best: Interpreter | None = None
    for command in _all_commands(system):
        python = probe(system, command)
        if python is None or not _is_loadable(system, python, newest):
            continue
        if best is None or python.version > best.version:
            best = python
        if best.version[1] == newest:
            break
    return best


def _is_loadable(system: System, python: Interpreter, newest: int) -> bool:
    if python.version[0] != 3 or not OLDEST <= python.version[1] <= newest:
        return False
    if not python.cpython or python.bits != 64 or _is_store(python):
        return False
    if system.name == "win32":
        return (Path(python.prefix) / f"python3{python.version[1]}.dll").is_file()
    # Homebrew's and python.org's Pythons have one; pyenv's may not.
    return bool(python.framework)


def _is_store(python: Interpreter) -> bool:
    return "WindowsApps" in python.prefix or "WindowsApps" in python.executable


def _all_commands(system: System) -> Iterable[Sequence[str]]:
    """Yield the commands of all Pythons found, without duplicates, the running one first."""
    seen = set()
    for command in _candidates(system):
        if tuple(command) not in seen:
            seen.add(tuple(command))
            yield command


def _candidates(system: System) -> Iterable[Sequence[str]]:
    yield [str(system.executable)]
    for program in system.registered_pythons():
        if program.exists():
            yield [str(program)]
    newest = NEWEST_ON_INTEL_MAC if _intel_mac(system) else NEWEST
    # 3.12 first: all packages have long had builds for it.
    for minor in (12, 13, 11, 14, 10):
        if minor <= newest:
            yield from _named(system, minor)
    for name in ("python3", "python"):
        path = system.which(name)
        if path is not None:
            yield [path]
    if system.name == "linux":
        yield ["/usr/bin/python3"]


def _named(system: System, minor: int) -> Iterable[Sequence[str]]:
    if system.name == "win32":
        launcher = system.which("py")
        if launcher is not None:
            yield [launcher, f"-3.{minor}"]
        for folder in _windows_folders(system):
            usual = folder / f"Python3{minor}" / "python.exe"
            if usual.exists():
                yield [str(usual)]
        return
    path = system.which(f"python3.{minor}")
    if path is not None:
        yield [path]
    if system.name == "darwin":
        for place in (
            f"Library/Frameworks/Python.framework/Versions/3.{minor}/bin/python3.{minor}",
            f"opt/homebrew/bin/python3.{minor}",
            f"usr/local/bin/python3.{minor}",
        ):
            if (system.root / place).exists():
                yield [str(system.root / place)]


def _windows_folders(system: System) -> Iterable[Path]:
    """Yield the folders in which python.org's installer creates one per version."""
    local = system.environment.get("LOCALAPPDATA")
    if local:
        yield Path(local) / "Programs" / "Python"
    for variable in ("ProgramW6432", "ProgramFiles"):
        base = system.environment.get(variable)
        if base:
            yield Path(base)
    drive = system.environment.get("SystemDrive")
    if drive:
        yield Path(drive + "/")


def _intel_mac(system: System) -> bool:
    return system.name == "darwin" and system.machine == "x86_64"


def _advice(system: System) -> str:
    lacks = system.lacking_instructions()
    if lacks:
        return processor.sentence(lacks)
    if system.name == "linux":
        how = "install one (Debian and Ubuntu: `sudo apt-get install python3-venv`)"
    else:
        how = "install Python 3.12 from python.org"
    return f"The worker needs {WANTED} and none was found: {how} or name one with --python."
