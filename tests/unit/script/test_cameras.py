"""The sources that show video, and the filter put on one of them and taken off."""

from __future__ import annotations

import pytest

from tests.unit import fake_library
from tests.unit.fake_obspython import Source, World
from tests.unit.script.filters import camera_filter
from tests.unit.script.requests import refused, run
from vb_link import texts
from vb_link.settings import FILTER_ID, LOCK
from vb_script import cameras, libobs, lock

ENGLISH = texts.load("en-US")
pytestmark = pytest.mark.usefixtures("data")


def test_cameras_come_first_and_sources_without_video_not_at_all(world: World) -> None:
    world.inputs = [
        Source("Logo", "image_source"), Source("Chat", "browser_source"),
        Source("Clip", "ffmpeg_source"), Source("Phone", "ndi_source"),
        Source("Webcam B", "v4l2_input"), Source("Microphone", "pulse_input_capture", flags=2),
        Source("Webcam A", "v4l2_input", filters=[camera_filter()]),
        Source("Windows", "dshow_input"), Source("Mac", "macos-avcapture"),
    ]  # fmt: skip
    assert list(cameras.names().items()) == [
        ("Windows", False), ("Mac", False), ("Webcam A", True), ("Webcam B", False),
        ("Phone", False), ("Clip", False), ("Chat", False), ("Logo", False),
    ]  # fmt: skip


def test_a_camera_gets_one_filter_and_its_window_opens(world: World) -> None:
    world.inputs.append(Source("New", filters=[Source(ENGLISH["FilterName"], "crop_filter")]))
    assert "New" in run("add", "New")
    run("add", "New")
    new = world.inputs[-1]
    assert [(filter_.name, filter_.kind) for filter_ in new.filters[1:]] == [
        (f"{ENGLISH['FilterName']} 2", FILTER_ID)
    ]
    assert world.opened == ["New", "New"]  # type: ignore[attr-defined]
    new.filters[1].enabled = False
    run("add", "New")
    assert new.filters[1].enabled, "one that was switched off counts as none"
    assert refused("add", "Gone") == "Request.NoSource"


def test_taken_off_the_camera_is_seen_and_no_lock_hides_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libobs, "libobs", fake_library.Library)
    second = world.inputs[1]
    second.filters.insert(1, Source(LOCK, lock.KIND))
    assert "shown as it is" in run("take_off", "Second")
    assert [filter_.kind for filter_ in second.filters] == ["crop_filter"]
    assert "has no filter" in run("take_off", "Second")
