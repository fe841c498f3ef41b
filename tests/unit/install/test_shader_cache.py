"""The filter's shaders are compiled while OBS for Windows is closed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem, add_scenes
from vb_install import cli
from vb_install.system import Finished

pytestmark = pytest.mark.usefixtures("small_product")

MODULE = "vb_script.compile_ahead"
DONE = {"effects": 12, "failed": [], "kept": 40, "folder": "C:/cache", "seconds": 1.0}


@pytest.fixture
def windows(tmp_path: Path) -> FakeSystem:
    """A Windows with OBS 32 in Program Files, not running."""
    system = FakeSystem(tmp_path, "win32")
    system.environment = {
        "APPDATA": str(tmp_path / "Roaming"),
        "LOCALAPPDATA": str(tmp_path),
        "ProgramFiles": str(tmp_path / "Program Files"),
    }
    program = _libraries(system) / "obs64.exe"
    program.parent.mkdir(parents=True)
    program.touch()
    add_scenes(tmp_path / "Roaming" / "obs-studio")
    _version(system, "32.2.2")
    system.answers[("tasklist",)] = Finished(0, "INFO: No tasks are running")
    return system


def _libraries(system: FakeSystem) -> Path:
    return Path(system.environment["ProgramFiles"]) / "obs-studio" / "bin" / "64bit"


def _version(system: FakeSystem, version: str) -> None:
    logs = Path(system.environment["APPDATA"]) / "obs-studio" / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "2026.txt").write_text(f"12:00:00: OBS {version} (64-bit, windows)\n")


def _install(system: FakeSystem, told: dict[str, object] | None) -> list[list[str]]:
    """Install; return the compilations that were run, which answer with ``told``."""
    command = [str(system.data / "venv" / "Scripts" / "python.exe"), "-I", "-m", MODULE]
    out = f"info: D3D11 loaded\n{json.dumps(told)}\n" if told else ""
    system.answers[tuple(command)] = Finished(0 if told else 3, out)
    assert cli.main(["--yes"], system) == 0
    return [words for words in system.ran if MODULE in words]


def test_effects_are_compiled_with_obs_s_own_libraries(
    windows: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--dry-run"], windows) == 0
    assert not any(MODULE in words for words in windows.ran)
    assert "compile them ahead" in capsys.readouterr().out
    (words,) = _install(windows, {**DONE, "seconds": 3.5})
    assert words[-1] == str(_libraries(windows))
    assert "Compiled 12 effects in 3.5 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"error": "Direct3D 11 does not start"}, "Direct3D 11 does not start"),
        ({**DONE, "failed": ["blur"]}, "1 of 12 failed"),
        (
            {**DONE, "kept": 11},
            "C:/cache holds 11 shaders of 12 effects, as it may not be written or the disk is full",
        ),
        (None, "the process ended with 3"),
    ],
)
def test_a_failure_is_said_and_is_no_fault(
    windows: FakeSystem,
    told: dict[str, object] | None,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _install(windows, told)
    out = capsys.readouterr().out
    assert f"not done ({sentence})" in out and "Compiled" not in out
    assert "Self-check: packages load" in out


def test_an_obs_that_keeps_no_shaders_or_is_running_or_unknown_is_left_alone(
    windows: FakeSystem,
) -> None:
    _version(windows, "29.1.3")
    assert not _install(windows, None)
    _version(windows, "32.2.2")
    windows.answers[("tasklist",)] = Finished(0, '"obs64.exe","7","Console"')
    assert not _install(windows, None)
    windows.answers[("tasklist",)] = Finished(0, "INFO: No tasks are running")
    (_libraries(windows) / "obs64.exe").unlink()
    assert not _install(windows, None)


def test_no_other_system_s_obs_keeps_shaders(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not _install(system, None)
    assert "shaders" not in capsys.readouterr().out
