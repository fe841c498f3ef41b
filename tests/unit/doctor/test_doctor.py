"""The check finds what is wrong, says what to do, and its report holds nothing personal."""

from __future__ import annotations

import json
import platform
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.unit.install_fakes import FakeSystem
from vb_doctor import checks, environment, models, report, round_trip, sandbox
from vb_doctor.findings import _GOOD, TEXTS, finding, from_plain, to_plain
from vb_doctor.report import Person
from vb_install import cli, product
from vb_install.system import Finished, System
from vb_link import bounded, folders, limits, memory

LOCKS = folders.PACKAGES / "vb_install" / "locks"
USER, MACHINE, BEDROOM = "alicexample", "den-7", "Alice's bedroom"


# Texts


@pytest.mark.parametrize("key", sorted(set(TEXTS) - _GOOD))
def test_what_is_wrong_is_a_sentence(key: str) -> None:
    assert TEXTS[key][0].isupper() and (TEXTS[key].endswith((".", "{reason}")))


def test_findings_survive_the_way_through_json() -> None:
    found = [finding("System", system="a", machine="b", processors=2), finding("ObsUnknown")]
    assert from_plain(json.loads(json.dumps(to_plain(found)))) == found
    for absurd in (None, [1], [["NoSuchKey", {}]], [["System", 3]]):
        with pytest.raises(ValueError, match="findings"):
            from_plain(absurd)


# Nothing personal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in /home/alice/.local/x and /home/alice", "in ~/.local/x and ~"),
        (r"C:\Users\Alice\v c:/users/alice/v C:\\Users\\Alice\\v", r"~\v ~/v ~\\v"),
        ("/home/alicea/x is another's", "/home/alicea/x is another's"),
        (
            "/media/alice/disk of Alice on den-7.lan, DEN-7",
            "/media/USER/disk of USER on HOST, HOST",
        ),
        ("malice and alice2 are words", "malice and alice2 are words"),
    ],
)
def test_scrubbing(text: str, expected: str) -> None:
    person = Person(("/home/alice", r"C:\Users\Alice"), ("alice", ""), ("den-7.lan", "den-7"))
    assert report.scrub(text, person) == expected


