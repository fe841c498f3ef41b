"""What is printed never fails for a character that the terminal or the pipe cannot hold.

On Windows a pipe or a file gets the system's code page; on Linux a file's name may be no text.
"""

from __future__ import annotations

import io
import sys


def prepare() -> None:
    """Let what cannot be written be written by its number, ``\\u30e6``, from now on."""
    for stream in (sys.stdout, sys.stderr):
        # Others put objects of their own there; None stands for a program without a console.
        # The second is what Windows' Python gives a pipe, and any Python the locale C.
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")
