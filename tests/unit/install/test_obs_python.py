"""OBS's Python on Windows and macOS: found, set where none works, and set back."""

from __future__ import annotations

import contextlib
import importlib
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.unit.install_fakes import FakeSystem, add_scenes, snapshot
from vb_install import cli, interpreters, obs_installations, obs_python, obs_version
from vb_install.system import Finished, InstallError, Process, System

pytestmark = pytest.mark.usefixtures("small_product")

INI = b"\xef\xbb\xbf[General]\nTheme=Yami\n\n[Basic]\nName=\xe3\x82\xb7\n"


@pytest.fixture
def windows(tmp_path: Path) -> FakeSystem:
    """A Windows with OBS 32, its settings, and a running Python 3.12 that OBS can load."""
    system = FakeSystem(tmp_path, "win32")
    system.environment = {"APPDATA": str(tmp_path / "Roaming"), "LOCALAPPDATA": str(tmp_path)}
    _install_python(system, tmp_path / "Py thon", 12)
    system.executable = tmp_path / "Py thon" / "python.exe"
    config = _config(system)
    add_scenes(config)
    (config / "user.ini").write_bytes(INI)
    system.answers[("tasklist",)] = Finished(0, "INFO: No tasks are running")
    return system


def _config(system: FakeSystem) -> Path:
    return Path(system.environment["APPDATA"]) / "obs-studio"


def _install_python(system: FakeSystem, folder: Path, minor: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "python.exe"
    program.touch()
    (folder / f"python3{minor}.dll").touch()
    system.pythons[(str(program),)] = (3, minor, 1)
    system.prefix = str(folder)  # all Pythons here say so; the library tells them apart
    return program


def _log(system: FakeSystem, line: str) -> None:
    logs = _config(system) / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "2026.txt").write_text(f"12:00:00: {line}\n")


