"""What a guarded program leaves behind when whoever started it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vb_demo.child_guard import Guarded

pytestmark = pytest.mark.posix("Windows has no process groups")

SCRIPTS = Path(__file__).resolve().parents[3] / "obs_script"
# Starts a child, as OBS starts a worker, stops it, and tells both process ids.
PROGRAM = """
import os, signal, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
os.kill(child.pid, signal.SIGSTOP)
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
# Starts the program from a thread that ends at once, and lives on. Whoever runs the tests may
# ignore SIGHUP, as nohup does, or SIGINT, as a shell makes a command in the background do.
OWNER = f"""
import signal, subprocess, sys, threading, time
from vb_demo.child_guard import Guarded
for ignored in (signal.SIGHUP, signal.SIGINT):
    signal.signal(ignored, signal.SIG_DFL)
def start():
    Guarded([sys.executable, "-c", {PROGRAM!r}])
thread = threading.Thread(target=start)
thread.start()
thread.join()
time.sleep(600)
"""


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def _gone(pids: list[int], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(_alive, pids))


@pytest.fixture
def started() -> Iterator[Callable[[], tuple[subprocess.Popen[str], list[int]]]]:
    """A process that guards a program, and the ids of the program and its child."""
    owners: list[subprocess.Popen[str]] = []
    pids: list[int] = []

    def start() -> tuple[subprocess.Popen[str], list[int]]:
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER], env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        owners.append(owner)
        assert owner.stdout is not None
        pids.extend(map(int, owner.stdout.readline().split()))
        return owner, pids

    yield start
    for owner in owners:
        owner.kill()
        owner.communicate()
    for pid in filter(_alive, pids):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.linux("it looks in /proc")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"])
def test_a_program_and_what_it_started_end_with_their_owner(
    started: Callable[[], tuple[subprocess.Popen[str], list[int]]], how: str
) -> None:
    owner, pids = started()
    time.sleep(0.3)
    assert all(map(_alive, pids))  # though the thread that started it has ended
    owner.send_signal(getattr(signal, how))
    owner.wait()
    assert _gone(pids)
    # The pipe that it inherited is closed: no watcher of it is left either.
    assert owner.stdout is not None
    assert owner.stdout.read() == ""


def test_it_is_the_program_itself_with_its_files_and_signals() -> None:
    read_end, write_end = os.pipe()
    program = (
        "import os, signal, sys; "
        f"os.write({write_end}, str(os.getpid()).encode()); "
        "print(os.getsid(0) == os.getpid())"
    )
    shell = f'exec "{sys.executable}" -c "{program}"'
    guarded = Guarded(["sh", "-c", shell], pass_fds=(write_end,), stdout=subprocess.PIPE, text=True)
    os.close(write_end)
    out, _ = guarded.process.communicate()
    guarded.let_go()
    with os.fdopen(read_end) as stream:
        assert int(stream.read()) == guarded.process.pid
    assert out == "True\n"
    assert guarded.process.returncode == 0


def test_a_broken_pipe_ends_it_as_it_would_without_a_guard() -> None:
    guarded = Guarded(["sh", "-c", "kill -PIPE $$; sleep 60"])
    assert guarded.process.wait(30) == -signal.SIGPIPE
    guarded.let_go()


def test_ended_by_its_owner_the_whole_group_ends() -> None:
    guarded = Guarded([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert guarded.process.stdout is not None
    pids = [int(word) for word in guarded.process.stdout.readline().split()]
    guarded.end()
    assert guarded.process.returncode == -signal.SIGKILL
    assert guarded.process.stdout.read() == ""  # closed by all who had it
    assert _gone(pids)


def test_let_go_what_is_left_of_the_group_lives_on() -> None:
    guarded = Guarded(["sh", "-c", "sleep 600 > /dev/null & echo $!"], stdout=subprocess.PIPE)
    out, _ = guarded.process.communicate()
    guarded.let_go()
    left = int(out)
    try:
        assert not _gone([left], 0.5)
    finally:
        os.kill(left, signal.SIGKILL)


def test_a_program_that_is_not_there() -> None:
    guarded = Guarded(["/nowhere/program"], stderr=subprocess.PIPE, text=True)
    _, told = guarded.process.communicate()
    guarded.let_go()
    assert guarded.process.returncode == 127
    assert told == "/nowhere/program: No such file or directory\n"
