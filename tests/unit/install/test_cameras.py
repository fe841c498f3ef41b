"""Uninstalling names the cameras that OBS will show as they are, and hides them on request."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem, scenes_of, snapshot
from vb_install import cli

pytestmark = pytest.mark.usefixtures("small_product")

CAMERA = {
    "name": "Webcam", "id": "v4l2_input", "uuid": "u-1",
    "filters": [{"name": "VB", "id": "obs_virtual_background", "enabled": True}],
}  # fmt: skip
LOCKED = {
    "name": "Second", "id": "v4l2_input",
    "filters": [{"name": "VB", "id": "obs_virtual_background"},
                {"name": "Virtual Background: lock", "id": "color_filter_v2"}],
}  # fmt: skip


def _with_cameras(system: FakeSystem) -> Path:
    items = [
        {"name": "Webcam", "source_uuid": "u-1", "visible": True},
        {"name": "Second", "visible": True},
        {"name": "Title", "visible": True},
    ]
    group = {"name": "Group", "id": "group", "settings": {"items": [{"name": "Webcam"}]}}
    scenes = [
        {"name": "Scene", "id": "scene", "settings": {"items": items}},
        {"name": "Stage", "id": "scene", "settings": {"items": [dict(items[2])]},
         "filters": CAMERA["filters"]},
    ]  # fmt: skip
    path = scenes_of(system) / "Cameras.json"
    text = json.dumps({"name": "C", "sources": [CAMERA, LOCKED, *scenes], "groups": [group]})
    path.write_text(text)
    return path


def _visible(path: Path) -> dict[str, list[bool]]:
    data = json.loads(path.read_bytes())
    return {
        source["name"]: [item.get("visible", True) for item in source["settings"]["items"]]
        for source in [*data["sources"], *data["groups"]]
        if "settings" in source
    }


def test_uninstalling_names_the_cameras_that_will_be_shown(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _with_cameras(system)
    assert cli.main([], system) == 0
    before = _visible(path)
    capsys.readouterr()
    assert cli.main(["--uninstall", "--dry-run"], system) == 0
    out = capsys.readouterr().out
    assert "Webcam (Cameras): shown as it is" in out and "Stage (Cameras): shown" in out
    assert "Second" not in out, "its lock keeps it invisible"
    assert cli.main(["--uninstall"], system) == 0
    assert "OBS shows these as they are from now on: Stage, Webcam." in capsys.readouterr().out
    assert _visible(path) == before


def test_uninstalling_hides_the_cameras_on_request(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _with_cameras(system)
    assert cli.main([], system) == 0
    capsys.readouterr()
    before = snapshot(scenes_of(system))
    hide = ["--uninstall", "--hide-cameras"]
    assert cli.main([*hide, "--dry-run"], system) == 0
    assert "Webcam (Cameras): hidden in all scenes" in capsys.readouterr().out
    assert snapshot(scenes_of(system)) == before
    assert cli.main(hide, system) == 0
    assert "These are hidden in all scenes now: Stage, Webcam." in capsys.readouterr().out
    assert _visible(path) == {"Scene": [False, True, True], "Stage": [False], "Group": [False]}
    (backup,) = sorted((system.data / "backups").glob("*/Cameras.json"))[-1:]
    assert backup.read_bytes() == before["Cameras.json"]


def test_whoever_is_asked_may_have_the_cameras_hidden(
    system: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _with_cameras(system)
    assert cli.main(["--yes"], system) == 0
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    assert cli.main(["--uninstall"], system) == 0
    assert len(asked) == 2 and "Hide these cameras" in asked[1]
    assert _visible(path)["Scene"] == [False, True, True]


def test_hiding_goes_with_uninstalling_only(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--hide-cameras"], system) == 1
    assert "--hide-cameras goes with --uninstall" in capsys.readouterr().err
