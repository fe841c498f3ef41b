"""The segment is private, leaves no name behind, and another version's is refused."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from vb_link import layout, memory, wake

PACKAGES = str(Path(memory.__file__).resolve().parent.parent)


def test_another_process_sees_what_is_written() -> None:
    made = memory.create()
    made.segment.channels[3].model = b"selfie"
    code = (
        "import sys; from vb_link import memory; m = memory.attach(sys.argv[1]);"
        "print(m.segment.channels[3].model.decode()); m.segment.channels[3].want_width = 321"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, made.token],
        pass_fds=(made.descriptor,) if made.descriptor >= 0 else (),  # Windows has names
        env={**os.environ, "PYTHONPATH": PACKAGES},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "selfie"
    assert made.segment.channels[3].want_width == 321


@pytest.mark.posix("/dev/shm is Linux's")
def test_nothing_is_left_in_the_shared_memory_folder() -> None:
    before = set(Path("/dev/shm").iterdir())
    memory.create()
    assert set(Path("/dev/shm").iterdir()) == before


# Each system's way


def _no_memfd(*_: object) -> int:
    raise OSError(errno.EPERM, "forbidden by the sandbox")


@pytest.mark.posix("memfd is Linux's")
def test_where_memfd_is_forbidden_a_nameless_file_in_memory_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "memfd_create", _no_memfd)
    before = set(Path("/dev/shm").iterdir())
    made = memory.create()
    assert set(Path("/dev/shm").iterdir()) == before
    about = os.fstat(made.descriptor)
    assert stat.S_IMODE(about.st_mode) == 0o600 and about.st_nlink == 0
    assert about.st_dev == Path("/dev/shm").stat().st_dev
    assert not os.get_inheritable(made.descriptor)
    made.segment.channels[0].used = 5
    assert memory.attach(f"/proc/self/fd/{made.descriptor}").segment.channels[0].used == 5


@pytest.mark.posix("memfd is Linux's")
def test_without_any_memory_it_is_said_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = os.open

    def refuse(path: str, *rest: Any) -> int:
        if path.startswith("/dev/shm"):
            raise OSError(errno.ENOENT, "no such folder")
        return real(path, *rest)

    monkeypatch.delattr(os, "memfd_create")  # a Python that was built without it
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert memory.create().segment.magic == layout.MAGIC
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    with pytest.raises(OSError, match="/dev/shm"):
        memory.create()


@pytest.mark.posix("a memfd stands for macOS's memory")
def test_on_a_mac_the_name_goes_as_soon_as_it_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, str]] = []

    def shm_open(name: str, flags: int, mode: int) -> int:
        assert mode == 0o600 and flags & os.O_EXCL and flags & os.O_CREAT
        done.append(("open", name))
        return os.memfd_create("mac")

    fake = types.SimpleNamespace(
        shm_open=shm_open, shm_unlink=lambda name: done.append(("unlink", name))
    )
    monkeypatch.setitem(sys.modules, "_posixshmem", fake)
    monkeypatch.setattr(sys, "platform", "darwin")
    made = memory.create()
    assert made.segment.bytes == layout.SEGMENT_BYTES
    assert [what for what, _ in done] == ["open", "unlink"] and len({name for _, name in done}) == 1
    assert len(done[0][1]) <= 31  # macOS allows no longer names


def test_on_windows_the_name_cannot_be_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    mappings: dict[str, Any] = {}
    real = mmap.mmap

    def mapped(descriptor: int, size: int, tagname: str = "") -> Any:
        assert descriptor == -1
        if not tagname:  # what only OBS sees has no name
            return real(-1, size)
        return mappings.setdefault(tagname, real(-1, size))

    monkeypatch.setattr(mmap, "mmap", mapped)
    monkeypatch.setattr(sys, "platform", "win32")
    first, other = memory.create(), memory.create()
    assert first.token != other.token and len(first.token) > 40 and first.descriptor == -1
    first.segment.channels[1].used = 8
    assert memory.attach(first.token).segment.channels[1].used == 8
    with pytest.raises(memory.LinkError, match="restart OBS"):
        memory.attach("another name")


@pytest.mark.parametrize("field", ["magic", "version", "bytes"])
def test_another_layout_is_refused_with_a_sentence(field: str) -> None:
    made = memory.create()
    setattr(made.segment, field, 99)
    with pytest.raises(memory.LinkError, match="restart OBS"):
        memory.attach(made.token)


def test_a_file_of_another_size_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"x")
    with pytest.raises(memory.LinkError):
        memory.attach(str(other))


def test_memory_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(memory.LinkError, match="cannot be opened"):
        memory.attach(str(tmp_path / "missing"))


def test_waking_more_often_than_the_pipe_holds_never_blocks() -> None:
    waker = wake.Wake()
    for _ in range(200_000):
        waker.send()


@pytest.mark.posix("a pipe wakes; test_wake_windows.py has Windows' event")
def test_a_sleeper_is_woken_and_sees_the_end_of_its_parent() -> None:
    waker = wake.Wake()
    code = (
        "import os, sys; from vb_link import wake; s = wake.Sleeper(sys.argv[1], 0);"
        "print(s.wait(), flush=True); print(s.wait(), flush=True)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, waker.token],
        pass_fds=(waker.inherit,),
        env={**os.environ, "PYTHONPATH": PACKAGES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None and child.stdout is not None
    waker.send()
    assert child.stdout.readline().strip() == "True"
    child.stdin.close()
    assert child.stdout.readline().strip() == "False"
    assert child.wait(5) == 0


def test_the_segment_fits_its_header() -> None:
    made = memory.create()
    assert made.segment.bytes == layout.SEGMENT_BYTES == len(made.mapping)
    assert made.segment.private_bytes == layout.PRIVATE_BYTES


@pytest.mark.linux("seals are Linux's")
def test_nobody_can_cut_the_memory_short_under_obs() -> None:
    made = memory.create()
    for size in (0, layout.SEGMENT_BYTES // 2, layout.SEGMENT_BYTES * 2):
        with pytest.raises(PermissionError):
            os.ftruncate(made.descriptor, size)
    made.segment.channels[15].used = 1  # a cut mapping would end this process


@pytest.mark.posix("descriptors are inherited, and /proc lists them")
def test_a_process_looks_at_both_pieces_but_a_child_is_given_one() -> None:
    made = memory.create()
    made.segment.panic = 1
    assert memory.view(os.getpid()).magic == layout.MAGIC
    code = (
        "import os; print([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + " if os.path.exists(f'/proc/self/fd/{n}')])"],
        pass_fds=(made.descriptor,), check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert f"memfd:{memory.NAME}" in done.stdout
    assert memory.PRIVATE_NAME not in done.stdout
