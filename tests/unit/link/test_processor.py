"""A processor that lacks what the packages need is told in a sentence, not by SIGILL."""

from __future__ import annotations

import ctypes
import importlib.metadata
import platform
import re
import shlex
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from tests.unit.install_fakes import FakeSystem
from vb_doctor import sandbox
from vb_install import environment, interpreters
from vb_install.system import InstallError
from vb_link import isolated, processor

PACKAGES = Path(processor.__file__).parents[1]
V2 = "fpu sse sse2 pni ssse3 sse4_1 sse4_2 popcnt cx16 lahf_lm"
CONROE = "fpu sse sse2 pni ssse3 cx16 lahf_lm"
QEMU = shutil.which("qemu-x86_64")


@pytest.fixture
def cpuinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Linux on x86-64, and the file that names what its processor has."""
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(processor, "CPUINFO", path)
    return path


def _numpy_is(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: version)


@pytest.mark.parametrize(
    ("flags", "numpy", "expected"),
    [
        (V2, "2.5.5", []),
        (CONROE, "2.5.5", ["SSE4.1", "SSE4.2", "POPCNT"]),
        (CONROE, "2.2.6", []),
        ("fpu sse sse2", "2.2.6", ["SSE3"]),
        ("", "2.5.5", []),
    ],
)
def test_what_linux_s_processor_lacks_is_what_this_numpy_needs(
    flags: str, numpy: str, expected: list[str], cpuinfo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor : 1\nflags : fpu\n")
    _numpy_is(monkeypatch, numpy)
    assert processor.missing() == expected


def test_what_is_unknown_is_not_missing(cpuinfo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert processor.missing() == []  # no such file
    cpuinfo.write_text("flags : fpu\n")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert processor.missing() == []


@pytest.mark.parametrize(
    ("build", "has", "expected"),
    [
        (19045, {13, 14, 36, 37, 38}, []),
        (19045, {13, 14, 36}, ["SSE4.1", "SSE4.2"]),
        (18363, {13, 14}, []),  # which knows of no number from 36 on
        (18363, {13}, ["CMPXCHG16B"]),
    ],
)
def test_windows_is_asked_for_what_it_knows(
    build: int, has: set[int], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel32 = types.SimpleNamespace(IsProcessorFeaturePresent=lambda number: int(number in has))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(platform, "machine", lambda: "AMD64")
    monkeypatch.setattr(ctypes, "WinDLL", lambda _name: kernel32, raising=False)
    version = types.SimpleNamespace(build=build)
    monkeypatch.setattr(sys, "getwindowsversion", lambda: version, raising=False)
    assert processor.lacking() == expected


def test_macos_is_asked_for_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {b"hw.optional.sse3": 1, b"hw.optional.supplementalsse3": 1, b"hw.optional.sse4_1": 0}

    def sysctlbyname(name: bytes, value: Any, *_: Any) -> int:
        if name not in asked:
            return -1
        value._obj.value = asked[name]
        return 0

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    library = types.SimpleNamespace(sysctlbyname=sysctlbyname)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    assert processor.lacking() == ["SSE4.1"]


def test_this_processor_runs_these_packages() -> None:
    assert processor.missing() == []


def test_the_installer_takes_a_python_whose_packages_run(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path)
    system.instructions_lacking = ["SSE4.2", "POPCNT"]
    with pytest.raises(InstallError, match=r"lacks SSE4\.2, POPCNT.*Python 3\.10"):
        interpreters.choose(system, None)
    with pytest.raises(InstallError, match=r"need SSE4\.2, POPCNT, which this processor lacks"):
        interpreters.choose(system, "/usr/bin/python3")
    system.programs["python3.10"] = "/opt/python3.10"
    system.pythons["/opt/python3.10",] = (3, 10, 13)
    assert interpreters.choose(system, None).executable == "/opt/python3.10"


def test_the_lock_s_numpy_needs_no_more_before_the_python_that_is_refused() -> None:
    lock = (environment.LOCKS / "worker.lock").read_text(encoding="utf-8")
    numpy = dict(
        (marker, tuple(map(int, version.split(".")[:2])))
        for version, marker in re.findall(r"(?m)^numpy==(\S+) ; (.*?) \\$", lock)
    )
    old = f"python_full_version < '3.{interpreters.V2_FROM}'"
    assert numpy.pop(old) < (2, 4)
    assert numpy and all(version >= (2, 4) for version in numpy.values())


@pytest.mark.linux("qemu-user has the older processors")
def test_on_an_older_processor_the_worker_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if QEMU is None:
        pytest.skip("needs qemu-user")
    if platform.machine() != "x86_64" or processor._numpy() < (2, 4):
        pytest.skip("these packages run on every processor")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text(f"flags : {CONROE}\n")  # else it is the host's
    emulate = [str(QEMU), "-L", str(tmp_path), "-cpu", "Conroe"]
    bare = subprocess.run([*emulate, sys.executable, "-c", "import numpy"], check=False)
    assert bare.returncode != 0, "numpy runs there, and this check is for nothing"
    command = isolated.command(sys.executable, PACKAGES, "vb_worker.serve")
    done = subprocess.run([*emulate, *command], capture_output=True, text=True, check=False)
    assert done.returncode == processor.EXIT_STATUS, done.stderr
    assert done.stderr == processor.sentence(["SSE4.1", "SSE4.2", "POPCNT"]) + "\n"

    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.join(emulate)} {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "proc" / "cpuinfo")
    found = sandbox.check(python, PACKAGES)
    assert not found.good and "lacks SSE4.1, SSE4.2, POPCNT, which" in found.text()
