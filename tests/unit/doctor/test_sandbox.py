"""The doctor tells what the system holds the worker to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vb_doctor import sandbox
from vb_link import folders
from vb_worker.sandbox import entry

PACKAGES = Path(sandbox.__file__).resolve().parents[1]


def test_it_is_said_what_is_held_and_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    found = sandbox.check(Path(sys.executable), PACKAGES)
    assert found.good and found.key in ("Restricted", "RestrictedInPart")
    monkeypatch.setenv(entry.VARIABLE, "off")
    found = sandbox.check(Path(sys.executable), PACKAGES)
    assert found.key == "RestrictedInPart"
    for part in entry.PARTS:
        assert f"{part}: {entry.VARIABLE} is off" in found.text()


def test_an_environment_that_does_not_run_is_said(tmp_path: Path) -> None:
    assert sandbox.check(tmp_path / "python", PACKAGES).key == "CheckFailed"