@pytest.mark.posix("Windows has no limit for the size of files")
def test_a_disk_that_is_full_leaves_the_report_that_was_there(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path, link = tmp_path / "report.txt", tmp_path / "link.txt"
    report.write("the first", path)
    link.symlink_to(path)
    report.write("the second", link)
    assert path.read_text() == "the second" and link.is_symlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # no file takes a byte more
    try:
        with pytest.raises(OSError, match="File too large"):
            report.write("the third", path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "the second"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.txt", "report.txt"]


def test_a_report_counts_the_problems() -> None:
    moment = datetime(2030, 1, 2, 3, 4, tzinfo=timezone.utc)
    person = Person((), (), ())
    good, bad = finding("Product", version="9"), finding("ObsUnknown")
    text = report.render([good, bad], person, moment)
    assert "1 problem(s) to fix" in text and "checked 2030-01-02 03:04 UTC" in text
    assert "[ok] virtual background 9" in text and "[!!] The version" in text
    assert "all is well" in report.render([good], person, moment)


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user with a name, a machine, an OBS with scenes and the product installed; their home."""
    home = tmp_path / USER
    config = home / ".config" / "obs-studio"
    (config / "basic" / "scenes").mkdir(parents=True)
    (config / "logs").mkdir()
    (config / "logs" / "2030-01-01 00-00-00.txt").write_text(
        f"12:00: CPU\n12:00: OBS 31.0.1 (linux)\n12:00: Camera of {USER}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", USER)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(platform, "node", lambda: f"{MACHINE}.local")
    data = home / ".local" / "share" / folders.APP
    monkeypatch.setenv(folders.DATA_VARIABLE, str(data))
    product.copy(data / "app")
    (data / "venv").symlink_to(sys.prefix)
    (config / "basic" / "scenes" / "Home.json").write_text(
        json.dumps({"name": BEDROOM, "path": str(data / "virtual_background.py")})
    )
    yield home


@pytest.mark.posix("the environment is a link, which Windows lets few users make")
def test_all_is_well_and_nothing_of_the_user_is_in_the_report(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["doctor", "--obs-config", str(user / ".config" / "obs-studio")], System())
    printed = capsys.readouterr().out
    path = user / ".local" / "share" / folders.APP / report.NAME
    text = path.read_text()
    assert code == 0, printed
    assert text in printed and f"Written to {path}" in printed
    assert "OBS 31.0.1" in text and "1 of 1 scene collection(s)" in text
    for part in ("found the person: the first", "all in the versions required", "2 model(s)"):
        assert part in text
    for private in (USER, MACHINE, BEDROOM, "bedroom", str(user), platform.uname().node):
        assert private.lower() not in text.lower(), private


@pytest.mark.posix("the environment is a link, which Windows lets few users make")
def test_what_is_wrong_is_found_and_said(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = user / ".local" / "share" / folders.APP
    config = user / ".config" / "obs-studio"
    (data / "venv").unlink()
    (data / "app" / "models" / "selfie_square.onnx").write_bytes(b"cut")
    (config / "basic" / "scenes" / "Home.json").write_text("{}")
    (config / "logs" / "2031-01-01 00-00-00.txt").write_text("OBS 28.1.2 (linux)\n")
    out = user / "report.txt"
    assert cli.main(["doctor", "--obs-config", str(config), "--output", str(out)], System()) == 1
    text = out.read_text()
    for sentence in (
        "The helper program is not set up: run",
        "The version installed is another", "(selfie_square)", "OBS 28.1.2 is older than 29.0",
        "No scene collection", "The helper program was not tried",
    ):  # fmt: skip
        assert sentence in text
    assert f"{text.count('[!!]')} problem(s) to fix" in text
    shutil.rmtree(data / "app")
    assert cli.main(["doctor", "--obs-config", str(config), "--output", str(out)], System()) == 1
    assert "The product is not installed" in out.read_text()
    assert cli.main(["doctor", "--obs-config", str(config), "--output", str(user)], System()) == 1
    assert "name another file with --output" in capsys.readouterr().err


@pytest.mark.posix("the environment is a link, which Windows lets few users make")
def test_a_report_names_no_folder_and_no_file_whatever_fails(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "AcmeCorp" / "Jane Doe" / "jane_obs"
    product.copy(data / "app")
    (data / "app" / "models" / "selfie_square.onnx").write_bytes(b"cut")
    own = data / "models"
    own.mkdir()
    (own / "acme_client.toml").write_text('name = "acme_client"\nfile = "acme_client.onnx"\n')
    with (own / "acme_client.onnx").open("wb") as file:
        file.truncate(limits.MODEL_BYTES + 1)
    (own / "acme_other.toml").write_text('title = "Acme"\n')
    (data / "venv").symlink_to(sys.prefix)
    monkeypatch.setenv(folders.DATA_VARIABLE, str(data))
    config = ["--obs-config", str(user / ".config" / "obs-studio")]
    for sentence in ("The helper program could not find the person: The model file (path) ",
                     "Python does not run ((path)"):  # fmt: skip
        assert cli.main(["doctor", *config], System()) == 1
        capsys.readouterr()
        text = (data / report.NAME).read_text()
        for private in ("Acme", "Jane", USER, "acme", str(tmp_path), "venv/"):
            assert private.lower() not in text.lower(), private
        assert sentence in text and "[ok] shared memory" in text
        assert "one of your own: it is larger than 512 MiB" in text and "selfie_square" in text
        # Then a Python that names its own file and ends.
        python = folders.venv_python()
        if folders.venv_dir().is_symlink():
            folders.venv_dir().unlink()
            python.parent.mkdir(parents=True)
            python.write_text('#!/bin/sh\necho "$0: broken" >&2\nexit 1\n')
            python.chmod(0o755)


def test_no_worker_is_tried_on_a_processor_that_cannot_run_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox, "check", lambda *_: finding("Processor", sets="SSE4.2"))
    monkeypatch.setattr(round_trip, "check_worker", lambda *_: pytest.fail("it was tried"))
    monkeypatch.setattr(environment, "check", lambda *_: finding("EnvironmentOther", names="x"))
    wrong = [finding.text() for finding in checks.all_of_them() if not finding.good]
    assert any(text.startswith("This processor lacks SSE4.2, which") for text in wrong)


def test_a_check_that_fails_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Any:
        raise PermissionError(13, "Permission denied", "/mnt/AcmeCorp/acme_client.onnx")

    for module, name in ((checks, "system"), (environment, "check"), (models, "check"),
                         (round_trip, "check_memory"), (sandbox, "check"),
                         (round_trip, "check_worker")):  # fmt: skip
        monkeypatch.setattr(module, name, fail)
    found = checks.all_of_them()
    assert [finding.key for finding in found] == ["Product", *["CheckFailed"] * 6]
    assert "PermissionError in findings.py, line " in found[1].text()
    assert not any("acme" in finding.text().lower() for finding in found)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("[Errno 13] Permission denied: '/mnt/Acme Corp/jane doe.onnx'",
         "[Errno 13] Permission denied: (path)"),
        ("/mnt/Acme, Inc/Jane Doe/bin/python: no module named cv2", "(path): no module named cv2"),
        ('"/mnt/Jane\'s/a b.onnx" and C:\\Users\\Jane Doe\\x.onnx', "(path)"),
        ("[Errno 5] Input/output error: '/mnt/x'", "[Errno 5] Input-output error: (path)"),
        ("No module named 'cv2'", "No module named 'cv2'"),
        ("a" * 200_000, "a" * 200_000),
    ],
)  # fmt: skip
def test_a_reason_keeps_no_path(told: str, kept: str) -> None:
    assert finding("CheckFailed", reason=told).arguments["reason"] == kept


def test_what_the_worker_says_of_own_models_is_not_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    own = folders.user_models_dir() / "acme.toml"
    code = f"import sys; print('no luck', file=sys.stderr); sys.exit({str(own) + ': acme'!r})"
    found = round_trip.check_worker(Path(sys.executable), _packages(tmp_path, code), seconds=5)
    assert found.arguments == {"reason": "no luck"}


@pytest.mark.posix("Flatpak is Linux's")
def test_inside_a_flatpak_its_own_python_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = FakeSystem(tmp_path)
    flatpak = ("flatpak", "run", "--command=python3", "com.obsproject.Studio")
    system.programs = {"flatpak": "/usr/bin/flatpak"}
    config = tmp_path / "home" / ".var" / "app" / "com.obsproject.Studio" / "config" / "obs-studio"
    config.mkdir(parents=True)
    script = config.parents[1] / "data" / folders.APP / "app" / "obs_script"
    script.mkdir(parents=True)
    (script / "virtual_background.py").touch()
    system.answers = {
        ("flatpak", "info"): Finished(0, ""),
        (*flatpak, "-I", "-c"): Finished(1, "", "Traceback\nOSError: no memory"),
    }
    assert cli.main(["doctor"], system) == 1
    assert "The check itself failed (OSError: no memory)" in capsys.readouterr().out
    asked = [command for command in system.ran if tuple(command[:4]) == flatpak]
    assert any(
        str(script) in command[-1] and "vb_doctor.checks" in command[-1] for command in asked
    )


# Models


def test_models_are_checked_by_their_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shutil.copytree(folders.models_dir(), shipped)
    assert models.check(shipped, own) == finding("Models", count=2, own=0)
    own.mkdir()
    (own / "mine.toml").write_text('name = "mine"\nfile = "mine.onnx"\n[source]\nsha256 = "no"\n')
    (own / "mine.onnx").write_bytes(b"")
    assert models.check(shipped, own).arguments["names"] == "one of your own"
    (own / "mine.sha256").write_text(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
    )
    assert models.check(shipped, own) == finding("Models", count=3, own=1)
    # What cannot be read is told with the others.
    refuse = bounded.sha256

    def unreadable(path: Path, limit: int) -> str:
        if path.parent == own:
            raise PermissionError(13, "Permission denied", str(path))
        return refuse(path, limit)

    monkeypatch.setattr(bounded, "sha256", unreadable)
    assert models.check(shipped, own).arguments["names"] == "one of your own: Permission denied"
    monkeypatch.undo()
    (own / "mine.toml").unlink()
    (own / "mine.toml").mkdir()
    refused = "Permission denied" if sys.platform == "win32" else "no ordinary file"
    assert refused in models.check(shipped, own).arguments["names"]
    (own / "mine.toml").rmdir()
    # The worker takes the one beside the manifest.
    (own / "selfie_square.onnx").write_bytes(b"another")
    assert models.check(shipped, own).good
    (own / "selfie_square.onnx").unlink()
    (shipped / "selfie_square.onnx").unlink()
    assert models.check(shipped, own).key == "ModelsMissing"


# The worker


def _packages(tmp_path: Path, code: str) -> Path:
    worker = tmp_path / "packages" / "vb_worker"
    worker.mkdir(parents=True)
    (worker / "__init__.py").touch()
    (worker / "serve.py").write_text(code)
    return worker.parent


@pytest.mark.parametrize(
    ("code", "key", "words"),
    [
        ("raise SystemExit('no module named cv2')", "WorkerEnded", "no module named cv2"),
        ("raise SystemExit(3)", "WorkerEnded", "exit status 3"),
        ("import sys; sys.stdin.read()", "WorkerSilent", "no reason given"),
    ],
)
def test_a_worker_that_fails_is_told_of_and_ended(
    code: str, key: str, words: str, tmp_path: Path
) -> None:
    before = _open_files()
    found = round_trip.check_worker(Path(sys.executable), _packages(tmp_path, code), seconds=0.5)
    assert found.key == key and words in found.text()
    assert _open_files() == before, "descriptors were left open"


def _open_files() -> int:
    """Return how many files this process has open, where the system tells."""
    return len(list(Path("/dev/fd").iterdir())) if sys.platform != "win32" else 0


def test_a_python_that_cannot_be_started_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told:
        subprocess.run([tmp_path / "python"], check=False)
    found = round_trip.check_worker(tmp_path / "python", tmp_path)
    assert found.key == "WorkerEnded" and str(told.value.strerror) in found.text()


def test_memory_that_is_refused_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert round_trip.check_memory().key == "Memory"

    def refuse() -> memory.Memory:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(memory, "create", refuse)
    assert "Cannot allocate memory" in round_trip.check_memory().text()
    assert round_trip.check_worker(Path(sys.executable), Path()).key == "MemoryFailed"


def test_every_text_names_only_what_fills_it_in() -> None:
    assert set(TEXTS) >= _GOOD
    for key, text in TEXTS.items():
        for _, name, form, _ in string.Formatter().parse(text):
            assert name is None or (name.isidentifier() and not form), key
