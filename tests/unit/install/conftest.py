"""A machine with an OBS, and a product that is quick to copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem, add_scenes
from vb_install import product


@pytest.fixture
def small_product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product that is quick to copy."""
    source = tmp_path / "checkout"
    for name in ("install.py", "LICENSE", "models/m.toml", "obs_script/virtual_background.py"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    monkeypatch.setattr(product, "SOURCE", source)
    return source


@pytest.fixture
def system(tmp_path: Path) -> FakeSystem:
    system = FakeSystem(tmp_path)
    system.programs = {"obs": "/usr/bin/obs"}
    add_scenes(system.home / ".config" / "obs-studio")
    return system
