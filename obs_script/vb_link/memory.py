"""Shared memory that belongs to one user and leaves nothing behind.

Linux: ``memfd_create`` (no name at all, a sealed size); where a sandbox or an old kernel lacks it,
a file in memory. macOS: POSIX shared memory. All have mode 0600, are unlinked as soon as they are
open, and are passed to the worker as an inherited file descriptor. Windows: a mapping with an
unguessable name, which disappears with its last handle.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from vb_link import layout

NAME = "obs-virtual-background"


class LinkError(Exception):
    """The shared memory is missing or is not ours; the message says what to do."""


PRIVATE_NAME = f"private-{NAME}"


class Memory:
    """The mapped memory.

    ``segment`` is its content: ``layout.Segment`` in OBS, which created it, and ``layout.Shared``
    in the worker, which sees only that piece. ``address`` is that of ``vb_segment`` in OBS;
    ``token`` is the worker's argument for :func:`attach`; ``descriptor`` must be inherited by the
    worker and is -1 on Windows.
    """

    def __init__(
        self, mapping: mmap.mmap, token: str, descriptor: int, private: mmap.mmap | None = None
    ) -> None:
        self.mapping = mapping
        self.token = token
        self.descriptor = descriptor
        shared = layout.Shared.from_buffer(mapping)
        self.segment: Any = shared
        self.address = 0
        if private is not None:
            own = layout.Private.from_buffer(private)
            own.layout = layout.VERSION
            own.private_bytes = layout.PRIVATE_BYTES
            own.shared = ctypes.addressof(shared)
            self.segment = layout.Segment(shared, own)
            self.address = ctypes.addressof(own)

    def sign(self) -> None:
        """Write the header by which the worker checks the layout, anew for each worker."""
        self.segment.magic = layout.MAGIC
        self.segment.version = layout.VERSION
        self.segment.bytes = layout.SEGMENT_BYTES

    def keep_forever(self) -> None:
        """Keep the mapping until the process ends.

        The Lua half holds raw pointers into it, even after Python has been finalized.
        """
        for part in (self.segment.shared_part, self.segment.private_part):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(part))

    def close(self) -> None:
        """Close the descriptor; the mapping lives until the last reference to ``segment``."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def create() -> Memory:
    """Create both pieces, zeroed, with the header filled in.

    Raises OSError when the system has no memory for them.
    """
    size = layout.SEGMENT_BYTES
    private = _private()
    if sys.platform == "win32":
        token = f"{NAME}-{secrets.token_hex(16)}"
        memory = Memory(mmap.mmap(-1, size, tagname=token), token, -1, private)
    else:
        descriptor = _descriptor(NAME)
        try:
            _set_size(descriptor, size)
            mapping = mmap.mmap(descriptor, size)
        except OSError:
            os.close(descriptor)
            raise
        memory = Memory(mapping, str(descriptor), descriptor, private)
    memory.sign()
    return memory


def _private() -> mmap.mmap:
    if not sys.platform.startswith("linux"):
        return mmap.mmap(-1, layout.PRIVATE_BYTES)
    # No child inherits its descriptor; a test can find a running OBS's memory by its name.
    descriptor = _descriptor(PRIVATE_NAME)
    try:
        _set_size(descriptor, layout.PRIVATE_BYTES)
        return mmap.mmap(descriptor, layout.PRIVATE_BYTES)
    finally:
        os.close(descriptor)  # mmap keeps a duplicate


def _descriptor(name: str) -> int:
    """Return the descriptor of new, empty memory without a name, for this user only."""
    if sys.platform.startswith("linux"):
        try:
            made = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        except (AttributeError, OSError):
            return _file_in_memory()  # an old kernel, or a sandbox that forbids it
        os.fchmod(made, 0o600)  # its default is 0777, though only we can find it
        return made
    import _posixshmem  # noqa: PLC0415  (POSIX only)

    name = f"/vb-{secrets.token_hex(8)}"
    descriptor: int = _posixshmem.shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600)
    _posixshmem.shm_unlink(name)
    return descriptor


def _file_in_memory() -> int:
    """Return an unlinked file on an in-memory file system, so that pictures never reach a disk.

    Inside a Flatpak both folders belong to the sandbox, as does the worker. Raises OSError.
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


def _set_size(descriptor: int, size: int) -> None:
    os.ftruncate(descriptor, size)
    if sys.platform.startswith("linux"):
        # Reading a mapping whose file was truncated is a SIGBUS: forbid it. macOS allows only one
        # ftruncate anyway.
        import fcntl  # noqa: PLC0415  (POSIX only)

        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        with contextlib.suppress(OSError):  # a file has no seals; nobody else has its descriptor
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)


def attach(token: str) -> Memory:
    """Map the shared piece that another process created.

    ``token`` is an inherited descriptor's number, a path to one (Linux: ``/proc/PID/fd/N``) or, on
    Windows, the mapping's name. Raises LinkError when it is not a segment of this version.
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


def view(pid: int) -> layout.Segment:
    """Return both pieces of a running OBS, for tests and the demo. Linux only.

    Raises LinkError when our script is not loaded there.
    """
    found: dict[str, str] = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found[str(entry.readlink()).partition(" ")[0]] = str(entry)
    try:
        shared = attach(found[f"/memfd:{NAME}"])
        descriptor = os.open(found[f"/memfd:{PRIVATE_NAME}"], os.O_RDWR)
    except KeyError:
        raise LinkError("The script Virtual Background is not loaded in this OBS.") from None
    private = layout.Private.from_buffer(mmap.mmap(descriptor, layout.PRIVATE_BYTES))
    os.close(descriptor)
    return layout.Segment(shared.segment, private)


_MISMATCH = (
    "The shared memory has another version's layout: restart OBS so that the script, the filter "
    "and the worker are of one version."
)
