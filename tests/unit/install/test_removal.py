"""``install.py --uninstall``: what is removed, restored and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem, scenes_of, snapshot
from vb_doctor import report
from vb_install import cli, data_folder, one_at_a_time
from vb_link import folders

pytestmark = pytest.mark.usefixtures("small_product")


def test_uninstall_restores_and_keeps_own_models(system: FakeSystem) -> None:
    before = snapshot(scenes_of(system))
    assert cli.main([], system) == 0
    own = system.data / "models" / "mine.toml"
    own.parent.mkdir()
    own.write_text("mine")
    (system.data / report.NAME).write_text("all is well")
    (system.data / "demo" / "app").mkdir(parents=True)
    assert cli.main(["--uninstall"], system) == 0
    assert snapshot(scenes_of(system)) == before
    left = ["backups", "models", data_folder.MARK]
    assert sorted(path.name for path in system.data.iterdir()) == left
    assert own.read_text() == "mine"
    assert cli.main(["--uninstall"], system) == 0
    assert cli.main(["--uninstall", "--purge"], system) == 0
    assert not system.data.exists()


def test_uninstall_dry_run_changes_nothing(system: FakeSystem, tmp_path: Path) -> None:
    assert cli.main([], system) == 0
    before = snapshot(tmp_path)
    assert cli.main(["--uninstall", "--dry-run"], system) == 0
    assert snapshot(tmp_path) == before


def test_uninstall_waits_for_the_end_of_a_set_up(
    system: FakeSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([], system) == 0
    before = snapshot(tmp_path)
    with one_at_a_time.alone(system.data):
        assert cli.main(["--uninstall", "--yes"], system) == 1
    assert snapshot(tmp_path) == before
    assert "Another set-up is under way" in capsys.readouterr().err
    assert cli.main(["--uninstall", "--purge", "--yes"], system) == 0
    assert not system.data.exists()


@pytest.fixture
def named(system: FakeSystem) -> FakeSystem:
    """A machine whose user names a folder of another use: nothing there may ever be lost."""
    system.environment = {folders.DATA_VARIABLE: str(system.data)}
    for name in ("app", "logs", "models", "state", "venv", "thesis"):
        (system.data / name).mkdir(parents=True)
        (system.data / name / "mine").write_text("mine")
    return system


@pytest.mark.parametrize(
    "arguments",
    [[], ["--dry-run"], ["demo"], ["--uninstall"], ["--uninstall", "--purge"],
     ["--uninstall", "--dry-run"]],
)  # fmt: skip
def test_a_folder_of_other_things_is_refused_in_one_sentence(
    named: FakeSystem, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    named.programs |= {"Xvfb": "/usr/bin/Xvfb"}
    before = snapshot(named.home)
    assert cli.main(arguments, named) == 1
    error = capsys.readouterr().err
    assert str(named.data) in error and folders.DATA_VARIABLE in error and error.count("\n") == 1
    assert snapshot(named.home) == before


@pytest.mark.parametrize("words", [["--uninstall"], ["--uninstall", "--purge"]])
def test_what_came_into_our_folder_stays_there(
    system: FakeSystem, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    system.environment = {folders.DATA_VARIABLE: str(system.data)}
    assert cli.main([], system) == 0
    thesis = system.data / "thesis" / "mine"
    thesis.parent.mkdir()
    thesis.write_text("mine")
    assert cli.main(words, system) == 0
    assert thesis.read_text() == "mine" and "thesis" in capsys.readouterr().out
    kept = {"backups"} if "--purge" not in words else set()
    assert {path.name for path in system.data.iterdir()} == {data_folder.MARK, "thesis", *kept}


def test_an_installation_of_before_the_mark_is_updated_and_removed(system: FakeSystem) -> None:
    system.environment = {folders.DATA_VARIABLE: str(system.data)}
    for again in ([], ["--uninstall", "--purge"]):
        assert cli.main([], system) == 0
        (system.data / data_folder.MARK).unlink()
        assert cli.main(again, system) == 0
    assert not system.data.exists()


def test_a_folder_that_is_a_link_is_let_go_and_not_what_it_names(
    system: FakeSystem, tmp_path: Path
) -> None:
    assert cli.main([], system) == 0
    (tmp_path / "large disk").mkdir()
    (tmp_path / "large disk" / "mine.onnx").touch()
    (system.data / "models").symlink_to(tmp_path / "large disk")
    assert cli.main(["--uninstall", "--purge"], system) == 0
    assert (tmp_path / "large disk" / "mine.onnx").exists() and not system.data.exists()