def test_it_is_set_backed_up_and_set_back(
    windows: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    ini = _config(windows) / "user.ini"
    before = snapshot(windows.root)
    assert cli.main(["--dry-run"], windows) == 0
    assert "let OBS use " in capsys.readouterr().out and snapshot(windows.root) == before
    assert cli.main([], windows) == 0
    folder = (windows.root / "Py thon").as_posix()
    assert ini.read_bytes() == INI + f"\n[Python]\nPath64bit={folder}\n".encode()
    (backup,) = (windows.data / "backups").glob("*/user.ini")
    assert backup.read_bytes() == INI
    assert f"OBS's Python is set: {folder}" in capsys.readouterr().out
    once = snapshot(_config(windows))
    assert cli.main([], windows) == 0
    assert snapshot(_config(windows)) == once
    capsys.readouterr()
    assert cli.main(["--uninstall", "--dry-run"], windows) == 0
    assert "set back as it was" in capsys.readouterr().out
    assert cli.main(["--uninstall"], windows) == 0
    assert obs_python.value(ini.read_bytes()) is None
    assert ini.read_bytes().startswith(INI)


@pytest.mark.parametrize("framework", [True, False])
def test_on_a_mac_it_is_the_folder_of_the_framework(
    framework: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mac = FakeSystem(tmp_path, "darwin")
    mac.pythons = {("/usr/bin/python3",): (3, 12, 4)}
    mac.framework = "/Library/Frameworks" * framework
    mac.answers[("pgrep",)] = Finished(1, "")
    config = mac.home / "Library" / "Application Support" / "obs-studio"
    add_scenes(config)
    (config / "user.ini").write_bytes(INI)
    assert cli.main(["--yes"], mac) == 0
    told = capsys.readouterr().out
    if not framework:  # as pyenv's, which OBS cannot load
        assert "install Python 3.12 from python.org" in told
        assert (config / "user.ini").read_bytes() == INI
        return
    assert obs_python.value((config / "user.ini").read_bytes()) == "/Library/Frameworks"
    library = tmp_path / "Frameworks" / "Python.framework" / "Versions" / "3.12" / "lib"
    library.mkdir(parents=True)
    (library / "libpython3.12.dylib").touch()
    theirs = obs_python.with_value(INI, str(tmp_path / "Frameworks"))
    assert theirs is not None
    (config / "user.ini").write_bytes(theirs)
    for words in (["--yes"], ["--uninstall", "--yes"]):  # one that works, and is not ours
        assert cli.main(words, mac) == 0
        assert (config / "user.ini").read_bytes() == theirs


def test_one_that_works_is_left_alone(windows: FakeSystem) -> None:
    theirs = windows.root / "theirs"
    theirs.mkdir()
    (theirs / "python310.dll").touch()
    ini = _config(windows) / "user.ini"
    content = INI + b"\n[Python]\nPath64bit=" + str(theirs).encode() + b"\n"
    ini.write_bytes(content)
    for words in ([], ["--uninstall"]):
        assert cli.main(words, windows) == 0
        assert ini.read_bytes() == content


def test_a_broken_one_is_replaced_and_comes_back(windows: FakeSystem) -> None:
    ini = _config(windows) / "user.ini"
    content = INI + b"\n[Python]\nPath64bit=C:\\\\gone\nOther=1\n\n[Z]\na=b\n"
    ini.write_bytes(content)
    assert obs_python.value(content) == "C:\\gone"
    assert cli.main([], windows) == 0
    assert obs_python.value(ini.read_bytes()) == (windows.root / "Py thon").as_posix()
    assert b"Other=1\n\n[Z]\na=b\n" in ini.read_bytes()
    assert cli.main(["--uninstall"], windows) == 0
    assert ini.read_bytes() == content


def test_what_others_set_meanwhile_stays(windows: FakeSystem) -> None:
    ini = _config(windows) / "user.ini"
    assert cli.main([], windows) == 0
    changed = ini.read_bytes().replace(b"Py thon", b"Other")
    ini.write_bytes(changed)
    assert cli.main(["--uninstall"], windows) == 0
    assert ini.read_bytes() == changed


def test_up_to_30_it_is_in_global_ini(windows: FakeSystem) -> None:
    config = _config(windows)
    (config / "user.ini").unlink()
    (config / "global.ini").write_bytes(INI)
    _log(windows, "OBS 30.2.3 (64-bit, windows)")
    assert cli.main([], windows) == 0
    assert obs_python.value((config / "global.ini").read_bytes())
    assert not (config / "user.ini").exists()


def test_an_obs_that_was_never_started_is_started_first(
    windows: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    (_config(windows) / "user.ini").unlink()
    assert cli.main([], windows) == 0
    assert "start it once" in capsys.readouterr().out
    assert not (_config(windows) / "user.ini").exists(), "OBS would not take its old settings over"


def test_a_running_obs_keeps_its_settings(windows: FakeSystem) -> None:
    windows.answers[("tasklist",)] = Finished(0, '"obs64.exe","412","Console"')
    windows.running = [Process("obs64.exe")]
    before = snapshot(_config(windows))
    assert cli.main([], windows) == 0
    assert snapshot(_config(windows)) == before


@pytest.mark.parametrize(
    ("version", "newest"), [("29.0.2", 10), ("29.1.3", 11), ("30.0.2", 11), ("30.1.0", 12)]
)
def test_an_older_obs_takes_an_older_python(
    windows: FakeSystem, capsys: pytest.CaptureFixture[str], version: str, newest: int
) -> None:
    _log(windows, f"OBS {version} (64-bit, windows)")
    config = _config(windows)
    (config / "global.ini").write_bytes(INI)
    assert cli.main([], windows) == 0
    set_up = obs_python.value((config / "global.ini").read_bytes()) is not None
    assert set_up == (newest == 12)
    if not set_up:
        assert f"install Python 3.{newest} from python.org" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("OBS 31.1.1 (64-bit, windows)", (31, 1, 1)),
        ("OBS 32.0.0-beta2 (64-bit, windows)", (32, 0, 0)),
        ("OBS 32.2.2 (mac)", (32, 2, 2)),
        ("OBS 29.0.2+dfsg-1+b1 (linux)", (29, 0, 2)),
        ("OBS 32.2 (of somebody)", None),
    ],
)
def test_the_version_is_read_as_each_system_s_obs_logs_it(
    windows: FakeSystem, line: str, expected: obs_version.Version | None
) -> None:
    _log(windows, line)
    (obs,) = obs_installations.find(windows)
    assert obs_version.of(obs) == expected


@pytest.mark.parametrize("where", ["registry", "program files", "local", "drive"])
def test_every_place_of_a_python_is_looked_at(tmp_path: Path, where: str) -> None:
    system = FakeSystem(tmp_path, "win32")
    system.pythons.clear()
    system.environment = {
        "LOCALAPPDATA": str(tmp_path / "local"),
        "ProgramFiles": str(tmp_path / "Program Files"),
        "SystemDrive": str(tmp_path / "drive"),
    }
    folder = {
        "registry": tmp_path / "anywhere" / "at all",
        "program files": tmp_path / "Program Files" / "Python312",
        "local": tmp_path / "local" / "Programs" / "Python" / "Python312",
        "drive": tmp_path / "drive" / "Python312",
    }[where]
    assert interpreters.loadable_by_obs(system) is None
    program = _install_python(system, folder, 12)
    system.registered = [tmp_path / "gone" / "python.exe"] + [program] * (where == "registry")
    found = interpreters.loadable_by_obs(system)
    assert found is not None and found.executable == str(program)
    assert interpreters.choose(system, None).executable == str(program)
    assert interpreters.loadable_by_obs(system, 11) is None


@pytest.mark.windows("its registry is read")
def test_the_registry_tells_pythons_by_program_and_by_folder(tmp_path: Path) -> None:
    winreg: Any = importlib.import_module("winreg")
    vendor = f"SOFTWARE\\Python\\Test-{uuid.uuid4().hex}"
    keys = [rf"{vendor}\{tag}\InstallPath" for tag in ("3.11", "3.12", "none")]
    before = System().registered_pythons()
    try:
        for key, name, value in (
            (keys[0], "", str(tmp_path / "ユーザー 名")),
            (keys[1], "ExecutablePath", str(tmp_path / "program.exe")),
            (keys[2], "other", "x"),
        ):
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as made:
                winreg.SetValueEx(made, name, 0, winreg.REG_SZ, value)
        found = System().registered_pythons()
    finally:
        for key in keys:
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key.rpartition("\\")[0])
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, vendor)
    expected = {tmp_path / "ユーザー 名" / "python.exe", tmp_path / "program.exe"}
    assert set(found) - set(before) == expected
    assert len(found) == len(set(found))


