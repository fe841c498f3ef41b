"""The operating system as the installer sees it.

Everything that differs between machines is asked here, so that tests can simulate Windows or a
Mac in a folder of their own.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vb_link import child, folders, processor

# Environment variables that would make Python or pip work on other folders than told.
_MISLEADING = (
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_REQUIREMENT",
    "PIP_REQUIRE_VIRTUALENV",
)


class InstallError(Exception):
    """The set-up cannot go on; the message is one sentence that says what to do.

    ``fault`` is a word for those that the script's panel says in its own language: text keys
    ``SetUp.Fault.<fault>``; "other" for all else.
    """

    def __init__(self, message: str, fault: str = "other") -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True)
class Finished:
    """A finished command: its exit status and its output as text."""

    code: int
    out: str
    err: str = ""


@dataclass(frozen=True)
class Process:
    """A running process; ``environment`` is None where it cannot be read."""

    name: str
    environment: Mapping[str, str] | None = None


class System:
    """This machine. ``root`` is ``/``; ``name`` is ``linux``, ``win32`` or ``darwin``.

    ``executable`` is the Python that runs this, to be given inside OBS, where ``sys.executable``
    may be OBS itself.
    """

    def __init__(self, executable: Path | None = None) -> None:
        self.name = sys.platform
        self.machine = platform.machine().lower()
        self.environment: Mapping[str, str] = os.environ
        self.home = Path.home()
        self.root = Path("/")
        self.executable = executable or Path(sys.executable)
        self.base_prefix = Path(sys.base_prefix)
        self.data = folders.data_dir().absolute()

    def is_root(self) -> bool:
        """Return whether this process runs as root; never on Windows."""
        return hasattr(os, "geteuid") and os.geteuid() == 0

    def which(self, program: str) -> str | None:
        """Return the full path of a program on PATH, or None."""
        return shutil.which(program)

    def run(self, command: Sequence[str], timeout: float = 60.0) -> Finished:
        """Run a command and wait; code 127 if it cannot be started or exceeds ``timeout`` s."""
        try:
            done = subprocess.run(
                command, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout,
                env=self._clean_environment(), check=False, **child.TEXT, **child.QUIET,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            return Finished(127, "", str(error))
        return Finished(done.returncode, done.stdout, done.stderr)

    def stream(self, command: Sequence[str], on_line: Callable[[str], None]) -> int:
        """Run a command, pass each output line to ``on_line``, return the exit status."""
        try:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, env=self._clean_environment(), bufsize=1, **child.TEXT,
            )  # fmt: skip
        except OSError as error:
            on_line(str(error))
            return 127
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                on_line(line.rstrip())
        return process.returncode

    def step(self, name: str, share: float = 0.0, detail: str = "") -> None:
        """Hear how far the set-up is: ``share`` of the step ``name`` (see ``vb_link/steps.py``) is
        done. On a terminal the lines printed say it."""

    def hand_over(self, command: Sequence[str], more: Mapping[str, str], folder: Path) -> int:
        """Run a command in ``folder`` on this terminal, with the variables ``more``; return its
        exit status. Raises InstallError.
        """
        try:
            return subprocess.run(
                command, env={**self._clean_environment(), **more}, cwd=folder, check=False
            ).returncode
        except OSError as error:
            raise InstallError(f"`{command[0]}` could not be started: {error}.") from error

    def processes(self) -> list[Process]:
        """Return this user's running processes (Linux)."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if folder.stat().st_uid != os.getuid():
                    continue
                name = (folder / "comm").read_text("utf-8", errors="replace").strip()
                environment = None
                with suppress(OSError):
                    pairs = os.fsdecode((folder / "environ").read_bytes()).split("\0")
                    environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
                found.append(Process(name, environment))
        return found

    def registry(self, key: str) -> str | None:
        """Return the default value of a key under HKEY_LOCAL_MACHINE, None if there is none."""
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415

            with suppress(OSError):
                value = winreg.QueryValue(winreg.HKEY_LOCAL_MACHINE, key)
                return value or None
        return None

    def console_programs(self) -> list[str]:
        """Return the programs that share this console window (Windows), as file names."""
        if sys.platform != "win32":
            return []
        import ctypes  # noqa: PLC0415

        kernel32 = ctypes.WinDLL("kernel32")
        kernel32.OpenProcess.restype = ctypes.c_void_p
        numbers = (ctypes.c_uint32 * 64)()
        count = min(int(kernel32.GetConsoleProcessList(numbers, len(numbers))), len(numbers))
        names = []
        for number in numbers[:count]:
            handle = ctypes.c_void_p(kernel32.OpenProcess(0x1000, False, number))
            name, size = ctypes.create_unicode_buffer(32768), ctypes.c_uint32(32768)
            if kernel32.QueryFullProcessImageNameW(handle, 0, name, ctypes.byref(size)):
                names.append(name.value.rsplit("\\", 1)[-1])
            kernel32.CloseHandle(handle)
        return names

    def lacking_instructions(self) -> list[str]:
        """Return the instruction sets that a recent numpy needs and this processor lacks."""
        return processor.lacking()

    def takes_long_paths(self) -> bool:
        """Return whether files may have paths of 260 characters and more (Windows)."""
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415

            path = r"SYSTEM\CurrentControlSet\Control\FileSystem"
            with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
                return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
            return False
        return True

    def registered_pythons(self) -> list[Path]:
        """Return the interpreters in Windows' registry (PEP 514), the user's own first."""
        if sys.platform != "win32":
            return []
        import winreg  # noqa: PLC0415

        found: dict[Path, None] = {}
        for hive in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
            for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
                for company in _subkeys(winreg, hive, r"SOFTWARE\Python", view):
                    if company == "PyLauncher":
                        continue
                    vendor = rf"SOFTWARE\Python\{company}"
                    for tag in _subkeys(winreg, hive, vendor, view):
                        program = _program(winreg, hive, rf"{vendor}\{tag}\InstallPath", view)
                        if program is not None:
                            found[program] = None
        return list(found)

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def _clean_environment(self) -> dict[str, str]:
        kept = {key: value for key, value in self.environment.items() if key not in _MISLEADING}
        return {**kept, **child.UTF8_ENVIRONMENT}


def _subkeys(winreg: Any, hive: int, path: str, view: int) -> list[str]:
    names: list[str] = []
    with suppress(OSError), winreg.OpenKey(hive, path, 0, winreg.KEY_READ | view) as key:
        while True:  # until EnumKey raises
            names.append(winreg.EnumKey(key, len(names)))
    return names


def _program(winreg: Any, hive: int, path: str, view: int) -> Path | None:
    """Return the interpreter named by a registry key ``InstallPath``."""
    with suppress(OSError), winreg.OpenKey(hive, path, 0, winreg.KEY_READ | view) as key:
        with suppress(OSError):
            program = str(winreg.QueryValueEx(key, "ExecutablePath")[0])
            if program:
                return Path(program)
        folder = str(winreg.QueryValueEx(key, "")[0])
        return Path(folder) / "python.exe" if folder else None
    return None
