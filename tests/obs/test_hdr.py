"""An HDR camera on an HDR canvas: what the filter passes on is untouched."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.obs.conftest import BASELINE_LEAKS
from tests.obs.stage import CAMERA, SCENE, Stage, wait_for
from tests.obs.twin import Seen, Twins, canvas, card
from tests.twins.states import SIZE as CARD_SIZE
from vb_link.settings import SCENE_FILTER_ID

SQUARE = 16  # pixels
SIZE = (640, 360)
# A colour space in the profile, and in OBS's log.
NAMES = {"709": "Rec. 709", "2100PQ": "Rec. 2100 (PQ)", "2100HLG": "Rec. 2100 (HLG)"}
HDR = ("2100PQ", "2100HLG")
Luma = npt.NDArray[np.uint16]

# OBS's canvas in HDR, recorded without loss: FFV1 keeps all ten bits.
PROFILE = {
    "Video": {"ColorFormat": "P010", "ColorSpace": "2100PQ"},
    "AdvOut": {
        "RecType": "FFmpeg", "FFOutputToFile": "true", "FFFormat": "matroska",
        "FFExtension": "mkv", "FFIgnoreCompat": "true", "FFVEncoder": "ffv1",
        "FFVEncoderId": "33", "FFAEncoder": "pcm_s16le", "FFAEncoderId": "65536",
    },
}  # fmt: skip


def _hdr_clip(path: Path) -> Path:
    """Write a PQ clip whose luminance rises from left to right to 1,000 nits."""
    width, height = SIZE
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=30)
        stream.pix_fmt, stream.width, stream.height = "yuv420p10le", width, height
        stream.codec_context.color_primaries, stream.codec_context.color_trc = 9, 16
        stream.codec_context.colorspace, stream.codec_context.color_range = 9, 1
        ramp = np.linspace(64, 720, width).astype(np.uint16)
        for _ in range(30):
            frame = av.VideoFrame(width, height, "yuv420p10le")
            for plane, values in zip(frame.planes, (ramp, None, None)):
                lines = np.full((plane.height, plane.line_size // 2), 512, np.uint16)
                if values is not None:
                    lines[:, :width] = values
                plane.update(lines.tobytes())
            frame.color_primaries, frame.color_trc, frame.colorspace = 9, 16, 9
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _profile(folder: Path) -> dict[str, dict[str, str]]:
    return {**PROFILE, "AdvOut": {**PROFILE["AdvOut"], "FFFilePath": str(folder)}}


class Tape:
    """One recording of everything checked: OBS's FFmpeg output may refuse a second one.

    A grey square in the top left corner, lighter for each thing noted, tells where it is on the
    tape: its times say nothing where OBS was too busy to record all frames.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage, self._names = stage, list[str]()
        square = {"width": SQUARE, "height": SQUARE, "color": 0xFF000000}
        stage.obs.add_input(SCENE, "Square", "color_source_v3", square, fit=False)

    def note(self, name: str) -> None:
        """Keep what is shown now on the tape for long enough."""
        self._stage.wait_frames(4)
        self._names.append(name)
        color = 0xFF000000 + 0x303030 * len(self._names)
        self._stage.obs.request(
            "SetInputSettings", {"inputName": "Square", "inputSettings": {"color": color}}
        )
        self._stage.wait_frames(20)

    def run(self, play: Callable[[], None]) -> dict[str, Luma]:
        """Record while ``play`` is called; return the luma of what was noted.

        Ten bits; the columns right of the square.
        """
        obs = self._stage.obs
        obs.request("StartRecord")
        wait_for(lambda: obs.request("GetRecordStatus")["outputDuration"], 20, "the recording")
        play()
        self._stage.wait_frames(60)  # what waits to be encoded when a recording ends is lost
        file = Path(obs.request("StopRecord")["outputPath"])
        # OBS 29 may crash when asked for the state of this output while it is ending.
        wait_for(lambda: time.time() - file.stat().st_mtime > 2.0, 30, "the end of the file")
        found: dict[int, list[Luma]] = {}
        with av.open(str(file)) as container:
            for frame in container.decode(video=0):
                plane: Any = frame.to_ndarray(format="yuv420p10le")
                luma = np.asarray(plane[: SIZE[1], : SIZE[0]], np.uint16)
                level = int(luma[SQUARE // 2, SQUARE // 2])
                found.setdefault(level, []).append(luma[:, SQUARE + 2 :])
        # Black before anything was noted, and a little darker while a filter's cover is drawn. The
        # last frames of a square may show what comes next, so an early one is taken.
        levels = sorted(level for level, frames in found.items() if len(frames) >= 3)
        gaps = np.diff([*levels, 2000])
        levels = [level for level, gap in zip(levels, gaps) if gap > 25][1:]
        assert len(levels) == len(self._names), {at: len(frames) for at, frames in found.items()}
        return {name: found[level][2] for name, level in zip(self._names, levels)}


@pytest.mark.versions
def test_an_hdr_camera_is_untouched_with_the_filter_off_and_within_a_scene_of_ours(
    start_obs: Callable[..., Any], tmp_path: Path
) -> None:
    clip = _hdr_clip(tmp_path / "hdr.mkv")
    with start_obs(
        width=SIZE[0], height=SIZE[1], profile=_profile(tmp_path),
        # Seen on a busy computer: OBS leaves one block more, presumably a packet that comes while
        # its FFmpeg output ends.
        baseline_leaks=BASELINE_LEAKS + 1,
    ) as stage:  # fmt: skip
        stage.obs.add_input(
            SCENE, CAMERA, "ffmpeg_source", {"local_file": str(clip), "looping": True}
        )
        stage.wait_frames(20)
        tape = Tape(stage)

        def play() -> None:
            tape.note("plain")
            stage.add_filter(active=False)
            tape.note("off")
            stage.obs.add_filter(SCENE, "Scene's own", SCENE_FILTER_ID, {})
            tape.note("in a scene")
            stage.set_filter(active=True, background="room")
            stage.wait_for_mask()
            tape.note("on")

        seen = tape.run(play)
    plain = seen["plain"]
    assert plain.max() > 680  # 1,000 nits are 720; SDR's white is 300 nits
    for name in ("off", "in a scene"):
        most = int(np.abs(seen[name].astype(int) - plain).max())
        assert most == 0, f"{name}: {most} of 1023 levels off"
    assert 500 < seen["on"].max() < plain.max()


def _set_canvas(stage: Stage, colour_format: str, space: str) -> None:
    """Change the canvas as the settings window does, and wait until OBS says so."""
    begins, name = "video settings reset:", NAMES[space]
    before = stage.obs.log().count(begins)
    for parameter, value in (("ColorFormat", colour_format), ("ColorSpace", space)):
        stage.obs.request(
            "SetProfileParameter",
            {"parameterCategory": "Video", "parameterName": parameter, "parameterValue": value},
        )
    width, height = stage.obs.size
    stage.obs.request("SetVideoSettings", {"baseWidth": width, "baseHeight": height})

    def is_set() -> bool:
        log = stage.obs.log()
        return log.count(begins) > before and name in log.rsplit(begins, 1)[1]

    wait_for(is_set, 60, f"a canvas in {name}")


def _rows(seen: Seen, top: int, height: int) -> Seen:
    return Seen(seen.ours[top : top + height], seen.twin[top : top + height])


@pytest.mark.versions
@pytest.mark.timeout(900)
def test_the_canvas_becomes_hdr_and_sdr_again_while_the_filter_runs(
    start_obs: Callable[..., Any], tmp_path: Path
) -> None:
    """Two pairs of twins: a picture, and below it an HDR video."""
    clip = {"local_file": str(_hdr_clip(tmp_path / "hdr.mkv")), "looping": True}
    top = CARD_SIZE[1] + 60
    with start_obs(width=2 * SIZE[0], height=top + SIZE[1]) as stage:
        twins = Twins.of_picture(stage, card(CARD_SIZE), background="room")
        videos = Twins(stage, "ffmpeg_source", clip, number=" video", background="room")
        videos.transform(positionY=top)
        for colour_format, space in (
            ("NV12", "709"), ("P010", "2100PQ"), ("NV12", "709"), ("I010", "2100HLG"),
            ("P010", "709"), ("NV12", "709"),
        ):  # fmt: skip
            _set_canvas(stage, colour_format, space)
            # OBS 30 by itself draws a camera with and without its own filter differently in HDR: a
            # picture by 2 levels, a video by 7.
            most, no_filter = 1, None
            if space in HDR:
                most = min(2, max(1, _rows(twins.of_obs_itself(), 0, top).greatest))
                no_filter = _rows(videos.of_obs_itself(), top, SIZE[1]).ours
            for active in (True, False, True):
                twins.set(active=active)
                videos.set(active=active)
                stage.wait_frames(8)
                if active:
                    stage.wait_for_mask(2, seconds=60)
                seen = twins.seen(None if active else canvas(stage))
                what = f"{space}, {active=}"
                picture = _rows(seen, 0, top)
                assert picture.greatest <= most, f"{what}: {picture}"
                video = _rows(seen, top, SIZE[1])
                if no_filter is not None:
                    if active:  # an HDR video is tone-mapped to SDR
                        continue
                    video = Seen(video.ours, no_filter)
                assert video.greatest <= 1, f"{what}, HDR video: {video}"
