"""A test run, or the demo, that is killed from outside leaves nothing behind."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.obs.conftest import worker_pids
from tests.obs.stage import wait_for

ROOT = Path(__file__).resolve().parents[2]
MARK = "ENDED_FROM_OUTSIDE"
# A test in the middle of its work, whose worker is stopped as a test does by SIGSTOP.
TEST = """
import os, signal, time
from tests.obs.conftest import worker_pids
from tests.obs.stage import person

def test_it(start_obs):
    with start_obs() as stage:
        stage.picture("Camera", person()[0])
        stage.add_filter()
        stage.wait_for_mask()
        os.kill(worker_pids(stage.obs.pid)[0], signal.SIGSTOP)
        time.sleep(600)
"""


def _marked(mark: str) -> dict[int, str]:
    """Return the command lines of the processes that were started with ``mark``."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(entry.name)] = words.decode()
    return found


@contextmanager
def _running(command: list[str], out: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    mark = secrets.token_hex(8)
    environment = {
        **os.environ,
        MARK: mark,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'obs_script'}",
    }
    environment.pop("DISPLAY", None)
    with out.open("wb") as stream:
        process = subprocess.Popen(
            # A shell makes a command in the background, as these tests may be, ignore SIGINT.
            ["env", "--default-signal=INT", *command],
            cwd=ROOT, env=environment, stdout=stream, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield process, mark
    finally:
        process.kill()
        process.wait()
        for pid in _marked(mark):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _obs_of(mark: str) -> int | None:
    """Return the process id of the OBS whose worker has started."""
    found = [pid for pid in _marked(mark) if worker_pids(pid)]
    return found[0] if found else None


def _stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_of_tests_leaves_no_process(tmp_path: Path, how: signal.Signals) -> None:
    test = tmp_path / "test_it.py"
    test.write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-p", "tests.obs.conftest",
               "--basetemp", str(tmp_path / "of-it"), str(test)]  # fmt: skip
    with _running(command, tmp_path / "out") as (process, mark):
        obs = wait_for(lambda: _obs_of(mark), 60, "the test's OBS and worker")
        wait_for(lambda: _stopped(worker_pids(obs)[0]), 60, "the middle of the test")
        assert any("Xvfb" in words for words in _marked(mark).values())
        process.send_signal(how)
        process.wait(60)
        wait_for(lambda: not _marked(mark), 15, "the end of all processes")


def test_the_demo_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vb_demo", "--output", str(tmp_path / "demo")]
    with _running(command, tmp_path / "out") as (process, mark):
        wait_for(lambda: _obs_of(mark), 60, "the demo's OBS and worker")
        assert any("Xvfb" in words for words in _marked(mark).values())
        time.sleep(1.0)
        process.kill()
        process.wait(60)
        wait_for(lambda: not _marked(mark), 15, "the end of all processes")
