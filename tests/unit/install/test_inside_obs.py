"""The set-up that the script's panel starts, while OBS runs."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.install_fakes import FakeSystem, scenes_of, snapshot
from vb_install import files, inside_obs, one_at_a_time, product, set_up, worker_environment
from vb_install.system import InstallError, Process
from vb_link import folders

pytestmark = pytest.mark.usefixtures("small_product")


@pytest.fixture
def obs_open(system: FakeSystem) -> FakeSystem:
    """A machine whose OBS is running, with the script loaded from the unpacked folder."""
    system.running = [Process("obs", {"HOME": str(system.home)})]
    return system


def test_the_environment_comes_into_the_data_folder_and_nothing_else_changes(
    obs_open: FakeSystem,
) -> None:
    before, unpacked = snapshot(scenes_of(obs_open)), snapshot(product.SOURCE)
    assert set_up.install_around(obs_open) is False  # no model was fetched
    assert snapshot(scenes_of(obs_open)) == before and snapshot(product.SOURCE) == unpacked
    assert (obs_open.data / "venv" / "bin" / "python").is_file()
    assert not (obs_open.data / "app").exists()
    packages = obs_open.data / "venv" / "site-packages" / "obs_virtual_background.pth"
    assert ascii(str(product.SOURCE / "obs_script")) in packages.read_text("ascii")
    # The same from a terminal, later: nothing is made twice.
    made = len(obs_open.streamed("--require-hashes"))
    set_up.install_around(obs_open)
    assert len(obs_open.streamed("--require-hashes")) == made


def test_each_step_is_told_and_the_packages_of_other_systems_do_not_count(
    obs_open: FakeSystem,
) -> None:
    told: list[tuple[str, float, str]] = []
    obs_open.step = lambda *what: told.append((*what, 0.0, "")[:3])  # type: ignore[method-assign]
    obs_open.pip_says = (
        *(f"Ignoring x{number}: markers do not match" for number in range(12)),
        "Collecting numpy==2.4.6", "Collecting av==18.1.0",
        "Installing collected packages: numpy, av",
    )  # fmt: skip
    set_up.install_around(obs_open)
    names = [name for name, _, _ in told]
    assert list(dict.fromkeys(names)) == ["environment", "packages", "unpack", "check", "model"]
    shares = [share for name, share, _ in told if name == "packages"]
    assert shares[:2] == [0.0, 0.0] and 0.05 < shares[2] < 0.5
    assert ("packages", 0.0, "numpy 2.4.6") in told


@pytest.mark.parametrize(
    ("says", "fault"),
    [("ERROR: No space left on device", "disk"), ("NewConnectionError(...)", "network"),
     ("THESE PACKAGES DO NOT MATCH THE HASHES", "network"), ("It rains", "other")],
)  # fmt: skip
def test_what_pip_fails_at_has_a_word(obs_open: FakeSystem, says: str, fault: str) -> None:
    obs_open.pip_says, obs_open.pip_code = (says,), 1
    with pytest.raises(InstallError) as caught:
        set_up.install_around(obs_open)
    assert caught.value.fault == fault
    # A running OBS starts no worker in what is half made.
    assert (obs_open.data / folders.UNFINISHED).exists()
    obs_open.pip_says, obs_open.pip_code = (), 0
    set_up.install_around(obs_open)
    assert not (obs_open.data / folders.UNFINISHED).exists()


@pytest.mark.parametrize(
    ("lacking", "pythons", "fault"),
    [({"venv"}, None, "venv"), ({"ensurepip"}, None, "venv"), (set(), {}, "python"),
     (set(), {("/usr/bin/python3",): (3, 9, 2)}, "python")],
)  # fmt: skip
def test_a_python_that_does_not_do_has_a_word(
    obs_open: FakeSystem, lacking: set[str], pythons: Any, fault: str
) -> None:
    obs_open.lacking = lacking
    if pythons is not None:
        obs_open.pythons = pythons
    with pytest.raises(InstallError) as caught:
        set_up.install_around(obs_open)
    assert caught.value.fault == fault and not obs_open.data.exists()


def test_a_folder_that_may_not_be_written_to_has_a_word(tmp_path: Path) -> None:
    for code, fault in ((errno.EACCES, "permission"), (errno.ENOSPC, "disk"), (errno.EIO, "other")):
        assert files.explain(OSError(code, "x"), tmp_path).fault == fault


def test_two_never_work_at_once(obs_open: FakeSystem) -> None:
    obs_open.data.mkdir(parents=True)
    with one_at_a_time.alone(obs_open.data):
        with pytest.raises(InstallError) as caught:
            set_up.install_around(obs_open)
        assert caught.value.fault == "busy"
    set_up.install_around(obs_open)


def test_the_last_line_says_how_it_ended(
    obs_open: FakeSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inside_obs, "_Told", lambda: obs_open)
    monkeypatch.setattr(inside_obs, "_end_with_obs", lambda: None)
    assert inside_obs.main() == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"done": True, "model": False}

    def fail(*_: object) -> None:
        raise InstallError("The disk is full.", "disk")

    monkeypatch.setattr(worker_environment, "make", fail)
    assert inside_obs.main() == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {"fault": "disk", "said": "The disk is full."}
