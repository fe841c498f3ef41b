"""Where OBS and the worker's Python are found, on every system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.install_fakes import FakeSystem, add_scenes, snapshot
from vb_install import cli, interpreters, obs_installations, worker_environment
from vb_install.system import Finished, InstallError

FLATPAK = "com.obsproject.Studio"


def test_native_linux(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path)
    system.programs = {"obs": "/usr/bin/obs"}
    (obs,) = obs_installations.find(system)
    assert (obs.kind, obs.program) == ("native", "/usr/bin/obs")
    assert obs.config == system.home / ".config" / "obs-studio"
    system.environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    (obs,) = obs_installations.find(system)
    assert obs.scenes == tmp_path / "xdg" / "obs-studio" / "basic" / "scenes"


def flatpak_system(tmp_path: Path) -> FakeSystem:
    system = FakeSystem(tmp_path)
    system.programs = {"flatpak": "/usr/bin/flatpak"}
    system.answers[("flatpak", "info", FLATPAK)] = Finished(0, "")
    command = ("flatpak", "run", "--command=python3", FLATPAK)
    system.pythons[command] = (3, 12, 11)
    return system


@pytest.mark.posix("Flatpak is Linux's")
def test_flatpak_is_served_inside_its_sandbox(tmp_path: Path) -> None:
    system = flatpak_system(tmp_path)
    home = system.home / ".var" / "app" / FLATPAK
    scenes = add_scenes(home / "config" / "obs-studio")
    assert cli.main([], system) == 0
    data = home / "data" / "obs-virtual-background"
    script = data / "app" / "obs_script" / "virtual_background.py"
    assert script.is_file() and str(script).encode() in (scenes / "Bare.json").read_bytes()
    (create,) = system.streamed("venv")
    assert create[:4] == ["flatpak", "run", "--command=python3", FLATPAK]
    assert create[-1] == str(data / "venv")
    (pip,) = system.streamed("--require-hashes")
    assert pip[:4] == ["flatpak", "run", f"--command={data / 'venv/bin/python'}", FLATPAK]
    assert not system.data.exists()


@pytest.mark.posix("Flatpak is Linux's")
def test_a_flatpak_without_pip_is_lent_one(tmp_path: Path) -> None:
    system = flatpak_system(tmp_path)
    obs = obs_installations.find(system)[0]
    wheel = tmp_path / "pip-24.0-py3-none-any.whl"
    wheel.write_text("pip")
    sandboxed = worker_environment.choose_python(system, obs, None)
    without = interpreters.Interpreter(**{**vars(sandboxed), "ensurepip": False})
    system.answers[("/usr/bin/python3", "-I", "-c")] = Finished(0, f"{wheel}\n")
    assert worker_environment.make(system, obs, without)
    assert "--without-pip" in system.streamed("venv")[0]
    lent = obs.data / "pip" / wheel.name / "pip"
    assert system.streamed("--require-hashes")[0][4:6] == ["-I", str(lent)]
    assert not (obs.data / "pip").exists()


def test_a_flatpak_that_is_gone_is_not_served(tmp_path: Path) -> None:
    system = flatpak_system(tmp_path)
    (system.home / ".var" / "app" / FLATPAK / "config" / "obs-studio").mkdir(parents=True)
    system.answers.clear()
    with pytest.raises(InstallError, match="OBS Studio was not found"):
        obs_installations.find(system)


def test_native_and_flatpak_are_both_served(tmp_path: Path) -> None:
    system = flatpak_system(tmp_path)
    system.programs["obs"] = "/usr/bin/obs"
    assert [obs.kind for obs in obs_installations.find(system)] == ["native", "flatpak"]


@pytest.mark.parametrize("by", ["registry", "ProgramW6432", "Steam", "configuration"])
def test_windows(tmp_path: Path, by: str) -> None:
    system = FakeSystem(tmp_path, "win32")
    roaming = tmp_path / "Roaming"
    environment = {"APPDATA": str(roaming), "ProgramW6432": str(tmp_path / "Program Files")}
    folder = {
        "registry": tmp_path / "D" / "OBS",
        "ProgramW6432": tmp_path / "Program Files" / "obs-studio",
        "Steam": tmp_path / "x86" / "Steam" / "steamapps" / "common" / "OBS Studio",
        "configuration": tmp_path / "nowhere",
    }[by]
    environment["ProgramFiles(x86)"] = str(tmp_path / "x86")
    system.environment = environment
    with pytest.raises(InstallError, match="obsproject"):
        obs_installations.find(system)
    program = folder / "bin" / "64bit" / "obs64.exe"
    if by == "configuration":
        (roaming / "obs-studio").mkdir(parents=True)
    else:
        program.parent.mkdir(parents=True)
        program.touch()
    if by == "registry":
        system.answers[("registry", r"SOFTWARE\OBS Studio")] = Finished(0, str(folder))
    (obs,) = obs_installations.find(system)
    assert (obs.kind, obs.config) == ("windows", roaming / "obs-studio")
    assert obs.program == ("" if by == "configuration" else str(program))
    venv = worker_environment.of(system, obs)
    assert venv.python == system.data / "venv" / "Scripts" / "python.exe"
    assert venv.launcher.name == "virtual-background.cmd"


@pytest.mark.parametrize("where", ["root", "home"])
def test_macos(tmp_path: Path, where: str) -> None:
    system = FakeSystem(tmp_path, "darwin")
    base = tmp_path if where == "root" else system.home
    (base / "Applications" / "OBS.app").mkdir(parents=True)
    (obs,) = obs_installations.find(system)
    assert (obs.kind, obs.program) == ("macos", str(base / "Applications" / "OBS.app"))
    assert obs.config == system.home / "Library" / "Application Support" / "obs-studio"


def test_a_configuration_folder_that_is_told(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path)
    with pytest.raises(InstallError, match="is not a folder"):
        obs_installations.find(system, tmp_path / "absent")
    portable = tmp_path / "OBS" / "config"
    (portable / "obs-studio").mkdir(parents=True)
    assert obs_installations.find(system, portable)[0].config == portable / "obs-studio"
    sandboxed = system.home / ".var" / "app" / FLATPAK / "config" / "obs-studio"
    sandboxed.mkdir(parents=True)
    assert obs_installations.find(system, sandboxed)[0].kind == "flatpak"


def test_an_old_running_python_gives_way_to_another(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path)
    system.pythons = {("/usr/bin/python3",): (3, 9, 18), ("/opt/python3.13",): (3, 13, 0)}
    system.programs = {"python3.13": "/opt/python3.13"}
    assert interpreters.choose(system, None).text == "3.13.0"


def test_windows_asks_the_launcher(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path, "win32")
    system.programs = {"py": "C:/py.exe"}
    system.pythons = {("C:/py.exe", "-3.11"): (3, 11, 7)}
    assert interpreters.choose(system, None).command == ("C:/py.exe", "-3.11")
    assert interpreters.loadable_by_obs(system) is None, "OBS loads a library, not a program"
    system.prefix = str(tmp_path)
    (tmp_path / "python311.dll").touch()
    found = interpreters.loadable_by_obs(system)
    assert found is not None and found.text == "3.11.7"


def test_an_intel_mac_gets_no_314(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path, "darwin")
    system.pythons = {("/usr/bin/python3",): (3, 14, 0)}
    with pytest.raises(InstallError, match=r"python\.org"):
        interpreters.choose(system, None)
    system.machine = "arm64"
    assert interpreters.choose(system, None).text == "3.14.0"


@pytest.mark.parametrize(
    ("version", "odd", "sentence"),
    [
        ((3, 9, 18), {}, "is Python 3.9.18"),
        ((3, 15, 0), {}, "is Python 3.15.0"),
        ((3, 11, 2), {"lacking": {"ensurepip"}}, "no venv or ensurepip"),
        ((3, 11, 2), {"prefix": "C:/Program Files/WindowsApps/x"}, "Microsoft Store"),
    ],
)
def test_an_unfit_python_is_refused_in_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    version: tuple[int, int, int],
    odd: dict[str, Any],
    sentence: str,
) -> None:
    system = FakeSystem(tmp_path)
    scenes = add_scenes(system.home / ".config" / "obs-studio")
    before = snapshot(scenes)
    system.pythons = {("/opt/python",): version}
    vars(system).update(odd)
    assert cli.main(["--python", "/opt/python"], system) == 1
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
    assert cli.main(["--python", "/not/there"], system) == 1
    assert "is not a Python that runs" in capsys.readouterr().err
    assert snapshot(scenes) == before
