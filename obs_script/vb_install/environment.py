"""Creates a virtual environment from a lock file: completely or not at all, and only if needed.

An environment cannot be moved, so it is built in place and counts as complete only once its
stamp exists, which is written last.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vb_install import files, interpreters
from vb_install.interpreters import Interpreter
from vb_install.progress import Progress
from vb_install.system import InstallError, System
from vb_link import child

LOCKS = Path(__file__).resolve().parent / "locks"
COMMAND = "virtual-background"
_STAMP = "complete.json"
# pip's line for a package from an index, or for one that is already on the disk
_PACKAGE = re.compile(
    r"(?:Collecting |Processing (?:.*[/\\])?)(?P<name>[\w.]+?(?:-[a-zA-Z][\w.]*)*)"
    r"(?:==|-)(?P<version>\d[\w.]*)"
)
# A package in a lock file with its hashes: (name, the lines)
_BLOCK = re.compile(r"(?m)^(?=([a-z0-9][\w.-]*)==)(.*\n(?:[ \t].*\n?)*)")
_QUIET = ("--disable-pip-version-check", "--no-input", "--no-color", "--progress-bar", "off")


@dataclass(frozen=True)
class Environment:
    """The specification of a virtual environment, which may not exist yet.

    The packages of the lock files in ``added`` are merged into those of ``lock`` (see
    :func:`merged`). ``wrap`` turns a program into the command that starts it where the environment
    is used: for OBS's Flatpak, inside the sandbox.
    """

    system: System
    folder: Path
    lock: Path
    added: tuple[Path, ...] = ()
    wrap: Callable[[str], tuple[str, ...]] = field(default=lambda program: (program,))

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        if self.system.name == "win32":
            return self.folder / "Scripts" / "python.exe"
        return self.folder / "bin" / "python"

    @property
    def command(self) -> tuple[str, ...]:
        """The command that starts the environment's interpreter."""
        return self.wrap(str(self.python))

    def is_complete(self, wanted: Interpreter | None = None) -> bool:
        """Return whether it was built from these lock files, runs, and has the wanted version."""
        try:
            stamp = json.loads((self.folder / _STAMP).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if not isinstance(stamp, dict) or stamp.get("lock") != self._lock_digest():
            return False
        if wanted is not None and stamp.get("python") != wanted.text:
            return False
        python = interpreters.probe(self.system, self.command)
        return python is not None and python.text == stamp.get("python")

    def was_made(self) -> bool:
        """Return whether it was once complete, even from another lock or for a removed Python."""
        return (self.folder / _STAMP).is_file()

    def make(self, python: Interpreter, log: Path, pip_wheel: Path | None = None) -> None:
        """Rebuild it with ``python``; pip's output goes to ``log``.

        ``pip_wheel`` is a pip for a Python that has none. Raises InstallError.
        """
        try:
            (self.folder / _STAMP).unlink(missing_ok=True)
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            log.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise files.explain(error, self.folder) from error
        lines: list[str] = []
        try:
            with Progress(f"Making {self.folder.name} with Python {python.text}") as progress:
                self.system.step("environment")
                self._create(python, pip_wheel, lines)
                self._fill(pip_wheel, lines, progress)
        finally:
            with_newlines = "".join(line + "\n" for line in lines)
            with suppress(OSError):  # a full disk is reported already, or with the next file
                log.write_text(with_newlines, encoding="utf-8", errors="replace")
        stamp = {
            "lock": self._lock_digest(),
            "python": python.text,
            "added": [path.stem for path in self.added],
        }
        files.write_atomically(self.folder / _STAMP, json.dumps(stamp).encode())

    def add_product(self, packages: Path) -> None:
        """Make the product importable and add its console command. Raises InstallError."""
        python = interpreters.probe(self.system, self.command)
        if python is None:
            raise InstallError(f"{self.python} does not run: delete {self.folder} and run again.")
        # ascii() because the encoding of .pth files depends on version and system.
        line = f"import sys; sys.path.append({str(packages)!a})\n"
        files.write_atomically(
            Path(python.packages) / "obs_virtual_background.pth", line.encode("ascii")
        )
        # -I: never import modules from the folder where the command is called.
        if self.system.name == "win32":
            script = '@"%~dp0python.exe" -I -m vb_worker %*\r\n'
            files.write_atomically(self.launcher, script.encode("ascii"))
            return
        script = f'#!/bin/sh\nexec {shlex.quote(str(self.python))} -I -m vb_worker "$@"\n'
        files.write_atomically(self.launcher, script.encode("utf-8", "surrogateescape"))
        self.launcher.chmod(0o755)

    @property
    def launcher(self) -> Path:
        """The console command ``virtual-background``."""
        suffix = ".cmd" if self.system.name == "win32" else ""
        return self.python.with_name(COMMAND + suffix)

    def _create(self, python: Interpreter, pip_wheel: Path | None, lines: list[str]) -> None:
        options = ["--clear"] + (["--without-pip"] if pip_wheel is not None else [])
        code = self.system.stream(
            [*python.command, *child.ISOLATED, "-m", "venv", *options, str(self.folder)],
            lines.append,
        )
        if code != 0:
            raise self._failure(lines, f"the environment {self.folder}")

    def _fill(self, pip_wheel: Path | None, lines: list[str], progress: Progress) -> None:
        pip = ["-m", "pip"] if pip_wheel is None else [str(pip_wheel / "pip")]
        count = 0
        most = len(_BLOCK.findall(self._lock_text()))
        self.system.step("packages")

        def hear(line: str) -> None:
            nonlocal count, most
            lines.append(line)
            package = _PACKAGE.match(line)
            if package:
                count += 1
                name = f"{package['name']} {package['version']}"
                progress.note(f"package {count}: {name}")
                self.system.step("packages", (count - 1) / max(most, count), name)
            elif line.startswith("Ignoring "):  # what other systems and Pythons need
                most -= 1
            elif line.startswith("Installing collected packages"):
                progress.note(f"unpacking {count} packages")
                self.system.step("unpack")

        code = self.system.stream(
            [*self.command, *child.ISOLATED, *pip, "install", *_QUIET, "--require-hashes",
             "--no-deps", "--only-binary", ":all:", "-r", str(self._requirements())],
            hear,
        )  # fmt: skip
        if code != 0:
            raise self._failure(lines, f"the packages of {self.lock.name}")

    def _failure(self, lines: list[str], what: str) -> InstallError:
        text = "\n".join(lines)
        if "No space left on device" in text or "Errno 28" in text:
            return InstallError(
                f"The disk that holds {self.folder} is full: free 1 GB there and run again.", "disk"
            )
        if "DO NOT MATCH THE HASHES" in text:
            return InstallError(
                f"A package that was downloaded is not the one {self.lock.name} names: "
                "run again, on another network if it stays so.",
                "network",
            )
        if re.search(r"resolution|NewConnectionError|ConnectTimeout|ProxyError|SSLError", text):
            return InstallError(
                "The worker's packages could not be downloaded: "
                "check the connection to the internet (and the proxy), then run again.",
                "network",
            )
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")
        return InstallError(f"Making {what} failed ({last}): mend that and run again.")

    def has_added(self) -> list[str]:
        """Return the names of the additional lock files that the existing environment has."""
        try:
            stamp = json.loads((self.folder / _STAMP).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        added = stamp.get("added") if isinstance(stamp, dict) else None
        return [str(name) for name in added] if isinstance(added, list) else []

    def _requirements(self) -> Path:
        """Return the requirements file for pip."""
        if not self.added:
            return self.lock
        path = self.folder / "requirements.lock"
        files.write_atomically(path, self._lock_text().encode())
        return path

    def _lock_text(self) -> str:
        return merged(
            self.lock.read_text("utf-8"), [package.read_text("utf-8") for package in self.added]
        )

    def _lock_digest(self) -> str:
        return hashlib.sha256(self._lock_text().encode()).hexdigest()


def merged(lock: str, added: list[str]) -> str:
    """Return a lock file's text with others merged into it; theirs override the same names.

    Another build of onnxruntime replaces onnxruntime, as it installs into the same folder.
    """
    theirs = [block for text in added for block in _BLOCK.findall(text)]
    names = {name for name, _ in theirs}
    if any(name.startswith("onnxruntime-") for name in names):
        names.add("onnxruntime")
    kept = [block for name, block in _BLOCK.findall(lock) if name not in names]
    return "".join([*kept, *(block for _, block in theirs)]) if added else lock


def lend_pip(system: System, python: Interpreter, folder: Path) -> Path | None:
    """Copy the pip wheel bundled with a Python into ``folder``; None if there is none."""
    find = (
        "import ensurepip, pathlib\n"
        "here = pathlib.Path(ensurepip.__file__).parent / '_bundled'\n"
        "there = pathlib.Path('/usr/share/python-wheels')\n"
        "print(*sorted(here.glob('pip-*.whl')), *sorted(there.glob('pip-*.whl')), sep='\\n')"
    )
    done = system.run([*python.command, *child.ISOLATED, "-c", find])
    wheels = [Path(line) for line in done.out.splitlines() if line.strip()]
    if done.code != 0 or not wheels:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(wheels[0], folder / wheels[0].name))
    except OSError as error:
        raise files.explain(error, folder) from error
