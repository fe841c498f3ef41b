"""The recommended model comes with the set-up, and a set-up without it is whole, too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem
from tests.unit.own_model import far_model
from vb_install import cli, recommended, worker_environment
from vb_install.environment import Environment
from vb_install.obs_installations import ObsInstallation
from vb_install.system import System
from vb_link import fetch_command, folders, isolated
from vb_link.settings import RECOMMENDED_MODEL

INSTALL = ["models", "install", RECOMMENDED_MODEL]


@pytest.fixture(autouse=True)
def small(small_product: Path) -> Path:
    return small_product


def _fetching(system: FakeSystem) -> list[list[str]]:
    return [command for command in system.ran if command[-3:] == INSTALL]


def _fails(system: FakeSystem, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    run = system.stream

    def stream(command: Sequence[str], on_line: Callable[[str], None]) -> int:
        code = run(command, on_line)
        if list(command)[-3:] == INSTALL:
            on_line(line)
            return 1
        return code

    monkeypatch.setattr(system, "stream", stream)


def test_the_set_up_fetches_it_with_the_workers_own_command(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([], system) == 0
    (command,) = _fetching(system)
    assert command[0] == str(system.data / "venv" / "bin" / "python")
    out = capsys.readouterr().out
    assert f"fetch PP-HumanSeg (6 MB) from {recommended.address()}" in out
    assert out.count("Fetching the model PP-HumanSeg") == 2  # begun and done
    assert recommended.address().startswith("https://media.githubusercontent.com/media/opencv/")


def test_what_is_there_is_not_fetched_again(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = recommended.files(system.data)[0]
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    assert cli.main([], system) == 0
    assert _fetching(system) == [] and "PP-HumanSeg is there" in capsys.readouterr().out


def test_offline_says_so_in_a_sentence_and_fetches_nothing(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--offline"], system) == 0
    out = capsys.readouterr().out
    assert _fetching(system) == [] and out.count(recommended.OFFLINE) == 1


@pytest.mark.parametrize("words", [["--dry-run"], ["--dry-run", "--offline"]])
def test_a_dry_run_only_says_it(
    system: FakeSystem, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words, system) == 0
    said = "PP-HumanSeg is left out" if "--offline" in words else "fetch PP-HumanSeg"
    assert _fetching(system) == [] and said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("virtual-background: https://x/y.onnx could not be downloaded (no route (to host)). Get "
         "it on another computer and put it to /m, then run this again.", "no route (to host)"),
        ("virtual-background: What https://x gave is not the file. Get it on another computer and "
         "put it to /m, then run this again.", "What https://x gave is not "
         "the file"),
        ("Killed", "Killed"),
    ],
)  # fmt: skip
def test_without_it_the_set_up_is_whole_and_says_why_in_one_sentence(
    system: FakeSystem, line: str, why: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    _fails(system, monkeypatch, line)
    assert cli.main([], system) == 0
    out = capsys.readouterr().out
    assert out.count(f"PP-HumanSeg was not fetched ({why}): the one that ships serves") == 1
    assert "Right-click your camera" in out


def test_uninstalling_removes_it_and_leaves_the_users_own(system: FakeSystem) -> None:
    assert cli.main([], system) == 0
    weights, checksum, downloads = recommended.files(system.data)
    downloads.mkdir(parents=True)
    for path in (weights, checksum, downloads / "x.part", weights.with_name("mine.onnx")):
        path.write_text("x")
    assert cli.main(["--uninstall"], system) == 0
    assert [path.name for path in (system.data / "models").iterdir()] == ["mine.onnx"]


def test_uninstalling_leaves_no_empty_folder_of_models(system: FakeSystem) -> None:
    assert cli.main([], system) == 0
    weights = recommended.files(system.data)[0]
    weights.parent.mkdir()
    weights.write_text("x")
    assert cli.main(["--uninstall", "--purge"], system) == 0
    assert not system.data.exists()


@pytest.mark.parametrize("command", ["demo", "test"])
def test_nothing_else_fetches_it(system: FakeSystem, small: Path, command: str) -> None:
    (small / "tests").mkdir()
    system.programs |= {name: f"/usr/bin/{name}" for name in ("Xvfb", "apt-get", "obs")}
    cli.main([command], system)
    assert _fetching(system) == []


@pytest.mark.parametrize("whole", [True, False])
def test_the_command_fetches_it_and_its_progress_is_read(
    tmp_path: Path, whole: bool,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    data = tmp_path / "data"
    (data / "models").mkdir(parents=True)
    monkeypatch.setenv(folders.DATA_VARIABLE, str(data))
    monkeypatch.setattr(recommended, "RECOMMENDED_MODEL", "mine")
    monkeypatch.setattr(fetch_command, "WORDS", ("models", "install", "mine"))
    obs = ObsInstallation("native", tmp_path, data, "")
    run = isolated.command(sys.executable, folders.PACKAGES, "vb_worker")

    def of(*_: object) -> Environment:
        return Environment(System(), data, data, wrap=lambda _: ())

    monkeypatch.setattr(worker_environment, "of", of)
    system = System()
    stream = system.stream
    monkeypatch.setattr(
        system, "stream", lambda words, hear: stream([*run, *words[words.index("models") :]], hear)
    )
    with far_model(data / "models", "mine", tmp_path / "served") as file:
        if not whole:
            file.write_bytes(b"another file")
        recommended.fetch(system, obs)
    out = capsys.readouterr().out
    assert recommended.is_there(obs) == whole
    assert "100 % of 6 MB" in out
    assert ("is not the file that was asked for): the one that ships" in out) == (not whole)
