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
    for step in ("_debian", "_unpack", "_prefix", "_environment", "_build", "_obs", "_product"):
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


@pytest.mark.parametrize(
    ("step", "made"), [("_build", "bench/built"), ("_obs", "obs32"), ("_product", "product")]
)
def test_a_disk_that_fills_up_later_leaves_nothing_half_made(
    step: str, made: str, root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "bench" / "debian"
    folder = top / made if "/" in made else Wine(top, "").drive / made

    def fill(*given: Any) -> None:
        if step != "_obs" or made in given:
            folder.mkdir(parents=True)
            (folder / "half").write_bytes(b"made")
            raise OSError(errno.ENOSPC, "No space left on device")

    assert "No space left on device" in _step_fails(tmp_path, monkeypatch, step, fill)
    assert not folder.exists()


@pytest.mark.posix("the bench runs on Debian")
def test_a_disk_that_fills_up_while_the_bench_runs_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.windows import __main__ as bench  # noqa: PLC0415 - imports POSIX's pty

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bench, "VirtualDisplay", FakeDisplay)
    monkeypatch.setattr(setup, "make", lambda *_: Wine(tmp_path, ""))
    monkeypatch.setattr(unit_tests, "check", full)
    assert bench.main(["--folder", str(tmp_path), "unit"]) == 2
    told = capsys.readouterr().err
    assert told == f"The disk that holds {tmp_path} is full: free some space and run again.\n"


class FakeDisplay:
    name = ":9"

    def close(self) -> None:
        pass


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
    first, two = (f"a=={number} \\\n    --hash=sha256:00\n" for number in (1, 2))
    for lock in (first, first, two):
        found = packages.wheels(lock, tmp_path / "wheels")
    assert fetched == [first, two] and [path.name for path in found] == ["a-2.whl"]


class Answers:
    """A Windows Python that answers each run of pytest by what its files are."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **told: str) -> None:
        self.told, self.runs = told, list[list[str]]()
        monkeypatch.setattr(Wine, "run", self._run)

    def _run(self, words: list[str], *_: Any, **__: Any) -> subprocess.CompletedProcess[bytes]:
        files = [Path(word).stem for word in words if word.endswith(".py")]
        self.runs.append(files)
        told = next((self.told[name] for name in files if name in self.told), "3 passed in 1s\n")
        return subprocess.CompletedProcess((), 0, told.encode())


def _unit_tests(tmp_path: Path, files: list[str], only: str = "") -> list[tuple[bool, str]]:
    said: list[tuple[bool, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unit_tests, "all_tests", lambda: files)
        unit_tests.check(Wine(tmp_path, ""), only, tmp_path / "log", lambda *row: said.append(row))
    return said


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("....\n12 passed, 3 deselected in 9.00s\r\n", (True, "12 passed, 3 deselected")),
        ("==== 1 failed, 12 passed, 2 errors in 90.1s (0:01:30) ====\n",
         (False, "1 failed, 12 passed, 2 error")),
        ("no tests ran in 0.1s\n", (False, "no tests ran")),
        ("", (False, "no answer")),
    ],
)  # fmt: skip
def test_the_unit_tests_of_windows_are_counted(
    told: str, expected: tuple[bool, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Answers(monkeypatch, test_a=told)
    said = _unit_tests(tmp_path, ["tests/unit/link/test_a.py"])
    assert said[0][0] is expected[0] and expected[1] in said[0][1]
    assert told.replace("\r", "") in (tmp_path / "log").read_text()


def test_each_unit_test_of_windows_is_in_one_run(tmp_path: Path) -> None:
    files = unit_tests.all_tests()
    runs = list(unit_tests.runs(files, ""))
    assert sorted(file for _, inside in runs for file in inside) == files
    assert len({name for name, _ in runs}) == len(runs)
    assert max(len(inside) for _, inside in runs) <= unit_tests.FILES_PER_RUN
    (only,) = unit_tests.runs(files, "tests/unit/test_docs.py")
    assert only[1] == ["tests/unit/test_docs.py"]
    two = "tests/unit/link/test_spawn.py,tests/unit/worker/test_serve.py"
    assert [inside for _, inside in unit_tests.runs(files, two)] == [
        [name] for name in two.split(",")
    ]
    inside = [file for _, found in unit_tests.runs(files, "tests/unit/link") for file in found]
    assert sorted(inside) == [file for file in files if file.startswith("tests/unit/link/")]


def test_a_run_that_hangs_costs_only_the_file_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers(monkeypatch, test_hangs="..+++ Timeout +++\n")
    said = _unit_tests(tmp_path, [f"tests/unit/test_{name}.py" for name in ("a", "hangs", "z")])
    assert answers.runs == [["test_a", "test_hangs", "test_z"],
                            ["test_a"], ["test_hangs"], ["test_z"]]  # fmt: skip
    assert [good for good, _ in said] == [True, False, True, False]
    assert "+++ Timeout +++" in said[1][1]
    assert said[-1][1].endswith("all together: 6 passed, 1 file without an end")


def test_a_skipped_test_must_say_why_it_is_not_of_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Answers(monkeypatch, test_a="SKIPPED [2] a.py:3: POSIX only: signals\n2 skipped in 1s\n",
            test_b="SKIPPED [1] b.py:9: it is late\n1 passed, 1 skipped in 1s\n")  # fmt: skip
    assert _unit_tests(tmp_path, ["tests/unit/link/test_a.py"])[0][0]
    said = _unit_tests(tmp_path, ["tests/unit/link/test_b.py"])
    assert said[0] == (False, "skipped 1 of b.py:9: it is late")
