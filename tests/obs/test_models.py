"""A model that is added while OBS runs is in the filter's list without a restart, and runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.obs.stage import CAMERA, person, wait_for
from vb_link import folders

SCRIPTS = Path(__file__).resolve().parent / "scripts"


def _choices(folder: Path) -> dict[str, list[str]]:
    try:
        found: dict[str, list[str]] = json.loads((folder / "choices.json").read_text())
    except (OSError, ValueError):
        return {"model": [], "compute": []}
    return found


def test_an_added_model_is_listed_and_chosen(
    start_obs: Callable[..., Any],
    tmp_path: Path,
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHOICES_FOLDER", str(tmp_path))
    packages = folders.models_dir().parent / "obs_script"
    with start_obs(
        scripts=((packages / "virtual_background.py", {}), (SCRIPTS / "list_choices.py", {}))
    ) as stage:
        picture, _ = person()
        stage.picture(CAMERA, picture)
        stage.add_filter()
        stage.wait_for_mask()
        listed = wait_for(lambda: _choices(tmp_path)["model"], 5, "the list of models")
        assert "Selfie, landscape" in listed and "Added" not in listed
        assert _choices(tmp_path)["compute"][0].startswith("Automatic")
        added = subprocess.run(
            [sys.executable, "-m", "vb_worker", "models", "add",
             str(folders.models_dir() / "selfie_square.onnx"), "--name", "added",
             "--title", "Added"],
            env={**os.environ, "PYTHONPATH": str(packages)}, capture_output=True, check=False,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr.decode()
        wait_for(lambda: "Added" in _choices(tmp_path)["model"], 5, "the added model in the list")
        stage.set_filter(model="added")
        wait_for(
            lambda: stage.channels()[0].report_model == b"Added", 10, "the worker's word of it"
        )
        stage.wait_for_mask()
    for path in (data_folder / "models").glob("added.*"):
        path.unlink()
