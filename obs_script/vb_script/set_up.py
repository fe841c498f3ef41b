"""The button that sets everything up: ``vb_install`` in a process of its own, beside this OBS.

The process is kept where a Reload does not forget it (``reload_state.py``) and found again after
one. It ends with OBS: its standard input is closed then, and on Windows its job. A thread reads
what it prints and calls nothing of OBS's but its log.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vb_install import interpreters
from vb_install.system import InstallError, System
from vb_link import child, folders, isolated, job, steps
from vb_link.texts import say
from vb_script.reload_state import survivors

Texts = dict[str, str]
MODULE = "vb_install.inside_obs"
BAR = 10  # letters of the bar
FAULTS = ("python", "venv", "network", "disk", "permission", "processor", "busy")


@dataclass
class Running:
    """A set-up under way, or one that has ended. Code from before a Reload may have made it."""

    process: subprocess.Popen[str] | None = None
    job: int = 0
    last: dict[str, Any] = field(default_factory=lambda: {"step": "python"})
    words: str = ""  # the last line that was no object
    cancelled: bool = False
    over: bool = False


class SetUp:
    """``tell`` is called with the sentence by which a set-up ends."""

    def __init__(self, texts: Texts, tell: Callable[[str], None]) -> None:
        self._texts = texts
        self._tell = tell
        self._thread: threading.Thread | None = None

    def is_needed(self) -> bool:
        """Return whether the worker's environment is missing."""
        return not folders.venv_is_whole()

    def is_running(self) -> bool:
        """Return whether a set-up is under way."""
        now = self._now()
        return now is not None and not now.over

    @property
    def sentence(self) -> str:
        """How far it is with a bar, or how it ended; what is missing before it was started."""
        now = self._now()
        if now is None:
            return self._texts["SetUp.Missing"] if self.is_needed() else ""
        if not now.over:
            return self._progress(now)
        if now.last.get("done") and self.is_needed():
            return self._texts["SetUp.Missing"]  # it was removed since
        return self._end(now)

    @property
    def answer(self) -> str:
        """How one has ended that left nothing to do, else ""."""
        now = self._now()
        done = now is not None and now.over and not self.is_needed()
        return self.sentence if done else ""

    def start(self) -> None:
        """Start it unless one is under way; returns at once."""
        if self.is_running():
            return
        now = survivors().set_up = Running()
        self._thread = threading.Thread(target=self._work, args=(now,), name="set-up", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End it; what pip has downloaded is not downloaded again the next time."""
        now = self._now()
        if now is not None and not now.over:
            now.cancelled = True
            _kill(now)

    def wait(self, seconds: float) -> None:
        """Wait for the end of one that this object has started."""
        if self._thread is not None:
            self._thread.join(seconds)

    @staticmethod
    def _now() -> Running | None:
        found: Running | None = getattr(survivors(), "set_up", None)
        return found

    def _work(self, now: Running) -> None:
        try:
            self._run(now)
        except InstallError as error:
            now.last = {"fault": error.fault, "said": str(error)}
        except OSError as error:
            kinds = {errno.ENOSPC: "disk", errno.EACCES: "permission", errno.EPERM: "permission"}
            now.last = {"fault": kinds.get(error.errno or 0, "other"), "said": str(error)}
        finally:
            now.over = True
        self._tell(self._end(now).replace("\n", " "))

    def _run(self, now: Running) -> None:
        """Run the set-up and follow it. Raises InstallError and OSError."""
        python = interpreters.choose(System(interpreters.of_this_library()), None)
        if now.cancelled:
            return
        process = now.process = subprocess.Popen(
            isolated.command(python.executable, folders.PACKAGES, MODULE),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=child.environment(), cwd=folders.PACKAGES, start_new_session=True,
            **child.TEXT, **child.QUIET,
        )  # fmt: skip
        if sys.platform == "win32":
            now.job = job.hold(int(process._handle))  # type: ignore[attr-defined]
        if now.cancelled:  # cancel() came too early to see it
            _kill(now)
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                found = steps.read(line)
                if found:
                    now.last = found
                elif line.strip():
                    now.words = line.strip()
        process.wait()
        _kill(now)

    def _progress(self, now: Running) -> str:
        step, share = str(now.last.get("step", "")), now.last.get("share", 0.0)
        if step not in steps.STEPS:  # it has told how it ended, and ends
            step, share = "model", 1.0
        percent = steps.percent(step, float(share))
        done = BAR * percent // 100
        bar = "\N{BLACK SQUARE}" * done + "\N{WHITE SQUARE}" * (BAR - done)
        detail = str(now.last.get("detail", ""))
        what = say(self._texts, f"SetUp.Step.{step}", detail=detail).rstrip()
        return f"{bar} {percent} %\n{what}\n{self._texts['SetUp.Refresh']}"

    def _end(self, now: Running) -> str:
        if now.last.get("done"):
            key = "SetUp.Done" if now.last.get("model") else "SetUp.DoneNoModel"
            return say(self._texts, key, folder=folders.PACKAGES.parent)
        if now.cancelled:
            return self._texts["SetUp.Cancelled"]
        fault = now.last.get("fault")
        if fault in FAULTS:
            return say(self._texts, f"SetUp.Fault.{fault}", folder=folders.data_dir())
        reason = str(now.last.get("said") or now.words) or self._code(now)
        key = "SetUp.Fault.other" if fault else "SetUp.Fault.crash"
        return say(self._texts, key, reason=reason.rstrip("."))

    @staticmethod
    def _code(now: Running) -> str:
        return str(now.process.returncode) if now.process is not None else "-"


def _kill(now: Running) -> None:
    """End a set-up's process, if it still runs, and all that it has started."""
    process = now.process
    if process is None:
        return
    if sys.platform == "win32":
        if now.job:
            job.release(now.job)
            now.job = 0
        elif process.poll() is None:
            process.terminate()
    elif process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