def test_a_store_s_python_is_not_obs_s(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path, "win32")
    system.executable = _install_python(system, tmp_path / "WindowsApps" / "Python", 12)
    assert interpreters.loadable_by_obs(system) is None


def test_the_store_s_stand_in_for_a_python_is_never_run(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path, "win32")
    alias = tmp_path / "Microsoft" / "WindowsApps" / "python.exe"
    alias.parent.mkdir(parents=True)
    alias.touch()
    system.programs["python"] = str(alias)
    interpreters.loadable_by_obs(system)
    with pytest.raises(InstallError, match="is not a Python that runs"):
        interpreters.choose(system, str(alias))
    assert system.ran and not any(str(alias) in words for words in system.ran)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b"[Python]\nPath64bit=P\n"),
        (b"[Python]\n", b"[Python]\nPath64bit=P\n"),
        (b"[A]\nx=1", b"[A]\nx=1\n\n[Python]\nPath64bit=P\n"),
        (b"[A]\r\nx=1\r\n", b"[A]\r\nx=1\r\n\r\n[Python]\r\nPath64bit=P\r\n"),
        (b"[A]\nPath64bit=no\n", b"[A]\nPath64bit=no\n\n[Python]\nPath64bit=P\n"),
        (b"[Python]\nPath64bit=\n[B]\n", b"[Python]\nPath64bit=P\n[B]\n"),
        (b"\xff\xfe[Python]", None),
    ],
)
def test_the_settings_are_changed_in_one_line(content: bytes, expected: bytes | None) -> None:
    assert obs_python.with_value(content, "P") == expected
    if expected is not None:
        assert obs_python.value(expected) == "P"


def test_a_folder_too_long_for_windows_is_said_before_anything_is_made(
    windows: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    windows.data = windows.home / ("d" * 110) / "obs-virtual-background"
    windows.long_paths = False
    before = snapshot(windows.root)
    assert cli.main([], windows) == 1
    assert "too long for Windows" in capsys.readouterr().err
    assert snapshot(windows.root) == before
    windows.long_paths = True
    assert cli.main(["--dry-run"], windows) == 0


@pytest.mark.parametrize(
    ("programs", "waits"),
    [
        (["python.exe"], True),
        (["py.exe", "Python.exe"], True),
        (["python.exe", "cmd.exe"], False),
        (["python.exe", "py.exe", "powershell.exe"], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("words", [["--dry-run"], ["--purge"], ["--help"]])
def test_a_window_that_goes_with_it_waits_to_be_read(
    windows: FakeSystem,
    monkeypatch: pytest.MonkeyPatch,
    programs: list[str],
    waits: bool,
    words: list[str],
) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return ""

    windows.console = programs
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    with contextlib.suppress(SystemExit):
        cli.main(words, windows)
    assert [("close this window" in call) for call in asked] == [True] * waits
