"""Starts programs that are killed when this process ends, however it ends. Linux and macOS.

A launcher (this file, run in a new Python) forks a watcher into the program's process group, then
execs the program. The watcher blocks on a pipe whose write end only this process holds: the system
closes it even if this process is killed. Then the watcher kills the whole group, including stopped
processes and the program's own children. (Linux's PR_SET_PDEATHSIG follows only the thread that
started the program, and does not cover the program's children.)
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

_LET_GO = b"."


class Guarded:
    """A started program; ``process`` is the program itself, not its launcher.

    If it cannot be started, the reason is on its standard error and its exit status is 127.
    """

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        """Start it like ``subprocess.Popen``, in a new session."""
        read_end, self._life = os.pipe()
        launcher = [sys.executable, "-I", "-S", __file__, str(read_end), *command]
        kept = (*options.pop("pass_fds", ()), read_end)
        try:
            self.process: subprocess.Popen[Any] = subprocess.Popen(
                launcher, pass_fds=kept, start_new_session=True, **options
            )
        except BaseException:
            os.close(self._life)
            raise
        finally:
            os.close(read_end)

    def let_go(self) -> None:
        """Stop guarding: the program has ended normally, the rest of its group may run on."""
        if self._life >= 0:
            os.write(self._life, _LET_GO)
            self._close()

    def end(self) -> None:
        """Kill the whole group and wait for the program."""
        if self._life >= 0:
            self._close()
        self.process.wait()

    def _close(self) -> None:
        os.close(self._life)
        self._life = -1


def _launch(read_end: int, command: list[str]) -> None:
    """Exec ``command``; a grandchild stays in the process group and watches the pipe."""
    # A grandchild (double fork), so that the program has no child that it did not start.
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            _watch(read_end)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(read_end)
    # Python ignores these signals, and ignored signals stay ignored across exec.
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)


def _watch(read_end: int) -> None:
    # The watcher must not keep any of the program's files and pipes open.
    os.dup2(read_end, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    # Signals to the group are meant for the program; the watcher ends last.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.read(0, 1) != _LET_GO:
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    _launch(int(sys.argv[1]), sys.argv[2:])
