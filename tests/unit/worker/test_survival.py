"""A worker that ends at a model, or hangs at it, is followed by one that does not try it again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import hostile_models
from tests.unit.worker_pictures import person
from vb_link import folders, layout, limits, memory, sentences, slots, tell, wake
from vb_script.worker_process import Blame, WorkerProcess
from vb_worker.catalogue import quarantine
from vb_worker.models.manifest_reader import load
from vb_worker.units import results


class Obs:
    """OBS's side: the memory, a filter in it, and the real script's watcher of the worker."""

    def __init__(self) -> None:
        self.shared = memory.create()
        self.wake = wake.Wake()
        self.lines: list[str] = []
        self.epoch = 0
        self.worker = WorkerProcess(
            self.shared, self.wake, next_epoch=self._next, on_second=lambda: None,
            on_line=self.lines.append, on_end=lambda _end: None,
            on_error=lambda error: self.lines.append(repr(error)),
        )  # fmt: skip

    def _next(self) -> int:
        self.epoch += 1
        return self.epoch

    @property
    def segment(self) -> Any:
        return self.shared.segment

    @property
    def channel(self) -> Any:
        return self.shared.segment.channels[0]

    def choose(self, model: str) -> None:
        channel = self.channel
        channel.used = 1
        channel.source_width, channel.source_height = 320, 180
        channel.model, channel.compute, channel.quality = model.encode(), b"cpu", b"fast"
        tell.tell(channel)
        self.wake.send()

    def send(self) -> None:
        channel = self.channel
        picture, _ = person(64, 64)
        rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        channel.frame_newest = slots.write(
            channel.frames, int(channel.frame_newest) % layout.SLOTS,
            frame_id=int(channel.frame_count) + 1, generation=1, width=64, height=64,
            pixels=memoryview(np.ascontiguousarray(rgba).data),
        )  # fmt: skip
        channel.frame_count += 1
        self.wake.send()

    def until(self, what: Callable[[], object], seconds: float = 120.0) -> None:
        """Hand over pictures until ``what`` is so."""
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, (self.lines[-5:], self.channel.report_error)
            self.send()
            time.sleep(0.02)


@pytest.fixture
def obs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Obs]:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    monkeypatch.setattr(folders, "venv_python", lambda: Path(sys.executable))
    folders.user_models_dir().mkdir(parents=True)
    folders.state_dir().mkdir()
    made = Obs()
    made.worker.start()
    try:
        yield made
    finally:
        made.worker.stop()


@pytest.mark.posix("a signal ends the worker as a model would")
def test_a_model_that_ends_the_worker_again_and_again_gives_way_to_the_default(obs: Obs) -> None:
    path = hostile_models.put(folders.user_models_dir(), "endless", hostile_models.endless_loop())
    # As if it had done well when it was tried: what it does to a camera's picture is another thing.
    results.note_tried(quarantine.key_of(load(path)))
    obs.choose("endless")
    for death in range(limits.MODEL_DEATHS):
        obs.until(lambda: obs.segment.working_on == b"endless" and obs.worker.pid)
        if death == 0:
            # It waits for the answer of a loop without end; nothing else of it can be told.
            assert Path(f"/proc/{obs.worker.pid}/status").exists() or sys.platform == "darwin"
        epoch = obs.epoch
        os.kill(obs.worker.pid or 0, signal.SIGSEGV)
        obs.until(lambda before=epoch: obs.epoch > before)  # type: ignore[misc]
    obs.until(lambda: obs.channel.alpha_count > 0)
    key, arguments = sentences.unpack(obs.channel.report_refused)
    assert key == "ModelEnded" and arguments["name"] == "endless"
    assert obs.channel.report_model == b"Selfie, square"
    assert obs.epoch == limits.MODEL_DEATHS + 1
    pid = obs.worker.pid
    count = int(obs.channel.alpha_count)
    obs.until(lambda: obs.channel.alpha_count > count + 10)
    assert obs.worker.pid == pid


@pytest.mark.linux("seccomp is Linux's")
def test_the_worker_runs_without_a_network_and_with_its_files_alone(obs: Obs) -> None:
    obs.choose("selfie_square")
    obs.until(lambda: obs.channel.alpha_count > 0)
    status = Path(f"/proc/{obs.worker.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    open_files = [str(entry.readlink()) for entry in Path(f"/proc/{obs.worker.pid}/fd").iterdir()]
    assert not [name for name in open_files if name.startswith("socket:")]
    assert all(name.startswith(("pipe:", "/dev/null", "/memfd:")) for name in open_files)
    assert not obs.lines


@pytest.mark.posix("Windows sets no limit to a process's memory")
def test_a_model_that_does_harm_when_it_is_tried_never_reaches_the_worker(obs: Obs) -> None:
    hostile_models.put(folders.user_models_dir(), "huge", hostile_models.huge_when_run())
    obs.choose("huge")
    obs.until(lambda: b"failed on a picture" in obs.channel.report_error)
    assert obs.epoch == 1
    hostile_models.put(folders.user_models_dir(), "far", hostile_models.weights_elsewhere())
    obs.choose("far")
    obs.until(lambda: b"another file" in obs.channel.report_error)
    obs.choose("selfie_square")
    obs.until(lambda: obs.channel.alpha_count > 0)
    assert obs.epoch == 1


@pytest.mark.linux("it looks in /proc")
@pytest.mark.parametrize("way", ["closed", "killed"])
def test_the_quarantine_ends_with_the_worker(obs: Obs, way: str) -> None:
    hostile_models.put(folders.user_models_dir(), "endless", hostile_models.endless_loop())
    obs.choose("endless")
    obs.until(lambda: b"being tried" in obs.channel.report_error)
    (child,) = _children(obs.worker.pid)
    if way == "killed":
        os.kill(obs.worker.pid or 0, signal.SIGKILL)
    else:
        obs.worker.stop()
    deadline = time.monotonic() + 60
    while _is_running(child):
        assert time.monotonic() < deadline, "the quarantine goes on"
        time.sleep(0.05)


def _children(parent: int | None) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in found.stdout.split()]


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _works_without_an_end() -> int:
    """Return the exit status of a process whose native code holds Python's lock for long."""
    # No thread of Python's own could end that.
    works = 'PyDLL("kernel32").Sleep(3_600_000)' if sys.platform == "win32" else (
        "PyDLL(None).sleep(3600)"
    )  # fmt: skip
    code = "from vb_worker.sandbox import watchdog; import ctypes; watchdog.arm(); "
    code += f"watchdog.begin(1); ctypes.{works}"
    packages = str(Path(__file__).resolve().parents[3] / "obs_script")
    return subprocess.run(
        [sys.executable, "-c", code], check=False, env={**os.environ, "PYTHONPATH": packages}
    ).returncode


def test_work_without_an_end_is_ended() -> None:
    expected = 1 if sys.platform == "win32" else -signal.SIGALRM
    assert _works_without_an_end() == expected


@pytest.mark.posix("Windows has no signals")
def test_work_without_an_end_is_ended_though_the_signal_is_blocked() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        assert _works_without_an_end() == -signal.SIGALRM
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_only_deaths_of_its_own_count_and_only_when_they_come_together() -> None:
    from_outside, crash = (-9, -15, -2), -11
    if sys.platform == "win32":
        from_outside, crash = (0x40010004, 0xC000013A), 0xC0000005
    now = [0.0]
    blame = Blame(lambda: now[0])
    for code in (0, *from_outside):
        for _ in range(5):
            blame.note("outside", code)
    for _ in range(limits.MODEL_DEATHS):
        blame.note("rare", crash)
        now[0] += limits.DEATHS_SECONDS + 1
        blame.note("", crash)
    assert blame.refused() == []
    for _ in range(limits.MODEL_DEATHS):
        assert blame.refused() == []
        blame.note("bad", crash)
    assert blame.refused() == ["bad"]
