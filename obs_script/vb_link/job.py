"""A Windows job object that kills its processes when OBS ends, even by a crash."""

from __future__ import annotations

import ctypes
import sys

_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_KILL_ON_CLOSE = 0x2000


class _Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("least_memory", ctypes.c_size_t),
        ("most_memory", ctypes.c_size_t),
        ("processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
        ("io_counters", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


def hold(process: int) -> int:
    """Put a process, given its handle, into a new job and return the job's handle.

    When the handle is closed, the system kills all processes in the job, including the process's
    own children. It closes the handle itself when OBS is killed. 0: no job could be created, and
    the process has to notice OBS's end by itself.
    """
    if sys.platform != "win32":
        return 0
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.CreateJobObjectW.restype = ctypes.c_void_p
    job = int(kernel32.CreateJobObjectW(None, None) or 0)
    if not job:
        return 0
    limits = _Limits(flags=_KILL_ON_CLOSE)
    handle = ctypes.c_void_p(job)
    if kernel32.SetInformationJobObject(
        handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)
    ) and kernel32.AssignProcessToJobObject(handle, ctypes.c_void_p(process)):
        return job
    release(job)
    return 0


def release(job: int) -> None:
    """Close a job's handle, which kills what is still in it."""
    if job and sys.platform == "win32":
        ctypes.WinDLL("kernel32").CloseHandle(ctypes.c_void_p(job))
