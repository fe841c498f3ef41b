"""Keeping memory between frames.

glibc gives memory of a frame's size back to the system as soon as it is freed and asks for it
again at the next frame: the pages that must be made and cleared then took a third of the time.
"""

from __future__ import annotations

import ctypes
import sys

# mallopt(3), <malloc.h>: free memory at the heap's end that is kept, and the size from which on
# memory is not of the heap (the largest value that is accepted).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
KEPT, LARGEST = 256 << 20, 32 << 20


def keep_memory() -> None:
    """Have the C library keep freed memory for reuse, where it is glibc; elsewhere do nothing."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, KEPT)
        mallopt(_MMAP_THRESHOLD, LARGEST)
