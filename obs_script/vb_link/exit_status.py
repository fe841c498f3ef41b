"""How a process ended, by names that can be searched for."""

from __future__ import annotations

import signal
import sys

# The NTSTATUS values that are the exit status of a process ended by Windows have these top bits.
_NTSTATUS_ERROR = 0xC0000000
_WITHDRAWN = (0x40010004, 0xC000013A)  # by a debugger or a log-off; by Ctrl+C


def name(code: int) -> str:
    """Return a signal's name ("SIGSEGV"), an NTSTATUS ("0xC0000005") or the exit status ("1").

    ``code`` is ``subprocess``'s returncode: negative for a signal.
    """
    if code < 0 and sys.platform != "win32":
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    status = code & 0xFFFFFFFF
    return f"0x{status:08X}" if status >= _NTSTATUS_ERROR or status in _WITHDRAWN else str(code)


def is_crash(code: int) -> bool:
    """Return whether the system ended the process, rather than the process itself."""
    return not name(code).lstrip("-").isdigit()


def from_outside(code: int) -> bool:
    """Return whether the process was killed from outside: by a user, or as memory ran out."""
    known = (
        "SIGKILL",
        "SIGTERM",
        "SIGINT",
        "SIGHUP",
        *(f"0x{status:08X}" for status in _WITHDRAWN),
    )
    return name(code) in known
