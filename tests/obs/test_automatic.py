"""*Automatic* takes the most accurate model there is, and no room is seen while it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.obs.secret_room import SecretRoom
from tests.obs.stage import wait_for
from tests.unit.own_model import add_own


def test_models_come_and_go_and_the_best_is_taken(
    start_obs: Callable[..., Any], data_folder: Path
) -> None:
    own = data_folder / "models"
    own.mkdir(exist_ok=True)
    with start_obs(width=640, height=360) as stage:
        room = SecretRoom(stage, data_folder)
        room.set_up()
        stage.wait_for_mask()
        _wait_for(stage, "Selfie, square")
        try:
            for name, mean_iou in (("good", 90.0), ("best", 99.0)):
                with room.watched():
                    add_own(own, name, title=f'"{name.title()}"', mean_iou=f"{mean_iou}")
                    _wait_for(stage, name.title())
                    room.move(1.0)
                    stage.wait_for_mask()
            with room.watched():
                for path in own.glob("best.*"):
                    path.unlink()
                _wait_for(stage, "Good")
                room.move(2.0)
                stage.wait_for_mask()
            assert room.masked()
        finally:
            for path in [*own.glob("good.*"), *own.glob("best.*")]:
                path.unlink()


def _model(stage: Any) -> str:
    return str(stage.channels()[0].report_model.decode())


def _status(stage: Any) -> str:
    return str(stage.channels()[0].status.decode())


def _wait_for(stage: Any, model: str) -> None:
    wait_for(lambda: _model(stage) == model, 60, f"{model} in use")
    said = f"Model: {model}, the most accurate one here."
    wait_for(lambda: said in _status(stage), 10, "the reason in the status line")
