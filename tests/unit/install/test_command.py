"""``install.py`` and ``--uninstall`` from end to end, on a machine that is not there."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit import traps
from tests.unit.install_fakes import SCENES, FakeSystem, add_scenes, scenes_of, snapshot
from vb_install import cli, environment
from vb_install.system import Finished, Process
from vb_link import folders

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.usefixtures("small_product")


def test_installs_and_says_what_next(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([], system) == 0
    script = system.data / "app" / "obs_script" / "virtual_background.py"
    assert script.is_file()
    for path in scenes_of(system).glob("*.json"):
        assert (
            json.loads(path.read_bytes())["modules"]["scripts-tool"][-1]["path"]
            == script.as_posix()
        )
    out = capsys.readouterr().out
    assert "Self-check: packages load" in out and "Right-click your camera" in out
    (pip,) = system.streamed("--require-hashes")
    assert pip[0] == str(system.data / "venv" / "bin" / "python")
    assert pip[-1].endswith("worker.lock")


def test_the_files_go_where_the_script_looks_for_them(
    system: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(system.data))
    assert cli.main([], system) == 0
    assert folders.venv_python().is_file()


def test_a_dry_run_changes_nothing(
    system: FakeSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(tmp_path)
    assert cli.main(["--dry-run"], system) == 0
    assert snapshot(tmp_path) == before and not system.data.exists()
    out = capsys.readouterr().out
    assert "add the script to" in out and "nothing was changed" in out


def test_a_second_run_changes_nothing(system: FakeSystem, tmp_path: Path) -> None:
    assert cli.main([], system) == 0
    before, commands = snapshot(tmp_path), len(system.streamed("--require-hashes"))
    assert cli.main([], system) == 0
    assert snapshot(tmp_path) == before
    assert len(system.streamed("--require-hashes")) == commands


def test_with_obs_open_the_environment_is_made_and_no_collection_touched(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    system.running = [Process("obs", {"HOME": str(system.home)})]
    config = system.home / ".config"
    before = snapshot(config)
    assert cli.main(["--dry-run"], system) == 0
    assert "add the script to" not in capsys.readouterr().out
    assert cli.main([], system) == 0
    out = capsys.readouterr().out
    assert snapshot(config) == before
    assert (system.data / "venv" / "bin" / "python").is_file()
    assert (system.data / "app" / "obs_script" / "virtual_background.py").is_file()
    assert out.count("OBS is running and would overwrite") == 2 and "press Reload" in out
    assert not (system.data / "backups").exists()
    # What the running OBS has loaded is not replaced under it either.
    (system.data / "app" / "LICENSE").write_text("of an older version")
    assert cli.main([], system) == 0
    assert (system.data / "app" / "LICENSE").read_text() == "of an older version"
    system.running = []
    assert cli.main([], system) == 0
    assert (system.data / "app" / "LICENSE").read_text() == "LICENSE"
    assert snapshot(config) != before


def test_an_obs_that_is_opened_meanwhile_is_left_alone(
    system: FakeSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = system.home / ".config"
    before = snapshot(config)
    made = environment.Environment.make

    def while_it_is_opened(*arguments: Any) -> None:
        made(*arguments)
        system.running = [Process("obs", {"HOME": str(system.home)})]

    monkeypatch.setattr(environment.Environment, "make", while_it_is_opened)
    assert cli.main([], system) == 0
    assert snapshot(config) == before and "press Reload" in capsys.readouterr().out


def test_uninstalling_is_refused_while_obs_runs(
    system: FakeSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system.running = [Process("obs", {"HOME": str(system.home)})]
    before = snapshot(tmp_path)
    assert cli.main(["--uninstall"], system) == 1
    assert "close OBS" in capsys.readouterr().err
    assert snapshot(tmp_path) == before


def test_an_obs_with_another_configuration_is_no_hindrance(system: FakeSystem) -> None:
    system.running = [Process("obs", {"XDG_CONFIG_HOME": "/elsewhere"}), Process("observer", None)]
    assert cli.main([], system) == 0


def test_any_obs_may_be_the_portable_one_whose_configuration_is_told(
    system: FakeSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = add_scenes(tmp_path / "portable" / "config" / "obs-studio")
    before = snapshot(scenes)
    system.running = [Process("obs", {"HOME": str(system.home)})]
    told = ["--obs-config", str(tmp_path / "portable" / "config")]
    assert cli.main(told, system) == 0
    assert "OBS is running" in capsys.readouterr().out
    assert cli.main([*told, "--uninstall"], system) == 1
    assert "close OBS" in capsys.readouterr().err
    assert snapshot(scenes) == before
    system.running = []
    assert cli.main(told, system) == 0


def test_an_obs_that_tells_nothing_may_use_the_collections(system: FakeSystem) -> None:
    system.running = [Process("obs", None)]
    before = snapshot(scenes_of(system))
    assert cli.main([], system) == 0
    assert snapshot(scenes_of(system)) == before


@pytest.mark.parametrize("name", ["win32", "darwin"])
def test_the_collections_are_left_alone_while_obs_runs_elsewhere(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    system = FakeSystem(tmp_path, name)
    config = tmp_path / "obs-studio"
    scenes = add_scenes(config)
    before = snapshot(scenes)
    arguments = ["--obs-config", str(config)]
    assert cli.main(arguments, system) == 1  # it cannot be found out
    assert "could not be found out" in capsys.readouterr().err
    system.answers[("tasklist",)] = Finished(0, '"obs64.exe","412","Console"')
    system.answers[("pgrep", "-x", "OBS")] = Finished(0, "412")
    assert cli.main(arguments, system) == 0
    assert "OBS is running" in capsys.readouterr().out and snapshot(scenes) == before
    system.answers[("tasklist",)] = Finished(0, "INFO: No tasks are running")
    system.answers[("pgrep", "-x", "OBS")] = Finished(1, "")
    assert cli.main(arguments, system) == 0
    assert snapshot(scenes) != before
    assert "OBS needs a 64-bit Python 3.10 to 3.12" in capsys.readouterr().out


def test_obs_that_was_never_started_is_no_error(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(system.home / ".config")
    assert cli.main([], system) == 0
    out = capsys.readouterr().out
    assert "never been started" in out and "Start OBS once" in out


def test_no_obs_is_one_sentence(system: FakeSystem, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(system.home / ".config")
    system.programs = {"apt-get": "/usr/bin/apt-get"}
    assert cli.main([], system) == 1
    assert "sudo apt-get install obs-studio" in capsys.readouterr().err


def test_a_broken_collection_is_told_and_the_others_are_served(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    (scenes_of(system) / "Broken.json").write_bytes(b"{")
    assert cli.main([], system) == 0
    assert "Broken.json is not JSON and stays as it is" in capsys.readouterr().out
    assert (scenes_of(system) / "Broken.json").read_bytes() == b"{"
    assert (scenes_of(system) / "Bare.json").read_bytes() != SCENES["Bare"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "is not the one worker.lock names"),
        ("NewConnectionError: Temporary failure in name resolution", "check the connection"),
        ("ERROR: No matching distribution found for av==1", "No matching distribution"),
    ],
)
def test_a_failing_pip_is_one_sentence_and_registers_nothing(
    system: FakeSystem, capsys: pytest.CaptureFixture[str], said: str, sentence: str
) -> None:
    system.pip_code, system.pip_says = 1, (said,)
    before = snapshot(scenes_of(system))
    assert cli.main([], system) == 1
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
    assert snapshot(scenes_of(system)) == before
    assert said in (system.data / "logs" / "environment.log").read_text()
    # and what was half made is not taken for whole
    system.pip_code, system.pip_says = 0, ()
    assert cli.main([], system) == 0
    assert len(system.streamed("--require-hashes")) == 2


def test_a_disk_too_full_for_the_log_is_one_sentence(
    system: FakeSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = Path.write_text

    def full(path: Path, *words: Any, **more: Any) -> int:
        if path.parent.name == "logs":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, *words, **more)

    monkeypatch.setattr(Path, "write_text", full)
    system.pip_code, system.pip_says = 1, ("ERROR: [Errno 28] No space left on device",)
    assert cli.main([], system) == 1
    error = capsys.readouterr().err
    assert "is full: free 1 GB there" in error and error.count("\n") == 1
    system.pip_code = 0  # and where all but the log has room, it is done without
    assert cli.main([], system) == 0


def test_a_failing_self_check_fails(system: FakeSystem, capsys: pytest.CaptureFixture[str]) -> None:
    python = str(system.data / "venv" / "bin" / "python")
    system.answers[(python, "-I", "-m", "vb_worker", "models")] = Finished(1, "", "no models\n")
    assert cli.main([], system) == 1
    assert "The worker finds no model (no models)" in capsys.readouterr().out


def test_a_new_lock_or_a_broken_environment_is_built_anew(
    system: FakeSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = tmp_path / "locks"
    shutil.copytree(environment.LOCKS, locks)
    monkeypatch.setattr(environment, "LOCKS", locks)
    assert cli.main([], system) == 0
    with (locks / "worker.lock").open("a") as lock:
        lock.write("# newer\n")
    assert cli.main([], system) == 0
    (system.data / "venv" / "bin" / "python").unlink()
    assert cli.main([], system) == 0
    assert len(system.streamed("--require-hashes")) == 3


def test_an_old_copy_is_replaced_whole(system: FakeSystem, small_product: Path) -> None:
    assert cli.main([], system) == 0
    (small_product / "obs_script" / "virtual_background.py").write_text("newer")
    (small_product / "models" / "m.toml").rename(small_product / "models" / "n.toml")
    assert cli.main([], system) == 0
    app = system.data / "app"
    assert (app / "obs_script" / "virtual_background.py").read_text() == "newer"
    assert [path.name for path in (app / "models").iterdir()] == ["n.toml"]
    assert sorted(path.name for path in system.data.glob("app*")) == ["app"]


def test_a_failed_copy_keeps_the_old_one(
    system: FakeSystem, small_product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main([], system) == 0
    before = snapshot(system.data / "app")
    (small_product / "LICENSE").write_text("newer")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copymode", full)  # of the first file that is copied
    assert cli.main([], system) == 1
    assert snapshot(system.data / "app") == before
    assert sorted(path.name for path in system.data.glob("app*")) == ["app"]


@pytest.mark.posix("the launcher of Windows is a .cmd")
def test_the_launcher_starts_the_worker_from_a_folder_with_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "it's a \u5c71 folder"
    venv = environment.Environment(FakeSystem(tmp_path), folder, tmp_path / "lock")
    venv.python.parent.mkdir(parents=True)
    venv.python.write_text("[3, 11, 2]")
    venv.add_product(folder / "obs_script")
    venv.python.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    venv.python.chmod(0o755)
    said = subprocess.run([venv.launcher, "mask", "a b"], capture_output=True, check=True).stdout
    assert said == b"-I|-m|vb_worker|mask|a b|"
    added = folder / "site-packages" / "obs_virtual_background.pth"
    program = f"{added.read_text('ascii')}print(ascii(sys.path[-1]))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    assert told.decode().strip() == ascii(str(folder / "obs_script"))


@pytest.mark.posix("the launcher of Windows is a .cmd")
def test_the_launcher_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = environment.Environment(FakeSystem(tmp_path), tmp_path / "venv", tmp_path / "lock")
    venv.python.parent.mkdir(parents=True)
    venv.python.write_text("[3, 10, 0]")
    venv.add_product(tmp_path / "obs_script")
    # Python 3.10, which knows no PYTHONSAFEPATH
    venv.python.write_text(f'#!/bin/sh\nunset PYTHONSAFEPATH\nexec {sys.executable} "$@"\n')
    venv.python.chmod(0o755)
    traps.lay(tmp_path / "trap", monkeypatch)
    done = subprocess.run([venv.launcher, "mask"], capture_output=True, text=True, check=False)
    assert "No module named vb_worker" in done.stderr and traps.WORDS not in done.stderr


def test_the_launcher_of_windows_imports_nothing_from_the_current_folder(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path, "win32")
    venv = environment.Environment(system, tmp_path / "venv", tmp_path / "lock")
    venv.python.parent.mkdir(parents=True)
    venv.python.write_text("[3, 10, 0]")
    venv.add_product(tmp_path / "obs_script")
    assert venv.launcher.read_bytes() == b'@"%~dp0python.exe" -I -m vb_worker %*\r\n'


def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    page = (ROOT / "install.py").read_text("utf-8")
    assert page.count("(3, 9)") == 1
    pretend = tmp_path / "install.py"
    pretend.write_text(page.replace("(3, 9)", "(9, 9)"))
    done = subprocess.run(
        [sys.executable, str(pretend)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "run it with a newer one" in done.stderr
    assert f"`{'py -3.12' if sys.platform == 'win32' else 'python3.12'} install.py`" in done.stderr
