"""A file is read only if it is an ordinary one, and never more of it than is accepted."""

from __future__ import annotations

import hashlib
import os
import sys
import tracemalloc
from pathlib import Path

import pytest

from vb_link import bounded


def test_an_ordinary_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2048)
    assert bounded.read(path, 2048) == b"x" * 2048
    assert bounded.sha256(path, 2048) == hashlib.sha256(b"x" * 2048).hexdigest()
    for way in (bounded.read, bounded.sha256):
        with pytest.raises(bounded.TooLargeError) as caught:
            way(path, 2047)
        assert caught.value.strerror == "it is larger than 1 KiB"


def test_the_limit_is_not_allocated_for_a_small_file(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"x" * 3000)
    tracemalloc.start()
    try:
        assert len(bounded.read(path, 256 << 20)) == 3000
        assert bounded.sha256(path, 256 << 20)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4 << 20


@pytest.mark.parametrize("limit", [8, 1 << 20])
def test_what_is_added_meanwhile_is_read_up_to_the_limit(
    limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        with path.open("ab") as file:
            file.write(b"56789")
        return found

    monkeypatch.setattr(os, "fstat", fstat)  # asked twice: a regular file, its size
    if limit == 8:
        with pytest.raises(bounded.TooLargeError):
            bounded.read(path, limit + 5)
    else:
        assert bounded.read(path, limit) == b"1234" + b"56789" * 2


@pytest.mark.linux("a file of /proc says that it has no bytes")
def test_a_file_that_has_grown_meanwhile_is_not_read_beyond_its_limit() -> None:
    path = Path("/proc/self/status")  # which says that it has no bytes
    for way in (bounded.read, bounded.sha256):
        with pytest.raises(bounded.TooLargeError):
            way(path, 10)


@pytest.mark.posix("no pipe of Windows has a name among files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="no ordinary file"):
        bounded.read(pipe, 10)


def test_folders_devices_and_names_that_cannot_be_are_refused(tmp_path: Path) -> None:
    device, folder = Path("/dev/zero"), "no ordinary file"
    if sys.platform == "win32":
        device, folder = Path("NUL"), "Permission denied"
    for path, why in ((tmp_path, folder), (device, "no ordinary file"),
                      (Path("a\0b"), "cannot be that of a file")):  # fmt: skip
        with pytest.raises(OSError, match=why) as caught:
            bounded.read(path, 10)
        assert why in str(caught.value.strerror)
    with pytest.raises(FileNotFoundError):
        bounded.read(tmp_path / "missing", 10)
