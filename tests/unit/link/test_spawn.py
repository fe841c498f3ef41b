"""A worker is started with what it needs and nothing else, in each system's way."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vb_link import job, memory, spawn, wake


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A worker that says what it was given, then waits for the end of its standard input."""
    worker = tmp_path / "packages" / "vb_worker"
    worker.mkdir(parents=True)
    (worker / "__init__.py").touch()
    (worker / "serve.py").write_text(
        "import os, sys\n"
        "fds = sorted(map(int, os.listdir('/proc/self/fd' if os.path.isdir('/proc/self/fd')"
        " else '/dev/fd')))\n"
        "print(*sys.argv[1:], sep=' ', file=sys.stderr)\n"
        "print(len(fds), os.environ.get('PYTHONHOME'), file=sys.stderr)\n"
        "sys.stdin.read()\n"
    )
    return tmp_path / "packages"


def _open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


class _Memory:
    token, descriptor = "the-memory", -1


class _Wake:
    token, inherit = "77", 77


@pytest.fixture
def released() -> list[int]:
    """The jobs that were let go."""
    return []


@pytest.fixture
def windows(
    monkeypatch: pytest.MonkeyPatch, released: list[int]
) -> Iterator[list[tuple[list[str], dict[str, Any]]]]:
    """A Windows whose processes are only noted."""
    started: list[tuple[list[str], dict[str, Any]]] = []

    def start(command: list[str], **options: Any) -> Any:
        started.append((command, options))
        return types.SimpleNamespace(_handle=4321, stdin=None, stderr=None)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "STARTUPINFO", types.SimpleNamespace, raising=False)
    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(job, "hold", lambda process: process + 1)
    monkeypatch.setattr(job, "release", released.append)
    yield started


@pytest.mark.posix("nothing inherits descriptors on Windows")
def test_the_worker_inherits_three_descriptors_and_its_death_is_seen(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    shared, waker = memory.create(), wake.Wake()
    other = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(other, True)
    started = spawn.spawn(shared, waker, python=Path(sys.executable), packages=packages, epoch=9)
    process = started.process
    assert process.stderr is not None and process.stdin is not None
    words = process.stderr.readline().decode().split()
    assert words == ["--memory", shared.token, "--wake", waker.token, "--epoch", "9",
                     "--parent", str(os.getpid())]  # fmt: skip
    # 0, 1, 2, memory, wake, life; and the listing's own
    assert process.stderr.readline().decode().split() == ["7", "None"]
    os.set_blocking(started.life, False)
    with pytest.raises(BlockingIOError):
        os.read(started.life, 1)
    process.stdin.close()
    assert process.wait(10) == 0
    assert os.read(started.life, 1) == b"", "the worker's death is not seen"
    started.close()
    os.close(other)
    assert started.life == -1 and process.stderr.closed


def _inheritable() -> set[int]:
    found = set()
    for entry in Path("/dev/fd").iterdir():
        with contextlib.suppress(OSError):  # the listing's own
            if os.get_inheritable(int(entry.name)):
                found.add(int(entry.name))
    return found


@pytest.mark.posix("wake.py has the one handle of Windows")
def test_what_obs_starts_at_that_moment_inherits_nothing_of_the_worker(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _inheritable()
    meanwhile: list[set[int]] = []

    def start(*_command: Any, **_options: Any) -> Any:
        meanwhile.append(_inheritable())
        raise OSError("not today")

    monkeypatch.setattr(subprocess, "Popen", start)
    shared, waker = memory.create(), wake.Wake()
    with pytest.raises(OSError, match="not today"):
        spawn.spawn(shared, waker, python=Path(sys.executable), packages=packages, epoch=1)
    assert meanwhile == [before]


@pytest.mark.posix("Windows has no descriptors to leave open")
def test_a_python_that_is_not_there_leaves_nothing_open(packages: Path) -> None:
    shared, waker = memory.create(), wake.Wake()
    before = _open_files()
    with pytest.raises(OSError, match="no-python"):
        spawn.spawn(shared, waker, python=packages / "no-python", packages=packages, epoch=1)
    assert _open_files() == before


# A worker that hangs and has started something.
_HANGS = """
import ctypes, os, subprocess, sys, time
kernel32 = ctypes.WinDLL("kernel32")
window = bool(kernel32.GetConsoleWindow())
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print(window, os.getpid(), child.pid, file=sys.stderr, flush=True)
time.sleep(3600)
"""
_OBS = """
import sys, time
from pathlib import Path
from vb_link import memory, spawn, wake
shared, waker = memory.create(), wake.Wake()
started = spawn.spawn(
    shared, waker, python=Path(sys.executable), packages=Path(sys.argv[1]), epoch=1
)
print(started.process.stderr.readline().decode(), flush=True)
time.sleep(3600)
"""
_SYNCHRONIZE = 0x00100000


@pytest.mark.windows("its job object is tried")
def test_a_worker_that_hangs_ends_with_an_obs_that_is_killed(packages: Path) -> None:
    (packages / "vb_worker" / "serve.py").write_text(_HANGS)
    ours = str(Path(spawn.__file__).resolve().parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", _OBS, str(packages)], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ours},
    ) as obs:  # fmt: skip
        assert obs.stdout is not None
        try:
            window, *numbers = obs.stdout.readline().split()
            kernel32: Any = ctypes.__dict__["WinDLL"]("kernel32")
            kernel32.OpenProcess.restype = ctypes.c_void_p
            handles = [
                ctypes.c_void_p(kernel32.OpenProcess(_SYNCHRONIZE, False, int(number)))
                for number in numbers
            ]
            assert len(handles) == 2 and all(handles)
        finally:
            obs.kill()
    assert window == b"False"
    for handle in handles:
        assert kernel32.WaitForSingleObject(handle, 120_000) == 0, "it outlives OBS"
        kernel32.CloseHandle(handle)


def test_a_job_s_limits_are_as_large_as_windows_wants_them() -> None:
    assert ctypes.sizeof(job._Limits) == 144 and job._Limits.flags.offset == 16


def test_on_windows_only_the_event_is_inherited_and_no_window_opens(
    windows: list[tuple[list[str], dict[str, Any]]], released: list[int], tmp_path: Path
) -> None:
    shared: Any = _Memory()
    waker: Any = _Wake()
    made = spawn.spawn(
        shared, waker, python=Path("C:/v/python.exe"), packages=tmp_path, epoch=3
    )  # fmt: skip
    ((command, options),) = windows
    assert command[1:] == ["-m", "vb_worker.serve", "--memory", "the-memory", "--wake", "77",
                           "--epoch", "3", "--parent", str(os.getpid())]  # fmt: skip
    assert options["startupinfo"].lpAttributeList == {"handle_list": [77]}
    assert options["creationflags"] == 0x08004000 and "pass_fds" not in options
    assert (made.life, made.job) == (4321, 4322)
    assert options["env"]["PYTHONUTF8"] == "1"
    made.close()
    assert made.life == -1 and released == [4322]
