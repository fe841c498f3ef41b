"""Starts programs that end when this process ends, however it ends. Linux and macOS.

A program is started by a launcher: this file, run by a Python of its own. It leaves a watcher
behind in the program's process group and becomes the program. The watcher sleeps on a pipe whose
other end this process alone holds: the system closes it even where this process is killed. Then
the watcher ends the whole group, stopped processes and those that the program has started, too.
(Linux's PR_SET_PDEATHSIG looks only at the thread that started the program, and not at what the
program starts.)
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
    """A program that was started; ``process`` is the program itself, not its launcher.

    Where it cannot be started the reason is on its standard error and its exit status is 127.
    """

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        """Start it as ``subprocess.Popen`` does, in a session of its own."""
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
        """Let what is left of the group live on: the program has ended as it should."""
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
    """Become ``command``; a grandchild stays in the process group and watches the pipe."""
    # A grandchild, so that the program has no child that it did not start.
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            _watch(read_end)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(read_end)
    # Python ignores these, and what is ignored stays so in the program.
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)


def _watch(read_end: int) -> None:
    # Of the program's files and pipes none may stay open for the watcher's sake.
    os.dup2(read_end, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    # Whoever asks the group to end means the program; the watcher goes last.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.read(0, 1) != _LET_GO:
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    _launch(int(sys.argv[1]), sys.argv[2:])
