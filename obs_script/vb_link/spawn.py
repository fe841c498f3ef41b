"""Starts a worker process: the one place that knows how the systems differ in this.

Linux and macOS: the only inherited file descriptors are the shared memory, the wake pipe and the
*life* pipe. Windows: the only inherited handle is the wake event; the memory is found by its name.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vb_link import child, job, memory, wake

_BELOW_NORMAL = 0x00004000


@dataclass
class Spawned:
    """A started worker.

    ``life`` is what the filter watches: the read end of a pipe that hangs up when the worker dies,
    or on Windows its process handle. ``job`` is its Windows job (see ``job.py``), else 0.
    """

    process: subprocess.Popen[bytes]
    life: int
    job: int = 0

    def close(self) -> None:
        """Close the streams and ``life``, whose number another file may then get."""
        for stream in (self.process.stdin, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if sys.platform != "win32" and self.life >= 0:
            os.close(self.life)
        self.life = -1
        job.release(self.job)
        self.job = 0


def spawn(
    shared: memory.Memory,
    waker: wake.Wake,
    *,
    python: Path,
    packages: Path,
    epoch: int,
    refused: Sequence[str] = (),
) -> Spawned:
    """Start a worker of ``packages`` (the folder that holds ``vb_worker``) with ``python``.

    ``refused`` names the models that it must not run. It exits when its standard input is closed
    and writes its messages, one per line, to its standard error. Raises OSError.
    """
    command = [str(python), "-m", "vb_worker.serve", "--memory", shared.token,
               "--wake", waker.token, "--epoch", str(epoch),
               "--parent", str(os.getpid()),
               *(f"--refused={name}" for name in refused)]  # fmt: skip
    environment = {**child.environment(), "PYTHONPATH": str(packages), "PYTHONUNBUFFERED": "1",
                   "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1",
                   # No imports from the folder where OBS was started, and no threads started by
                   # numpy.
                   "PYTHONSAFEPATH": "1", "OPENBLAS_NUM_THREADS": "1"}  # fmt: skip
    options: dict[str, Any] = {
        "env": environment, "stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL,
        "stderr": subprocess.PIPE, "cwd": packages,
    }  # fmt: skip
    if sys.platform == "win32":
        startup = subprocess.STARTUPINFO()
        startup.lpAttributeList = {"handle_list": [waker.inherit]}
        process = subprocess.Popen(
            command, startupinfo=startup, creationflags=0x08000000 | _BELOW_NORMAL, **options
        )
        handle = int(process._handle)  # type: ignore[attr-defined]
        return Spawned(process, handle, job.hold(handle))
    life, life_of_worker = os.pipe()
    try:
        process = subprocess.Popen(
            command, pass_fds=(shared.descriptor, waker.inherit, life_of_worker), **options
        )
    except OSError:
        os.close(life)
        raise
    finally:
        os.close(life_of_worker)
    return Spawned(process, life)
