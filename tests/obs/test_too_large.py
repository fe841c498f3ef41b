"""A source larger than a texture can be: its area shows the cover's colour, never its picture."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.obs.stage import CAMERA, FILTER, SCENE, Stage, wait_for
from tests.obs.twin import canvas
from vb_demo.obs_session import SCRIPT
from vb_link import layout, texts

PANEL = Path(__file__).resolve().parent / "scripts" / "filter_panel.py"
WIDTH, HEIGHT = 1 << 17, 90  # graphics cards stop at 16,384 or 32,768
PICTURE, COVER, COVER_BGR = 0xFFFFFF00, 0xFF3232C8, (50, 50, 200)
# What OBS itself logs then.
REFUSED = ("(GL) failed", "GL_INVALID", "set to invalid size")


def _set_width(stage: Stage, width: int) -> None:
    stage.obs.request(
        "SetInputSettings",
        {"inputName": CAMERA, "inputSettings": {"width": width, "height": HEIGHT}},
    )


def test_it_is_covered_and_the_panel_says_so(
    start_obs: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANEL_FOLDER", str(tmp_path))
    transitions = itertools.cycle(("Fade", "Cut"))

    def status() -> str:
        asked = {"source": CAMERA, "filter": FILTER, "button": "none", "list": "model"}
        (tmp_path / "press.new").write_text(json.dumps(asked))
        (tmp_path / "press.new").rename(tmp_path / "press")

        def shown() -> bool:
            name = {"transitionName": next(transitions)}
            stage.obs.request("SetCurrentSceneTransition", name)  # the panel waits for an event
            return (tmp_path / "shown").exists()

        wait_for(shown, 30, "the panel")
        (tmp_path / "shown").unlink()
        return " ".join((tmp_path / "status").read_text("utf-8").split())

    too_large = texts.load("en-US")["Status.TooLarge"]
    with start_obs(scripts=((SCRIPT, {}), (PANEL, {}))) as stage:
        stage.expected += REFUSED
        stage.obs.add_input(
            SCENE, CAMERA, "color_source_v3",
            {"color": PICTURE, "width": WIDTH, "height": HEIGHT}, fit=False,
        )  # fmt: skip
        stage.add_filter(cover="color", cover_color=COVER)
        (channel,) = wait_for(stage.channels, 20, "the filter's channel")
        wait_for(lambda: channel.state == layout.STATE_COVER, 60, "the cover")
        stage.wait_frames(4)
        area = canvas(stage)[:HEIGHT]
        assert np.abs(area.astype(int) - COVER_BGR).max() <= 1
        assert too_large in status()
        _set_width(stage, 640)
        stage.wait_for_mask(seconds=60)
        assert too_large not in status()
