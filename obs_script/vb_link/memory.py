"""Shared memory that belongs to one user and leaves nothing behind.

Linux: ``memfd_create`` (no name at all); where a sandbox or an old kernel has none, a file in
memory. macOS: POSIX shared memory. Both have mode 0600, are unlinked as soon as they are open, and
are handed to the worker as an inherited file descriptor. Windows: a mapping with an unguessable
name, which goes when its last user does.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import secrets
import sys
from typing import Any

from vb_link import layout

NAME = "obs-virtual-background"


class LinkError(Exception):
    """The shared memory is missing or is not ours; the message says what to do."""


class Memory:
    """The mapped segment.

    ``segment`` is the ctypes structure over it, ``address`` where it begins in this process and
    ``token`` what another process attaches with; ``descriptor`` must be inherited by that
    process and is -1 on Windows.
    """

    def __init__(self, mapping: mmap.mmap, token: str, descriptor: int) -> None:
        self.mapping = mapping
        self.token = token
        self.descriptor = descriptor
        self.segment: Any = layout.Segment.from_buffer(mapping)
        self.address = ctypes.addressof(self.segment)

    def keep_forever(self) -> None:
        """Keep the mapping until the process ends.

        The Lua half holds raw pointers into it, also after Python has been shut down.
        """
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.segment))

    def close(self) -> None:
        """Let go of the descriptor; the mapping goes with the last use of ``segment``."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def create() -> Memory:
    """Make a zeroed segment with its header filled in.

    Raises OSError when the system has no memory for it.
    """
    size = layout.SEGMENT_BYTES
    if sys.platform == "win32":
        token = f"{NAME}-{secrets.token_hex(16)}"
        memory = Memory(mmap.mmap(-1, size, tagname=token), token, -1)
    else:
        descriptor = _descriptor()
        try:
            os.ftruncate(descriptor, size)
            memory = Memory(mmap.mmap(descriptor, size), str(descriptor), descriptor)
        except OSError:
            os.close(descriptor)
            raise
    memory.segment.magic = layout.MAGIC
    memory.segment.version = layout.VERSION
    memory.segment.bytes = size
    return memory


def _descriptor() -> int:
    """Return a new, empty memory that has no name, for this user alone."""
    if sys.platform.startswith("linux"):
        try:
            made = os.memfd_create(NAME, os.MFD_CLOEXEC)
        except (AttributeError, OSError):
            return _file_in_memory()  # an old kernel, or a sandbox that forbids it
        os.fchmod(made, 0o600)  # it is made for everybody, though only we can find it
        return made
    import _posixshmem  # noqa: PLC0415  (POSIX only)

    name = f"/vb-{secrets.token_hex(8)}"
    descriptor: int = _posixshmem.shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600)
    _posixshmem.shm_unlink(name)
    return descriptor


def _file_in_memory() -> int:
    """Return a file without a name on a file system that is memory: pictures touch no disk.

    Inside a Flatpak both folders are the sandbox's own, as the worker is. Raises OSError.
    """
    for folder in ("/dev/shm", os.environ.get("XDG_RUNTIME_DIR")):
        if not folder:
            continue
        path = os.path.join(folder, f".{NAME}-{secrets.token_hex(8)}")  # noqa: PTH118
        with contextlib.suppress(OSError):
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(path, flags, 0o600)
            os.unlink(path)  # noqa: PTH108
            return descriptor
    raise OSError(
        errno.ENOSPC, "neither memfd_create nor XDG_RUNTIME_DIR nor /dev/shm gives memory"
    )


def attach(token: str) -> Memory:
    """Map the segment another process made.

    ``token`` is an inherited descriptor's number, a path to one (Linux:
    ``/proc/PID/fd/N``) or, on Windows, the mapping's name.
    Raises LinkError when it is not a segment of this version.
    """
    size = layout.SEGMENT_BYTES
    try:
        if sys.platform == "win32":
            memory = Memory(mmap.mmap(-1, size, tagname=token), token, -1)
        else:
            descriptor = int(token) if token.isdigit() else os.open(token, os.O_RDWR)
            if os.fstat(descriptor).st_size != size:
                raise LinkError(_MISMATCH)
            memory = Memory(mmap.mmap(descriptor, size), token, descriptor)
    except OSError as error:
        raise LinkError(f"The shared memory {token} cannot be opened: {error}.") from error
    head = memory.segment
    if (head.magic, head.version, head.bytes) != (layout.MAGIC, layout.VERSION, size):
        raise LinkError(_MISMATCH)
    return memory


_MISMATCH = (
    "The shared memory has another version's layout: restart OBS so that the script, the filter "
    "and the worker are of one version."
)
