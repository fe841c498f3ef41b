"""A seccomp filter (Linux): no network, no system calls that reach into other processes.

Files in /proc and signals are left to ``landlock``. Refused calls fail with EPERM, in this process,
all its threads and children; the filter cannot be removed. Numbers are Linux's (asm/unistd.h), the
filter is classic BPF on ``struct seccomp_data`` (linux/seccomp.h).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys

_NO_NEW_PRIVILEGES = 38
_MODE_FILTER, _ALL_THREADS = 1, 1
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in seccomp_data
_OTHER_ABI = 0x40000000  # system calls of the x32 ABI start here
_AF_UNIX = 1

# Machine: (audit architecture, numbers of the system calls seccomp and socket)
_MACHINES = {"x86_64": (0xC000003E, 317, 41), "aarch64": (0xC00000B7, 277, 198)}
# connect, accept, bind, listen, accept4
_USING_SOCKETS = {"x86_64": (42, 43, 49, 50, 288), "aarch64": (203, 202, 200, 201, 242)}
# ptrace, process_vm_readv, process_vm_writev, pidfd_getfd, io_uring_setup (which can open
# sockets), userfaultfd, perf_event_open, bpf, add_key, request_key, keyctl, open_by_handle_at,
# mount, umount2, unshare, setns, init_module, finit_module
_REACHING_OUT = {
    "x86_64": (101, 310, 311, 438, 425, 323, 298, 321, 248, 249, 250, 304, 165, 166, 272, 308,
               175, 313),
    "aarch64": (117, 270, 271, 438, 425, 282, 241, 280, 217, 218, 219, 265, 40, 39, 97, 268,
                105, 273),
}  # fmt: skip


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jump_true", ctypes.c_uint8),
        ("jump_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def refuse_network(*, local_sockets: bool) -> str:
    """Refuse sockets and calls that reach into other processes; return "", or why that fails.

    ``local_sockets``: still allow AF_UNIX, which only reaches this machine.
    """
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in _MACHINES:
        return "this system has no such filter that is known here"
    _, seccomp, _ = _MACHINES[machine]
    rows = _rows(machine, local_sockets)
    instructions = (_Instruction * len(rows))(*(_Instruction(*row) for row in rows))
    program = _Program(len(rows), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return f"prctl: {os.strerror(ctypes.get_errno())}"
    done = libc.syscall(
        ctypes.c_long(seccomp),
        ctypes.c_long(_MODE_FILTER),
        ctypes.c_long(_ALL_THREADS),
        ctypes.byref(program),
    )
    if done == 0:
        return ""
    # With TSYNC a positive result is the id of a thread that could not be synchronised.
    return f"seccomp: {os.strerror(ctypes.get_errno())}" if done < 0 else f"thread {done} refused"


def _rows(machine: str, local_sockets: bool) -> list[tuple[int, int, int, int]]:
    """Return the BPF program: (code, jump if true, jump if false, value) per instruction."""
    architecture, _, socket = _MACHINES[machine]
    refuse = (_RETURN, 0, 0, _REFUSE)
    rows = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture),
        refuse,  # system calls of 32-bit processes have other numbers
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 0, 1, _OTHER_ABI),
        refuse,
    ]
    refused: tuple[int, ...] = _REACHING_OUT[machine]
    if not local_sockets:
        refused = (socket, *_USING_SOCKETS[machine], *refused)
    for number in refused:
        rows += [(_IF_EQUAL, 0, 1, number), refuse]
    if local_sockets:
        rows += [
            (_IF_EQUAL, 0, 3, socket),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_IF_EQUAL, 1, 0, _AF_UNIX),
            refuse,
        ]
    rows.append((_RETURN, 0, 0, _ALLOW))
    return rows
