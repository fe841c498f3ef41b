"""Keeps print() from failing on characters that the terminal or the pipe cannot encode.

On Windows a pipe or a file uses the system's code page; on Linux a file name may be no valid text.
"""

from __future__ import annotations

import io
import sys


def prepare() -> None:
    """From now on write characters that cannot be encoded as escapes, ``\\u30e6``."""
    for stream in (sys.stdout, sys.stderr):
        # A stream may be some other object, or None in a program without a console.
        # "surrogateescape" is the default for a pipe on Windows, and anywhere in the C locale.
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")
