"""The demo's own decisions: what is shown, what is said, what it measures."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit import traps
from vb_demo import __main__ as command
from vb_demo import demo, obs_session
from vb_demo.demo import DemoError
from vb_link import folders


def test_a_file_becomes_a_looping_media_source(tmp_path: Path) -> None:
    clip = tmp_path / "my clip.mp4"
    clip.touch()
    shown = demo.input_for(str(clip))
    assert shown.kind == "ffmpeg_source"
    assert shown.media
    assert shown.settings["local_file"] == str(clip)
    assert shown.settings["is_local_file"]
    assert shown.settings["looping"]


def test_a_picture_becomes_an_image_source(tmp_path: Path) -> None:
    image = tmp_path / "me.JPG"
    image.touch()
    shown = demo.input_for(str(image))
    assert (shown.kind, shown.media) == ("image_source", False)
    assert shown.settings == {"file": str(image)}


@pytest.mark.parametrize(
    ("system", "device", "kind", "key"),
    [
        pytest.param(
            "linux",
            "/dev/null",
            "v4l2_input",
            "device_id",
            marks=pytest.mark.posix("a device is no file"),
        ),
        ("win32", "USB Camera", "dshow_input", "video_device_id"),
        ("darwin", "0x14100000", "av_capture_input", "device"),
    ],
)
def test_a_device_becomes_the_systems_camera(system: str, device: str, kind: str, key: str) -> None:
    shown = demo.input_for(device, system)
    assert (shown.kind, shown.media) == (kind, False)
    assert shown.settings[key] == device


@pytest.mark.parametrize(
    ("source", "words"),
    [("missing.mp4", "missing.mp4 is neither"), ("/dev/video99", "no camera /dev/video99")],
)
def test_what_is_not_there_is_refused(source: str, words: str) -> None:
    with pytest.raises(DemoError, match=words):
        demo.input_for(source, "linux")
    with pytest.raises(DemoError, match=r"missing\.mp4"):
        demo.input_for("missing.mp4", "win32")


def test_backgrounds() -> None:
    assert demo.background_settings("transparent") == {"background": "transparent"}
    assert demo.background_settings("#0A0b0C") == {
        "background": "color",
        "background_color": 0xFF0C0B0A,
    }
    assert demo.background_settings("blur:12.5") == {"background": "blur", "blur_strength": 12.5}
    for bad in ("", "blur", "blur:1", "blur:101", "#12345", "#1234567", "red", "beach.jpg"):
        with pytest.raises(DemoError, match="is not a background"):
            demo.background_settings(bad)


def test_median_of_a_histogram() -> None:
    assert demo.median_of([0, 5, 1]) == 1
    assert demo.median_of([1, 1, 3]) == 2
    assert demo.median_of([0, 0, 0]) is None


def test_the_frame_rate_counts_only_what_was_drawn() -> None:
    before = {"renderTotalFrames": 100, "renderSkippedFrames": 4, "outputSkippedFrames": 1}
    after = {"renderTotalFrames": 400, "renderSkippedFrames": 34, "outputSkippedFrames": 3}
    assert demo._rates(before, after, 10.0) == {
        "fps": 27.0,
        "frames": 300,
        "skipped_rendering": 30,
        "skipped_encoding": 2,
    }


@pytest.mark.posix("the demo is Linux's")
def test_a_missing_environment_or_file_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path / "nothing"))
    output = str(tmp_path / "out")
    assert command.main(["--output", output]) == 1
    said = capsys.readouterr()
    assert said.err == "The worker's environment is missing: run `python3 install.py` first.\n"
    assert command.main(["--output", output, "--source", "missing.mp4"]) == 1
    assert "missing.mp4 is neither a file nor a camera" in capsys.readouterr().err
    assert command.main(["--output", output, "--background", "red"]) == 1
    assert "red is not a background" in capsys.readouterr().err
    blocked = tmp_path / "file"
    blocked.touch()
    assert command.main(["--output", str(blocked / "sub")]) == 1
    assert str(blocked) in capsys.readouterr().err


def test_what_it_draws_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "venv_python", lambda: Path(sys.executable))
    traps.lay(tmp_path / "trap", monkeypatch)
    demo._in_worker("vb_demo.backdrop", "backdrop.png", "--size", "64x36", what="The backdrop")
    assert (tmp_path / "trap" / "backdrop.png").is_file()


def test_obs_runs_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[dict[str, Any]] = []

    def start(_command: list[str], **options: Any) -> None:
        started.append(options)
        raise OSError

    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/obs")
    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv(folders.DATA_VARIABLE, "data")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError):
        obs_session.ObsSession(Path("obs")).start()
    (options,) = started
    assert options["cwd"] == tmp_path / "obs"
    assert options["env"]["XDG_CONFIG_HOME"] == str(tmp_path / "obs" / "config")
    assert options["env"][folders.DATA_VARIABLE] == str(tmp_path / "data")


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_elsewhere_the_users_own_obs_is_left_alone(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = demo.Demo(tmp_path / "out")
    monkeypatch.setattr("sys.platform", system)
    with pytest.raises(DemoError, match="on Linux only"):
        run.run()
    assert not (tmp_path / "out").exists()
