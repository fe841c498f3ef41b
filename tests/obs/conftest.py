"""A real OBS for the tests, with checks that it closed cleanly."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.obs import plugins
from tests.obs.stage import OURS, Stage
from tests.torture import freeze
from vb_demo.obs_session import ObsSession
from vb_link import folders

# A fault in the filter or in the script, which no test may expect.
FAULT = re.compile(r"\.lua:\d+:|The script ran into a fault of its own")
if sys.platform == "win32":
    collect_ignore_glob = ["test_*.py"]  # they import what POSIX alone has

BASELINE_LEAKS = 1  # what OBS 29 to 32 report themselves after a plain run, without any script


@contextmanager
def user_data(folder: Path) -> Iterator[Path]:
    """Set up a user data folder in ``folder``/data, with the environment this runs in."""
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "venv").symlink_to(sys.prefix)
    before = os.environ.get(folders.DATA_VARIABLE)
    os.environ[folders.DATA_VARIABLE] = str(data)
    try:
        yield data
    finally:
        if before is None:
            del os.environ[folders.DATA_VARIABLE]
        else:
            os.environ[folders.DATA_VARIABLE] = before


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A user data folder whose worker environment is the one the tests run in."""
    if shutil.which("obs") is None:
        pytest.fail("OBS is not installed: run `python3 install.py test`, which sets it up.")
    with user_data(tmp_path_factory.mktemp("user")) as folder:
        yield folder


def worker_pids(parent: int | None = None) -> list[int]:
    """Return the process ids of the workers of one OBS or of all."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"vb_worker.serve" in words and b"--parent" in words:
                owner = words[words.index(b"--parent") + 1].decode()
                if parent is None or owner == str(parent):
                    found.append(int(entry.name))
    return found


def graphics_errors(log: str) -> list[str]:
    """Return the errors of OBS's graphics: about textures, render targets, parameters."""
    signs = ("(GL) failed", "glGetError", "set to invalid size", "GL_INVALID")
    return [line for line in log.splitlines() if any(sign in line for sign in signs)]


def _tell_why_it_hangs(pid: int) -> None:
    with suppress(OSError):  # it may end meanwhile
        print("\n".join(freeze.inspect(pid).lines() or freeze.gdb(pid)))


@contextmanager
def running_obs(
    folder: Path, *, baseline_leaks: int = BASELINE_LEAKS, **options: Any
) -> Iterator[Stage]:
    """Run an OBS; on leaving, it must close cleanly and leave nothing behind."""
    # If OBS crashes, its Python prints what its threads were doing.
    environment = {"PYTHONFAULTHANDLER": "1", **options.pop("environment", {})}
    session = ObsSession(folder, environment=environment, **options)
    session.start()
    pid = session.pid
    stage = Stage(session)
    try:
        yield stage
    except BaseException:
        session.stop(before_kill=lambda: _tell_why_it_hangs(pid))
        raise
    # OBS 29's window may crash, with or without us, when it closes in the middle of a change, or
    # while a media source is shown.
    stage.hide_media()
    time.sleep(1.0)
    report = session.stop(before_kill=lambda: _tell_why_it_hangs(pid))
    assert report.clean, "OBS crashed or had to be killed:\n" + report.log[-3000:]
    assert report.leaks is not None and report.leaks <= baseline_leaks, report.log[-3000:]
    deadline = time.monotonic() + 15
    while worker_pids(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert worker_pids(pid) == [], "the worker outlived OBS"
    ours = [line for line in report.log.splitlines() if OURS in line]
    complaints = [
        line
        for line in ours
        if FAULT.search(line) or not any(text in line for text in stage.expected)
    ]
    assert complaints == [], "OBS's log holds a complaint of ours:\n" + "\n".join(complaints)
    errors = [
        line
        for line in graphics_errors(report.log)
        if not any(text in line for text in stage.expected)
    ]
    assert errors == [], "OBS's graphics had something to complain of"


@pytest.fixture
def start_obs(tmp_path: Path) -> Callable[..., Any]:
    """``start_obs(**options)`` is a context manager giving the Stage of a fresh OBS."""

    def start(name: str = "obs", **options: Any) -> Any:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return running_obs(folder, **options)

    return start


@pytest.fixture(scope="module")
def beside_plugins() -> Iterator[None]:
    """Let the OBS of each test load the other plugins that are installed for tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in plugins.environment().items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def shared_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with running_obs(tmp_path_factory.mktemp("shared")) as stage:
        yield stage


@pytest.fixture
def stage(shared_stage: Stage) -> Iterator[Stage]:
    """The module's OBS, its scene empty."""
    shared_stage.clear()
    yield shared_stage
    shared_stage.clear()
