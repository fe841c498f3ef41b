"""Why OBS hangs: which threads are in a deadlock, and whether our code is part of it.

A thread that waits for a mutex passes the mutex's address to the kernel (futex), and glibc stores
the owning thread in the mutex; so deadlocks are read from ``/proc``, and the stacks from gdb.
For Linux on x86-64 with glibc, as in Debian's OBS.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_FUTEX = "202"  # the system call, on x86-64
_WAIT, _PRIVATE_BIT, _TAKEN = 0, 0x80, 2  # its operation, a flag, and the value of a waited mutex
_OWNER = 8  # byte offset of a mutex's owner (pthread_mutex_t.__data.__owner)
# What runs our code, or any script's: OBS's scripting, Lua and its JIT code, Python, ctypes.
_OURS = re.compile(r"scripting|luajit|libpython|_ctypes|libffi|_obspython")
_THREAD = re.compile(r"Thread .*\(LWP (\d+)\)")
_FRAME = re.compile(r"#\d+\s+(?:0x(?P<address>[0-9a-f]+) in )?(?P<name>\S+) \(")
# A call that waits for OBS's UI thread, the process's first, to do something.
_ASKS_THE_WINDOW = re.compile(r"QSemaphore::acquire")


@dataclass(frozen=True)
class Thread:
    """A thread: its stack as gdb prints it, and the file that each frame's code is from.

    A file of "" is code from no file: generated at run time, as LuaJIT's is.
    """

    number: int
    stack: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def ours(self) -> bool:
        """Whether our code may be in the stack: one that cannot be read counts as ours."""
        return not self.stack or any(not name or _OURS.search(name) for name in self.files)


@dataclass(frozen=True)
class Freeze:
    """The deadlocks: circles of threads that wait for each other."""

    circles: tuple[tuple[Thread, ...], ...] = field(default=())

    @property
    def of_obs_alone(self) -> bool:
        """Whether there is a deadlock, and our code is in none."""
        return bool(self.circles) and not any(
            thread.ours for circle in self.circles for thread in circle
        )

    def lines(self) -> list[str]:
        told = []
        for circle in self.circles:
            numbers = [str(thread.number) for thread in circle]
            told.append(f"Threads {', '.join(numbers)} wait for each other:")
            for thread in circle:
                told += [f"Thread {thread.number}", *thread.stack]
        return told


def inspect(pid: int) -> Freeze:
    """Return the deadlocks of a process, as far as they are over mutexes."""
    waits = mutex_waits(pid)
    time.sleep(0.5)  # a thread that still waits for the same mutex then is deadlocked
    waits = dict(waits.items() & mutex_waits(pid).items())
    stacks = read_stacks(gdb(pid), _executable_maps(pid))
    waits = window_waits(stacks, pid) | waits
    return Freeze(
        tuple(
            tuple(stacks.get(number, Thread(number, (), ())) for number in circle)
            for circle in circles(waits)
        )
    )


def mutex_waits(pid: int) -> dict[int, int]:
    """Return, for each thread that waits for a mutex, the thread that owns it."""
    waits = {}
    tasks = {int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()}
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        for task in tasks:
            with contextlib.suppress(OSError, ValueError):
                words = Path(f"/proc/{pid}/task/{task}/syscall").read_text().split()
                if words[0] != _FUTEX:
                    continue
                address, operation, value = (int(word, 16) for word in words[1:4])
                if operation & ~_PRIVATE_BIT != _WAIT or value != _TAKEN:
                    continue
                memory.seek(address + _OWNER)
                owner = int.from_bytes(memory.read(4), "little")
                if owner in tasks:
                    waits[task] = owner
    return waits


def window_waits(stacks: Mapping[int, Thread], window: int) -> dict[int, int]:
    """Return the threads that wait for the UI thread to do something for them."""
    return {
        number: window
        for number, thread in stacks.items()
        if number != window and any(_ASKS_THE_WINDOW.search(line) for line in thread.stack)
    }


def circles(waits: Mapping[int, int]) -> list[tuple[int, ...]]:
    """Return each circle of ``waits`` once."""
    found = set()
    for start in waits:
        path = [start]
        while path[-1] in waits and waits[path[-1]] not in path:
            path.append(waits[path[-1]])
        if path[-1] in waits:
            circle = path[path.index(waits[path[-1]]) :]
            first = circle.index(min(circle))
            found.add((*circle[first:], *circle[:first]))
    return sorted(found)


def gdb(pid: int) -> list[str]:
    """Return gdb's backtraces of all threads: none without gdb, or if it takes too long."""
    if not shutil.which("gdb"):
        return []
    asked = ["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all backtrace 40"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            asked, capture_output=True, text=True, timeout=120, check=False, errors="replace"
        )
        return [line for line in done.stdout.splitlines() if line.startswith(("#", "Thread"))]
    return []


def _executable_maps(pid: int) -> list[tuple[int, int, str]]:
    """Return begin, end and file ("" if there is none) of all executable memory mappings."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        words = line.split(maxsplit=5)
        if "x" in words[1]:
            begin, end = (int(word, 16) for word in words[0].split("-"))
            found.append((begin, end, words[5] if len(words) > 5 else ""))
    return found


def read_stacks(lines: Sequence[str], maps: Sequence[tuple[int, int, str]]) -> dict[int, Thread]:
    """Parse gdb's ``thread apply all backtrace``; ``maps`` gives the file of an address."""
    stacks: dict[int, tuple[list[str], list[str]]] = {}
    current: tuple[list[str], list[str]] = ([], [])
    for line in lines:
        if head := _THREAD.match(line):
            current = stacks[int(head[1])] = ([], [])
        elif frame := _FRAME.match(line):
            current[0].append(line)
            current[1].append(_file(frame["name"], frame["address"], maps))
    return {
        number: Thread(number, tuple(told), tuple(files))
        for number, (told, files) in stacks.items()
    }


def _file(name: str, address: str | None, maps: Sequence[tuple[int, int, str]]) -> str:
    if address is None:
        return name  # gdb knows its source: inlined, or at the beginning of a line
    place = int(address, 16)
    return next((path for begin, end, path in maps if begin <= place < end), "")
