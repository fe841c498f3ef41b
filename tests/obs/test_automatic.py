"""*Automatic* takes the most accurate model there is, and no room is seen while it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.obs.secret_room import SecretRoom
from tests.obs.stage import wait_for
from tests.obs.test_scripted import SCRIPTS, Panel, says
from tests.unit.own_model import add_own, far_model
from tests.unit.test_contributing import copy
from vb_demo.obs_session import SCRIPT
from vb_link.settings import RECOMMENDED_MODEL

__all__ = ["copy"]  # a fixture


def test_models_come_and_go_and_the_best_is_taken(
    copy: Path,
    start_obs: Callable[..., Any],
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PANEL_FOLDER", str(copy))
    own = data_folder / "models"
    own.mkdir(exist_ok=True)
    scripts: list[tuple[Path, dict[str, Any]]] = [
        (copy / "obs_script" / SCRIPT.name, {}),
        (SCRIPTS / "panel.py", {}),
    ]
    # In this copy of the product the recommended model comes from this computer.
    with (
        far_model(copy / "models", RECOMMENDED_MODEL, copy / "served", title='"Fetched"',
                  mean_iou="90.0"),
        start_obs(width=640, height=360, scripts=scripts) as stage,
    ):  # fmt: skip
        stage.expected.append("PP-HumanSeg is installed.")
        room, panel = SecretRoom(stage, data_folder), Panel(stage, copy)
        room.set_up()
        stage.wait_for_mask()
        _wait_for(stage, "Selfie, square")
        try:
            with room.watched():
                assert says(panel.press("fetch")["news"], "Fetching PP-HumanSeg")
                _wait_for(stage, "Fetched")
                assert says(panel.press("refresh")["news"], "PP-HumanSeg is installed.")
                room.move(1.0)
                stage.wait_for_mask()
            with room.watched():
                add_own(own, "best", title='"Best"', mean_iou="99.0")
                _wait_for(stage, "Best")
                room.move(2.0)
                stage.wait_for_mask()
            with room.watched():
                for path in own.glob("best.*"):
                    path.unlink()
                _wait_for(stage, "Fetched")
                room.move(1.0)
                stage.wait_for_mask()
            assert room.masked()
        finally:
            for name in (RECOMMENDED_MODEL, "best"):
                for path in own.glob(f"{name}.*"):
                    path.unlink()


def _model(stage: Any) -> str:
    return str(stage.channels()[0].report_model.decode())


def _status(stage: Any) -> str:
    return str(stage.channels()[0].status.decode())


def _wait_for(stage: Any, model: str) -> None:
    wait_for(lambda: _model(stage) == model, 60, f"{model} in use")
    said = f"Model: {model}, the most accurate one here."
    wait_for(lambda: said in _status(stage), 10, "the reason in the status line")
