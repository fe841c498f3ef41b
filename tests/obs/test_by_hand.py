"""Rows used by mouse and keys in OBS's own windows, while the camera plays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.by_hand import desk
from tests.by_hand.rows import Rows
from tests.by_hand.sitting import Sitting, sitting

pytestmark = [
    pytest.mark.skipif(bool(desk.missing()), reason=desk.missing() or "all is there"),
    pytest.mark.timeout(600),
]
WAIT = 5.0  # seconds that a dialog stays open: figures change each second


@pytest.fixture(scope="module")
def at_obs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sitting]:
    with sitting(tmp_path_factory.mktemp("by_hand")) as made:
        yield made


def _kept(at_obs: Sitting, key: str, scene: bool = False) -> Any:
    return at_obs.values(scene)[key]


@pytest.mark.versions
def test_an_image_and_a_colour_are_chosen_in_the_cameras_panel(at_obs: Sitting) -> None:
    """A panel that is rebuilt while its dialog is open ends OBS 29 when that is answered."""
    word = at_obs.word
    panel = at_obs.camera_panel()
    box = panel.window().box
    rows = Rows(panel, WAIT)
    rows.choose(word("Background"), word("Background.image"))
    rows.pick_file(word("BackgroundImage"), str(at_obs.pictures[0]))
    assert _kept(at_obs, "background_image") == str(at_obs.pictures[0])
    rows.pick_file(word("BackgroundImage"), str(at_obs.pictures[1]), cancel=True)
    assert _kept(at_obs, "background_image") == str(at_obs.pictures[0])
    rows.pick_color(word("BackgroundColor"), "#336699")
    assert _kept(at_obs, "background_color") & 0xFFFFFF == 0x996633  # OBS's 0xAABBGGRR
    assert panel.window().box == box
    assert at_obs.stage.obs.running
    at_obs.hand.keys("Escape")
