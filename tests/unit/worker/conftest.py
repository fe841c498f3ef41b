"""A folder for the user's models."""

from __future__ import annotations

from pathlib import Path

import pytest

from vb_link import folders


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models' folder, empty."""
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path / "data"))
    (tmp_path / "data" / "models").mkdir(parents=True)
    return tmp_path / "data" / "models"
