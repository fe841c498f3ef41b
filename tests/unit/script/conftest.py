"""A made-up OBS with two cameras and two scenes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit import fake_obspython as fake
from tests.unit.fake_obspython import Source, World
from tests.unit.script.filters import camera_filter
from vb_link import folders
from vb_script import obs_filters


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A camera, a second one and a scene with a camera's filter, another scene; all balanced."""
    made = fake.fresh()
    camera = Source("Camera", filters=[camera_filter(background="color", threshold=0.25)])
    second = Source("Second", filters=[Source("Crop", "crop_filter"), camera_filter(shadow=0.5)])
    made.inputs = [camera, second, Source("Microphone", flags=2), Source("Group", "group")]
    made.scenes = [Source("Stage", "scene", filters=[camera_filter()]), Source("Beach", "scene")]
    opened: list[str] = []
    monkeypatch.setattr(obs_filters, "open_filters", opened.append)
    made.opened = opened  # type: ignore[attr-defined]
    yield made
    assert made.balanced()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty data folder."""
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
