"""Frame-locked timing: every picture is drawn with its own alpha, at a constant delay."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.obs import painted
from tests.obs.conftest import worker_pids
from tests.obs.secret_room import ENDED
from tests.obs.stage import BACKDROP, CAMERA, FILTER, SCENE, SIZE, Image, Stage, frames_of, wait_for
from vb_demo.obs_session import SCRIPT
from vb_link import layout

MODEL = "red_is_person"
# How many frames are checked: FRAMES=1000 for the long run.
FRAMES = int(os.environ.get("FRAMES", "150"))
FPS = 30
COVER, COVER_BGR = 0xFFC86432, (200, 100, 50)


@pytest.fixture(scope="module", autouse=True)
def red_model(data_folder: Path) -> str:
    """Install a model for which red is the person, before any worker looks for models."""
    return painted.install_model(data_folder / "models", MODEL)


def _is_cover(shown: Image) -> bool:
    return bool(np.abs(shown[::40, ::40].astype(int) - COVER_BGR).max() < 24)


def _locked(stage: Stage, video: Path, model: str) -> None:
    stage.obs.add_input(SCENE, CAMERA, "ffmpeg_source", {"local_file": str(video), "looping": True})
    stage.add_filter(
        timing="locked", model=model, quality="fast", background="color", background_color=BACKDROP,
        cover="color", cover_color=COVER, threshold=0.5, softness=0.0,
        zone1="keep", zone1_left=0.0, zone1_top=0.5, zone1_right=1.0, zone1_bottom=1.0,
    )  # fmt: skip
    stage.wait_for_mask()


def test_the_oracle_reads_what_is_painted() -> None:
    for number in (0, 1, 77, 170, 255):
        assert painted.numbers(painted.numbered(number)) == (number, number)
    torn = painted.numbered(85)
    torn[: SIZE[1] // 2] = painted.numbered(84)[: SIZE[1] // 2]
    assert painted.numbers(torn) == (84, 85)


@pytest.mark.versions
def test_every_frame_is_drawn_with_its_own_alpha(
    stage: Stage, tmp_path: Path, red_model: str
) -> None:
    _locked(stage, painted.clip(tmp_path / "numbered.mp4", FPS), red_model)
    time.sleep(1.0)
    delays = set()
    with stage.obs.recording() as files:
        deadline = time.monotonic() + FRAMES / FPS + 1.0
        while time.monotonic() < deadline:
            delays.add(stage.channels()[0].delay_frames)
            time.sleep(0.05)
    frames = frames_of(files[0])
    shown = [painted.numbers(frame) for frame in frames if not _is_cover(frame)]
    wrong = [(index, *both) for index, both in enumerate(shown) if both[0] != both[1]]
    steps = np.diff([picture for _, picture in shown]) % (1 << painted.BITS)
    print(
        f"{len(frames)} frames, {len(frames) - len(shown)} covered, {len(wrong)} mismatches, "
        f"{int((steps > 0).sum())} steps, at most {steps.max()}, delays {sorted(delays)}, "
        f"{stage.channels()[0].repeated_frames} repeated"
    )
    assert wrong == []
    # Starting to record stalls a busy OBS for a moment: only the cover is shown then.
    assert len(frames) >= FRAMES
    assert len(shown) > 0.8 * len(frames)
    # The pictures advance, however few a busy OBS draws, and never go back.
    assert (steps > 0).sum() >= 10
    assert (steps <= 16).mean() > 0.98
    assert delays and max(delays) <= 8


def test_a_picture_that_stands_still_keeps_its_alpha_and_the_timing_can_change(
    stage: Stage, red_model: str
) -> None:
    picture = painted.numbered(170)
    stage.picture(CAMERA, picture)
    stage.add_filter(
        model=red_model, background="transparent", timing="locked", quality="fast", softness=0.0
    )
    stage.wait_for_mask()

    def fits() -> bool:
        full = stage.shot(CAMERA)[..., 3] == 255
        cells = [full[painted.cell(bit, 0)][20:340, 20:140] for bit in range(painted.BITS)]
        return all(
            cell.mean() > 0.99 if 170 >> bit & 1 else cell.mean() < 0.01
            for bit, cell in enumerate(cells)
        )

    channel = stage.channels()[0]
    wait_for(fits, 5, "the bits cut out")
    before = channel.alpha_count
    stage.wait_frames(20)
    assert channel.alpha_count == before, "the worker looked at a picture that stood still"
    assert channel.state == layout.STATE_MASK and fits()
    assert 1 <= channel.delay_frames <= 8
    wait_for(lambda: b"ms later" in channel.status, 3, "the delay in the status line")
    # An alpha that the worker recomputes for the same picture is taken.
    stage.set_filter(person="largest")
    wait_for(lambda: channel.alpha_count > before, 5, "an alpha made anew")
    wait_for(lambda: not fits(), 5, "one of the bits alone")
    stage.set_filter(person="all")
    wait_for(fits, 5, "all bits again")
    for timing, late in (("latest", False), ("locked", True)):
        stage.set_filter(timing=timing)
        stage.wait_frames(4)
        stage.wait_for_mask()
        wait_for(fits, 5, timing)
        assert bool(channel.delay_frames) is late


def test_locked_pictures_are_covered_once_the_worker_is_gone(stage: Stage, red_model: str) -> None:
    stage.picture(CAMERA, painted.numbered(85))
    stage.add_filter(model=red_model, timing="locked", cover="color", cover_color=COVER)
    stage.wait_for_mask()
    (pid,) = worker_pids(stage.obs.pid)
    os.kill(pid, signal.SIGSTOP)
    # While the worker hangs, an unchanged picture need not be covered; a new one must be.
    path = stage.save("other", painted.numbered(90))
    stage.obs.request(
        "SetInputSettings", {"inputName": CAMERA, "inputSettings": {"file": str(path)}}
    )
    wait_for(lambda: _is_cover(stage.shot(CAMERA)[..., :3]), 5, "the cover")
    stage.expected.append(ENDED)
    os.kill(pid, signal.SIGKILL)
    stage.wait_frames(2)
    stage.wait_for_mask()
    assert not _is_cover(stage.shot(CAMERA)[..., :3])


def test_a_button_delays_the_sound_as_the_picture_is_and_another_undoes_it(
    start_obs: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, red_model: str
) -> None:
    monkeypatch.setenv("PANEL_FOLDER", str(tmp_path))
    panel = Path(__file__).resolve().parent / "scripts" / "filter_panel.py"
    with start_obs(scripts=((SCRIPT, {}), (panel, {}))) as stage:
        stage.obs.add_input(SCENE, "Microphone", "ffmpeg_source", {"local_file": ""})
        stage.picture(CAMERA, painted.numbered(170))
        stage.add_filter(model=red_model, timing="locked", sync_source="Microphone")
        stage.wait_for_mask()
        stage.obs.request(
            "SetInputAudioSyncOffset", {"inputName": "Microphone", "inputAudioSyncOffset": 40}
        )
        stage.expected.append("The Sync Offset of Microphone")

        def offset() -> int:
            found = stage.obs.request("GetInputAudioSyncOffset", {"inputName": "Microphone"})
            return int(found["inputAudioSyncOffset"])

        def press(button: str) -> Any:
            asked = {"source": CAMERA, "filter": FILTER, "button": button, "list": "sync_source"}
            (tmp_path / "press.new").write_text(json.dumps(asked))
            (tmp_path / "press.new").rename(tmp_path / "press")
            number = time.monotonic_ns()
            stage.obs.request("CreateScene", {"sceneName": f"Event {number}"})
            wait_for((tmp_path / "shown").exists, 5, "the panel")
            shown = json.loads((tmp_path / "shown").read_text())
            (tmp_path / "shown").unlink()
            return shown

        wait_for(lambda: "Microphone" in press("none"), 6, "the list of sounds")
        press("set_sync 0")  # the number is the channel
        delay = stage.channels()[0].delay_ms
        wait_for(lambda: offset() == 40 + round(delay), 5, "the Sync Offset")
        press("undo_sync")
        wait_for(lambda: offset() == 40, 5, "the former Sync Offset")
