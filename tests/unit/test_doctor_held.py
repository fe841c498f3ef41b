"""The doctor tells what the system holds the worker to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vb_link import places
from vb_link.diagnosis import held
from vb_worker import sandbox

PACKAGES = Path(held.__file__).resolve().parents[2]


def test_it_is_said_what_is_held_and_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(places.DATA_VARIABLE, str(tmp_path))
    found = held.check(Path(sys.executable), PACKAGES)
    assert found.good and found.key in ("Held", "HeldInPart")
    monkeypatch.setenv(sandbox.VARIABLE, "off")
    found = held.check(Path(sys.executable), PACKAGES)
    assert found.key == "HeldInPart"
    for part in sandbox.PARTS:
        assert f"{part}: {sandbox.VARIABLE} is off" in found.text()


def test_an_environment_that_does_not_run_is_said(tmp_path: Path) -> None:
    assert held.check(tmp_path / "python", PACKAGES).key == "CheckFailed"
