"""A virtual screen for an OBS that nobody looks at."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

from vb_demo.child_guard import Guarded
from vb_demo.errors import ObsError


class VirtualDisplay:
    """An Xvfb of our own; ``name`` is the value for DISPLAY."""

    def __init__(self, width: int = 1600, height: int = 1000) -> None:
        if shutil.which("Xvfb") is None:
            raise ObsError("There is no display and Xvfb is missing: install the package xvfb.")
        read_end, write_end = os.pipe()
        # Without auto-repeat (-r): a key that a busy computer holds too long would come many times.
        self._xvfb = Guarded(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{width}x{height}x24",
             "-nolisten", "tcp", "-r"],
            pass_fds=(write_end,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(write_end)
        with os.fdopen(read_end) as stream:
            number = stream.readline().strip()
        if not number:
            self._xvfb.end()
            raise ObsError("Xvfb did not start: run `Xvfb :99` to see why.")
        self.name = f":{number}"

    @property
    def ended(self) -> bool:
        """Whether the X server has ended."""
        return self._xvfb.process.poll() is not None

    def close(self) -> None:
        """End the X server, by force after ten seconds."""
        self._xvfb.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._xvfb.process.wait(10)
        self._xvfb.end()
