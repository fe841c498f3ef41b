"""Starts, watches and stops the worker.

One thread sleeps until the worker writes to its standard error or dies, or a second has passed. It
restarts a dead worker with a growing delay and has the status line written. Its only calls into
OBS are log messages.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from vb_link import exit_status, folders, limits, memory, spawn, wake
from vb_script.worker_problem import Ended, Missing, NotStarted, Problem, Unfit, of_end

STABLE_SECONDS = 10.0
FIRST_PAUSE, LAST_PAUSE = 0.1, 15.0
LONGEST_LINE = 4096  # bytes; a longer line is passed on in parts
MOST_LINES = 500  # per worker: OBS's log must not fill the disk
LAST_WORDS_SECONDS = 5.0  # before its end; older output does not explain it
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
ENOUGH = "The worker has said too much: what more it says is left out of this log."


def _plain(raw: bytes) -> str:
    """Return a line of the worker's standard error without what OBS's log cannot hold.

    A library may write terminal colours and, on Windows, UTF-16: a C string ends at the first
    zero byte, so the line would be lost.
    """
    return _COLORS.sub("", raw.replace(b"\0", b"").decode("utf-8", "replace")).rstrip()


class Blame:
    """Counts worker deaths by model: the next worker must not run a model with too many."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._deaths: dict[str, list[float]] = {}
        self._refused: set[str] = set()

    def note(self, model: str, code: int) -> None:
        """Count a worker's end with exit status ``code`` while running ``model`` ("": none)."""
        if not model or code == 0 or exit_status.from_outside(code):
            return
        now = self._now()
        recent = [at for at in self._deaths.get(model, []) if now - at < limits.DEATHS_SECONDS]
        self._deaths[model] = [*recent, now]
        if len(self._deaths[model]) >= limits.MODEL_DEATHS:
            self._refused.add(model)

    def refused(self) -> list[str]:
        """Return the models that must not be run again."""
        return sorted(self._refused)


class WorkerProcess:
    """The worker of this OBS.

    ``on_second`` is called about once a second from the watching thread, ``on_line`` with each
    line the worker writes, ``on_end`` with how a worker that will be restarted ended, and
    ``on_error`` with what ``on_second`` and ``on_end`` raised. ``problem`` is why there is no
    worker, or None.
    """

    def __init__(
        self,
        shared: memory.Memory,
        waker: wake.Wake,
        *,
        next_epoch: Callable[[], int],
        on_second: Callable[[], None],
        on_line: Callable[[str], None],
        on_end: Callable[[Ended], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._shared = shared
        self._wake = waker
        self._next_epoch = next_epoch
        self._on_second = on_second
        self._on_line = on_line
        self._on_end = on_end
        self._on_error = on_error
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._spawned: spawn.Spawned | None = None
        self._failures = 0
        self._blame = Blame()
        self.last_line, self._last_said = "", 0.0
        self.problem: Problem | None = None
        self._thread = threading.Thread(target=self._watch, name="virtual background", daemon=True)

    def start(self) -> None:
        """Start the watching thread, which starts the worker."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker and the thread; waits at most two seconds for each."""
        self._stop.set()
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()  # tells it to exit
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(2)

    @property
    def pid(self) -> int | None:
        """The process id of a living worker, or None."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def _watch(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            if self._start():
                self._listen()
                self._bury()
            while self._waits_for_set_up() and not self._stop.is_set():
                self._second()
                self._stop.wait(1.0)
            if self._stop.is_set():
                return
            lasted = time.monotonic() - started
            self._failures = 0 if lasted > STABLE_SECONDS else self._failures + 1
            pause = min(FIRST_PAUSE * 2 ** max(self._failures - 1, 0), LAST_PAUSE)
            if self._failures == 1:
                pause = 0.0
            self._second()
            self._stop.wait(pause)

    def _waits_for_set_up(self) -> bool:
        """Whether starting a worker is no use."""
        missing = isinstance(self.problem, Missing) and not folders.venv_is_whole()
        return missing or isinstance(self.problem, Unfit)

    def _second(self) -> None:
        self._guarded(self._on_second)

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # the worker must still be watched
            self._on_error(error)

    def _start(self) -> bool:
        python = folders.venv_python()
        if not folders.venv_is_whole():
            self.problem = Missing(python)
            return False
        # Before it lives: the end of this worker must not be put down to the last one's model.
        segment = self._shared.segment
        segment.working_on = b""
        epoch = self._next_epoch()
        try:
            self._spawned = spawn.spawn(
                self._shared, self._wake, python=python, packages=folders.PACKAGES, epoch=epoch,
                refused=self._blame.refused(),
            )  # fmt: skip
        except OSError as error:
            self.problem = NotStarted(error.strerror or str(error))
            return False
        self._process = self._spawned.process
        self.last_line, self._last_said = "", 0.0
        if self._stop.is_set():  # stop() came too early to see this worker
            if self._process.stdin is not None:
                self._process.stdin.close()
            return True
        segment.life = self._spawned.life
        segment.worker_epoch = epoch
        self.problem = None
        return True

    def _listen(self) -> None:
        """Wait until the worker has ended; meanwhile pass on its lines and call ``on_second``."""
        process = self._process
        assert process is not None
        # The reading thread closes it: any other would block on the read in progress.
        stream, process.stderr = process.stderr, None
        ended = threading.Event()
        reader = threading.Thread(
            target=self._read_lines, args=(stream, process, ended), daemon=True
        )
        reader.start()
        # Event.wait sleeps in the kernel; Popen.wait with a timeout would poll. poll() because a
        # child of the worker may keep its standard error open after it has ended.
        while not ended.wait(1.0) and process.poll() is None:
            self._second()
        ended.wait(1.0)  # its last words

    def _read_lines(
        self, stream: Any, process: subprocess.Popen[bytes], ended: threading.Event
    ) -> None:
        said = 0
        with stream:
            while raw := stream.readline(LONGEST_LINE):
                line = _plain(raw)
                if line:
                    if process is self._process:  # else a child of an earlier worker wrote it
                        self.last_line, self._last_said = line, time.monotonic()
                    said += 1
                    if said <= MOST_LINES:
                        self._on_line(line if said < MOST_LINES else ENOUGH)
        process.wait()  # it may have closed its standard error but still run
        ended.set()

    def _bury(self) -> None:
        process, spawned = self._process, self._spawned
        assert process is not None
        assert spawned is not None
        segment = self._shared.segment
        if segment.life == spawned.life:  # else the script was reloaded meanwhile
            segment.life, segment.worker_ready = -1, 0
        # The filter may be polling the descriptor in this very frame: once closed, its number
        # could be reused by another file.
        time.sleep(0.05)
        spawned.close()
        self._spawned = None
        if not self._stop.is_set():
            code = process.returncode
            self._blame.note(segment.working_on.decode("utf-8", "replace"), code)
            recent = time.monotonic() - self._last_said < LAST_WORDS_SECONDS
            end = of_end(code, self.last_line if code and recent else "")
            self.problem = end
            if isinstance(end, Ended):
                ended = end
                self._guarded(lambda: self._on_end(ended))
        self._process = None
