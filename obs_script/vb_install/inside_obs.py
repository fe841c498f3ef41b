"""Sets everything up from the script's panel, in a process beside a running OBS.

``-m vb_install.inside_obs``. Its standard output has, among the lines that ``install.py`` prints,
a JSON object for each step (see ``vb_link/steps.py``). It ends, with all that it has started, when
its standard input is closed: OBS has ended, or crashed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from vb_install import cli, set_up
from vb_install.system import InstallError, System
from vb_link import console, steps


class _Told(System):
    """This machine; each step is printed."""

    def step(self, name: str, share: float = 0.0, detail: str = "") -> None:
        print(steps.line(step=name, share=share, detail=detail), flush=True)


def _end_with_obs() -> None:
    """Wait for the end of standard input, then end this process and its children."""
    while os.read(0, 1024):
        pass
    if sys.platform == "win32":
        os._exit(1)  # OBS's job object ends the children
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> int:
    """Set everything up and return the exit status; the last object says how it ended."""
    console.prepare()
    threading.Thread(target=_end_with_obs, daemon=True).start()
    system = _Told()
    try:
        cli.refuse_store_python(system)
        model = set_up.install_around(system)
    except InstallError as error:
        print(steps.line(fault=error.fault, said=str(error)), flush=True)
        return 1
    print(steps.line(done=True, model=model), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
