"""macOS on paper: what libobs' macOS library shows of itself, as nothing can be run here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.windows.wine import BenchError
from vb_script import libobs_symbols


def check(folder: Path, say: Callable[[bool, str], None]) -> None:
    """Look for all functions of libobs that the product calls in its Mach-O symbol names."""
    libraries = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name in ("libobs.dylib", "libobs")
    ]
    if not libraries:
        raise BenchError(f"{folder} holds no libobs of macOS.")
    data = libraries[0].read_bytes()
    # Mach-O names C functions with an underscore before and a zero after them.
    lacking = [name for name in libobs_symbols.of_libobs() if f"\0_{name}\0".encode() not in data]
    say(not lacking, f"macOS libobs 32.2.2: lacks {', '.join(lacking) or 'no function'} (not run)")
