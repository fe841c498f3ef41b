"""``install.py demo`` and ``install.py test``: what they install and what they start."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem, snapshot
from vb_install import cli, environment, obs_packages, product
from vb_install.obs_packages import TEST_TOOLS
from vb_install.system import Finished
from vb_link import isolated

APT = {"apt-get": "/usr/bin/apt-get", "dpkg-query": "/usr/bin/dpkg-query"}
ALL = {"obs": "/usr/bin/obs", "Xvfb": "/usr/bin/Xvfb", "xauth": "/x", "dbus-daemon": "/d"}


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    source = tmp_path / "checkout"
    script = "obs_script/virtual_background.py"
    for name in ("install.py", "LICENSE", "models/m.toml", script, "tests/test_a.py"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    monkeypatch.setattr(product, "SOURCE", source)
    system = FakeSystem(tmp_path)
    system.programs = {**APT, **ALL}
    system.answers[("dpkg-query",)] = Finished(0, "install ok installed")
    return system


@pytest.mark.parametrize("command", ["demo", "test"])
def test_without_rights_it_tells_the_one_command(
    system: FakeSystem, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    system.programs = dict(APT)
    system.answers[("dpkg-query",)] = Finished(1, "")
    assert cli.main([command], system) == 1
    error = capsys.readouterr().err
    tools = "".join(f" {name}" for name in TEST_TOOLS) if command == "test" else ""
    assert error.count("sudo ") == 1
    assert (
        "    sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends "
        f"obs-studio xvfb xauth libgl1-mesa-dri dbus{tools}'\n"
    ) in error
    assert not system.handed and not system.streamed("--require-hashes")


def test_root_installs_what_is_missing_only(system: FakeSystem) -> None:
    system.root_user = True
    del system.programs["Xvfb"]
    system.answers = {
        ("dpkg-query", "-W", "-f", "${Status}", "xvfb"): Finished(0, "deinstall ok config-files"),
        **system.answers,
    }
    assert cli.main(["demo"], system) == 0
    assert system.streamed("apt-get")[-1] == [
        "env", "DEBIAN_FRONTEND=noninteractive",
        "apt-get", "install", "-y", "--no-install-recommends", "xvfb",
    ]  # fmt: skip


def test_sudo_that_asks_nothing_is_used(system: FakeSystem) -> None:
    del system.programs["obs"]
    system.programs["sudo"] = "/usr/bin/sudo"
    system.answers = {("dpkg-query",): Finished(1, ""), ("sudo", "-n", "true"): Finished(0, "")}
    assert cli.main(["demo"], system) == 0
    assert system.streamed("install")[0][:3] == ["sudo", "-n", "env"]


def test_nothing_is_installed_where_all_is_there(system: FakeSystem) -> None:
    assert cli.main(["demo"], system) == 0
    assert not system.streamed("apt-get")


def test_a_python_without_venv_gets_it(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    system.lacking = {"ensurepip"}
    assert cli.main(["demo"], system) == 1
    assert "python3-venv'" in capsys.readouterr().err


def test_the_demo_gets_its_arguments_and_its_places(system: FakeSystem) -> None:
    assert cli.main(["demo", "--seconds", "3", "--source", "a b.mp4"], system) == 0
    ((command, environment),) = system.handed
    assert command == isolated.command(
        system.data / "demo-venv" / "bin" / "python", system.data / "app" / "obs_script",
        "vb_demo", "--seconds", "3", "--source", "a b.mp4",
    )  # fmt: skip
    assert environment["OBS_VIRTUAL_BACKGROUND_DATA"] == str(system.data)
    locks = [Path(command[-1]).name for command in system.streamed("--require-hashes")]
    assert locks == ["worker.lock", "demo.lock"]


def test_the_demo_passes_its_exit_status_on_and_touches_no_obs(system: FakeSystem) -> None:
    config = system.home / ".config"
    system.hand_codes = {"vb_demo": 3}
    assert cli.main(["demo"], system) == 3
    assert not config.exists()


def _locks(system: FakeSystem) -> list[str]:
    return [Path(command[-1]).name for command in system.streamed("--require-hashes")]


def _demo_data(system: FakeSystem) -> str:
    assert cli.main(["demo"], system) == 0
    return system.handed[-1][1]["OBS_VIRTUAL_BACKGROUND_DATA"]


@pytest.fixture
def installed(system: FakeSystem) -> FakeSystem:
    """A machine with an OBS that the product is installed for."""
    (system.home / ".config" / "obs-studio").mkdir(parents=True)
    assert cli.main([], system) == 0
    system.ran.clear()
    return system


def test_the_demo_uses_an_installation_that_it_need_not_change(installed: FakeSystem) -> None:
    assert _demo_data(installed) == str(installed.data)
    assert _locks(installed) == ["demo.lock"]


def test_an_installation_after_the_demo_downloads_nothing_more(system: FakeSystem) -> None:
    (system.home / ".config" / "obs-studio").mkdir(parents=True)
    assert _demo_data(system) == str(system.data)
    system.ran.clear()
    assert cli.main([], system) == 0
    assert _locks(system) == []


@pytest.mark.parametrize("what", ["product", "lock"])
def test_the_demo_leaves_an_installation_of_another_version_alone(
    installed: FakeSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    before = snapshot(installed.data)
    if what == "product":
        (tmp_path / "checkout" / "LICENSE").write_text("newer")
    else:
        locks = tmp_path / "locks"
        shutil.copytree(environment.LOCKS, locks)
        monkeypatch.setattr(environment, "LOCKS", locks)
        with (locks / "worker.lock").open("a") as lock:
            lock.write("# newer\n")
    own = installed.data / "demo"
    assert _demo_data(installed) == str(own)
    assert (own / "app" / "LICENSE").is_file()
    after = snapshot(installed.data)
    assert {name: after[name] for name in after if not name.startswith("demo/")} == before
    assert cli.main(["--uninstall"], installed) == 0
    assert not own.exists()


def test_a_demo_that_was_stopped_goes_on_where_it_was(system: FakeSystem) -> None:
    system.pip_code = 1
    assert cli.main(["demo"], system) == 1
    system.pip_code = 0
    assert _demo_data(system) == str(system.data)


def test_all_checks_run_and_the_first_failure_counts(system: FakeSystem) -> None:
    system.hand_codes = {"mypy": 5, "pytest": 7}
    assert cli.main(["test", "-k", "link"], system) == 5
    assert [command[1:] for command, _ in system.handed] == [
        ["-m", "ruff", "check", "."],
        ["-m", "mypy"],
        ["-m", "pytest", "--all", "-k", "link"],
    ]
    system.hand_codes = {}
    assert cli.main(["test"], system) == 0
    made = [Path(command[-1]).name for command in system.streamed("--require-hashes")]
    assert made == ["test.lock"]
    assert not system.data.exists()  # the user's own is left alone


def test_elsewhere_it_says_what_to_install(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    system.programs = {"dnf": "/usr/bin/dnf"}
    assert cli.main(["demo"], system) == 1
    error = capsys.readouterr().err
    assert "OBS Studio and Xvfb must be installed" in error and "dnf install obs-studio" in error
    system.programs = {"obs": "/usr/bin/obs"}
    system.environment = {"WAYLAND_DISPLAY": "wayland-0"}
    assert cli.main(["demo"], system) == 0
    system.name = "darwin"
    assert cli.main(["demo"], system) == 1
    assert "obsproject.com" in capsys.readouterr().err


def test_plugins_are_unpacked_once_and_those_that_are_not_there_are_named(
    system: FakeSystem, tmp_path: Path
) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    system.answers[("sh", "-c")] = Finished(0, "")
    assert obs_packages.fetch_plugins(system, folder) == []
    asked = [words for words in system.ran if words[:2] == ["sh", "-c"]]
    assert [words[5] for words in asked] == list(obs_packages.PLUGINS)
    assert {words[6] for words in asked} == {str(folder)}
    assert obs_packages.fetch_plugins(system, folder) == []
    assert len([words for words in system.ran if words[:2] == ["sh", "-c"]]) == len(asked)
    system.answers[("sh", "-c")] = Finished(100, "", "E: Unable to locate package")
    lacking = obs_packages.fetch_plugins(system, tmp_path / "others")
    assert lacking == list(obs_packages.PLUGINS)
