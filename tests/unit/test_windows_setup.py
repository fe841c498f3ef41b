"""What the Windows bench cannot have is one sentence, and nothing of it is left half-made."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.windows import packages, setup, unit_tests
from tests.windows.wine import BenchError, Wine
from vb_install import environment

LOCK = (environment.LOCKS / "worker.lock").read_text("utf-8")


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose root runs the bench, and which has debootstrap."""
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/sbin/{program}")


def _make(folder: Path) -> None:
    setup.make(folder, ":9", setup.MIRROR, lambda _text: None)


def test_the_wheels_are_those_of_windows_python_whatever_python_fetches_them() -> None:
    chosen = packages.requirements(LOCK)
    pins = [line.removesuffix(" \\") for line in chosen.splitlines() if line[0].isalpha()]
    names = [pin.partition("==")[0] for pin in pins]
    assert len(names) == len(set(names)) and "tomli" not in names
    assert {"av", "colorama", "numpy", "onnxruntime"} <= set(names)
    for marker in ("python_full_version >= '3.12'", "sys_platform == 'win32'"):
        assert packages.requirements(f"a==1 ; {marker} \\\n    --hash=sha256:00\n")
    for marker in ("python_full_version == '3.11.*'", "sys_platform == 'darwin'"):
        assert not packages.requirements(f"a==1 ; {marker} \\\n    --hash=sha256:00\n")


def test_a_disk_too_full_is_said_before_anything_is_fetched(
    root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(9, 8, 1))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("something was run"))
    with pytest.raises(BenchError, match="has too little room: the bench needs 5 GB"):
        _make(tmp_path / "bench")
    assert [path for path in (tmp_path / "bench").rglob("*") if path.is_file()] == []


def _step_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fail: Callable[..., None]
) -> str:
    """Let one step of the bench fail after it has begun, and return the sentence."""
    folder = tmp_path / "bench"
    free = shutil._ntuple_diskusage(9, 0, 10 * setup.FREE_BYTES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free)
    for step in ("_debian", "_unpack", "_prefix", "_environment"):
        monkeypatch.setattr(setup, step, lambda *_: None)
    monkeypatch.setattr(setup, name, fail)
    with pytest.raises(BenchError) as told:
        _make(folder)
    text = str(told.value)
    assert len(text.splitlines()) == 1
    return text


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        zipfile.BadZipFile("File is not a zip file"),
        BenchError("Something is missing."),
    ],
)
def test_a_step_that_fails_leaves_nothing_and_is_done_anew(
    error: Exception, root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "bench" / "debian" / "bench"

    def unpack(*_: Any) -> None:
        made.mkdir(parents=True)
        (made / "half").write_bytes(b"made")
        raise error

    text = _step_fails(tmp_path, monkeypatch, "_unpack", unpack)
    assert str(error) in text
    assert not made.exists()
    marks = sorted(path.name for path in (tmp_path / "bench" / "complete").iterdir())
    assert marks == ["debian"]


def test_no_wine_is_a_sentence(root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = setup._prefix
    gone = subprocess.CompletedProcess((), 127, b"wine64: not found")
    monkeypatch.setattr(Wine, "run_in_debian", lambda *_, **__: gone)
    text = _step_fails(tmp_path, monkeypatch, "_prefix", real)
    assert text == "Wine could not make its drive C."
    assert not (tmp_path / "bench" / "debian" / "bench" / "prefix").exists()


def test_no_debian_is_a_sentence(
    root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = setup._debian
    failed: subprocess.CompletedProcess[bytes] = subprocess.CompletedProcess((), 1)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    text = _step_fails(tmp_path, monkeypatch, "_debian", real)
    assert text.startswith("debootstrap could not make a Debian: see ")
    assert list((tmp_path / "bench" / "complete").iterdir()) == []


def test_wheels_that_cannot_be_fetched_are_a_sentence_and_leave_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(words: list[str], **_: Any) -> Any:
        folder = Path(words[words.index("-d") + 1])
        (folder / "av-1-win_amd64.whl").touch()
        return subprocess.CompletedProcess(words, 1, "", "WARNING: x\nERROR: no connection\n")

    monkeypatch.setattr(subprocess, "run", fetch)
    folder = tmp_path / "wheels"
    with pytest.raises(BenchError, match="could not be fetched: ERROR: no connection"):
        packages.wheels(LOCK, folder)
    assert not folder.exists()


def test_wheels_are_fetched_anew_where_the_lock_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []

    def fetch(words: list[str], **_: Any) -> Any:
        fetched.append(Path(words[words.index("-r") + 1]).read_text())
        (Path(words[words.index("-d") + 1]) / f"a-{len(fetched)}.whl").touch()
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(subprocess, "run", fetch)
    one, two = (f"a=={number} \\\n    --hash=sha256:00\n" for number in (1, 2))
    for lock in (one, one, two):
        found = packages.wheels(lock, tmp_path / "wheels")
    assert fetched == [one, two] and [path.name for path in found] == ["a-2.whl"]


@pytest.mark.parametrize(
    ("code", "told", "expected"),
    [
        (0, "....\n12 passed, 3 skipped in 9.00s\r\n", (True, "12 passed, 3 skipped")),
        (1, "F\n1 failed, 12 passed, 2 errors in 9s\n", (False, "1 failed, 12 passed, 2 error")),
        (0, "no tests ran in 0.1s\n", (False, "no tests ran")),
        (3, "", (False, "no answer")),
    ],
)
def test_the_unit_tests_of_windows_are_counted(
    code: int,
    told: str,
    expected: tuple[bool, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = subprocess.CompletedProcess((), code, told.encode())
    monkeypatch.setattr(Wine, "run", lambda *_, **__: done)
    said: list[tuple[bool, str]] = []
    log = tmp_path / "log"
    unit_tests.check(Wine(tmp_path, ""), "tests/unit/link", log, lambda *row: said.append(row))
    assert said[0][0] is expected[0] and expected[1] in said[0][1]
    assert told.replace("\r", "") in log.read_text()
    said.clear()
    unit_tests.check(Wine(tmp_path, ""), "", log, lambda *row: said.append(row))
    assert len(said) == len(unit_tests.all_tests()) > 10
    assert {"tests/unit/link", "tests/unit/test_docs.py"} < set(unit_tests.all_tests())
