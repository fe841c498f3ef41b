"""Giving freed memory back to the system after a model was closed."""

from __future__ import annotations

import ctypes
import gc
import sys


def memory() -> None:
    """Free what only Python's collector can, and have the C library return what is free.

    A model takes some tens of MiB in many pieces; glibc would keep them for itself, and a user who
    tries models and qualities would see the worker grow.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; musl has none
        if trim is not None:
            trim(0)
