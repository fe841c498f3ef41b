"""The script creates or finds what filters wish for: pictures, videos, sources."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.obs.stage import CAMERA, FILTER, SCENE, Stage, person, wait_for
from vb_demo.obs_session import SCRIPT
from vb_link import layout, texts

SCRIPTS = Path(__file__).resolve().parent / "scripts"
ENGLISH = texts.load("en-US")
StartObs = Callable[..., Any]


def _wish(stage: Stage, kind: str, name: object, index: int = layout.ASSETS - 1) -> Any:
    """Wish for something as a filter does, in an asset slot that no filter takes."""
    asset = stage.obs.segment().assets[index]
    asset.wish_kind, asset.wish_name = kind.encode(), str(name).encode()
    asset.used = 4000
    asset.wish_sequence += 1
    stage.obs.wake_script()
    return asset


def _answered(asset: Any, seconds: float = 8.0) -> tuple[bool, str]:
    """Wait for the answer; return whether something is offered, and the error."""
    wait_for(
        lambda: asset.offer_sequence == asset.wish_sequence and asset.offer_used == asset.used,
        seconds,
        "an answer",
    )
    return bool(asset.offer), asset.offer_error.decode()


def _taken_back(asset: Any) -> bool:
    return not asset.offer


def _has_gone_on(count: Path, before: str) -> bool:
    return count.exists() and count.read_text() not in ("", before)


@pytest.fixture
def no_wishes(stage: Stage) -> Any:
    """Afterwards the script has released everything that no filter took."""
    yield
    for asset in stage.obs.segment().assets:
        if asset.used == 4000:
            asset.used = 0
            stage.obs.wake_script()
            wait_for(partial(_taken_back, asset), 5, "the offer taken back")


# Wishes


@pytest.mark.usefixtures("no_wishes")
def test_a_picture_a_video_and_a_source_are_offered(stage: Stage, tmp_path: Path) -> None:
    stage.picture(CAMERA, person()[0])
    picture = stage.save("wished", np.full((32, 48, 3), 90, np.uint8))
    video = tmp_path / "wished.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for shade in range(0, 250, 25):
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    for kind, name in (("image", picture), ("video", video), ("source", CAMERA), ("source", SCENE)):
        assert _answered(_wish(stage, kind, name)) == (True, "")
    assert _answered(_wish(stage, "", "")) == (False, "")
    assert stage.obs.running


@pytest.mark.usefixtures("no_wishes")
def test_what_cannot_be_shown_is_refused_in_words(stage: Stage, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    for kind, name, key in (
        ("image", tmp_path / "missing.png", "Asset.NoFile"),
        ("image", tmp_path, "Asset.NoFile"),
        ("image", broken, "Asset.Bad.image"),
        ("video", broken, "Asset.Bad.video"),
        ("source", "Nobody", "Asset.NoSource"),
    ):
        asset = _wish(stage, kind, name)
        assert _answered(asset) == (False, ENGLISH[key].format(name=name))


@pytest.mark.usefixtures("no_wishes")
def test_what_is_missing_is_offered_once_it_appears(stage: Stage, tmp_path: Path) -> None:
    late = tmp_path / "late.png"
    file, source = _wish(stage, "image", late), _wish(stage, "source", "Late", index=60)
    assert not _answered(file)[0] and not _answered(source)[0]
    cv2.imwrite(str(late), np.zeros((16, 16, 3), np.uint8))
    stage.picture("Late", person()[0])
    wait_for(lambda: file.offer and source.offer, 6, "the late ones")
    assert _answered(file) == (True, "") and _answered(source) == (True, "")


def test_what_nobody_took_is_no_leak_at_exit(start_obs: StartObs) -> None:
    with start_obs() as stage:
        picture = stage.save("wished", np.full((32, 48, 3), 90, np.uint8))
        assert _answered(_wish(stage, "image", picture))[0]
        assert _answered(_wish(stage, "source", SCENE, index=62))[0]
    # Leaving checks OBS's count of leaks.


def test_a_script_that_hammers_obspython_beside_all_of_this(
    start_obs: StartObs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAMMER_FOLDER", str(tmp_path))
    count = tmp_path / "hammer.count"
    # Small and without a preview: an OBS that draws all the time starves its scripts.
    small = {"width": 320, "height": 180, "preview": False}
    with start_obs(scripts=((SCRIPT, {}), (SCRIPTS / "hammer.py", {})), **small) as stage:
        stage.expected.append(ENGLISH["Request.Copied"].format(count=1))
        for name in (CAMERA, "Second"):
            stage.picture(name, person(size=(320, 180))[0])
            stage.add_filter(name)
        pictures = [stage.save("wished", np.full((8, 8, 3), shade, np.uint8)) for shade in (9, 99)]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            done = count.read_text() if count.exists() else ""
            for name in pictures:
                _wish(stage, "source", CAMERA, index=60)
                assert _answered(_wish(stage, "image", name)) == (True, "")
            stage.obs.ask("copy", CAMERA, FILTER)
            for action in ("next", "toggle", "toggle", "previous"):
                hotkey = f"virtual_background.{action}"
                stage.obs.request("TriggerHotkeyByName", {"hotkeyName": hotkey})
            stage.obs.request("CreateScene", {"sceneName": "Passing"})
            stage.obs.request("RemoveScene", {"sceneName": "Passing"})
            stage.wait_frames(5)
            wait_for(partial(_has_gone_on, count, done), 10, "the other script still runs")
        assert b"Second" in stage.obs.segment().source_names
    assert int(count.read_text()) > 300
