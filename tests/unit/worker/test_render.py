"""``virtual-background render``: pictures, sound and times of the video it writes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import write_clip
from tests.unit.worker_pictures import ROOM, iou, person
from vb_worker.cli import main
from vb_worker.offline.video import Source, upright

WIDTH, HEIGHT, FRAMES = 256, 144, 12
GREEN = (0, 200, 0)
# Frames that are not evenly spaced: 20 a second with a pause.
TIMES = [number * 50 + (300 if number > 6 else 0) for number in range(FRAMES)]


def _make(path: Path, *, sound: str = "aac", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """Write a clip of the person with a tone; times in ms as TIMES."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=20, options={"crf": "10"})
        video.width, video.height = size
        video.pix_fmt = "yuv420p" if size[0] % 2 == 0 else "yuv444p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio: Any = container.add_stream(sound, rate=48000) if sound else None
        if audio is not None:
            audio.codec_context.layout = "mono"
        for number, time in enumerate(TIMES):
            picture = person(*size, shift=0.004 * number)[0]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            form = audio.codec_context.format.name
            tone = np.sin(np.arange(48000) * 0.05) * 0.3
            samples = (tone * 32767).astype(np.int16) if form.startswith("s16") else tone
            kind = np.int16 if form.startswith("s16") else np.float32
            for start in range(0, 48000, 960):
                piece = samples[start : start + 960].astype(kind)[None]
                block = av.AudioFrame.from_ndarray(piece, format=form, layout="mono")
                block.sample_rate, block.pts = 48000, start
                block.time_base = Fraction(1, 48000)
                container.mux(audio.encode(block))
            container.mux(audio.encode(None))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make(tmp_path_factory.mktemp("clip") / "clip.mp4")


def _frames(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    source = Source(path)
    frames = [
        (float(piece.time or 0.0), upright(piece))
        for piece in source
        if isinstance(piece, av.VideoFrame)
    ]
    source.close()
    return frames


def _sound(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(audio=0) if p.dts is not None]


def _codecs(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [stream.codec_context.codec.canonical_name for stream in container.streams]


def _is(color: tuple[int, int, int], pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(pixels.astype(int) - color).max(-1) < 40)


def test_a_colour_replaces_the_room_and_times_and_sound_stay(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    assert main(["render", str(clip), "-o", str(out), "--background", "#00c800"]) == 0
    assert "12/12" in capsys.readouterr().err, "no progress was shown"
    assert _codecs(out) == ["h264", "aac"]
    frames = _frames(out)
    assert [time for time, _ in frames] == pytest.approx([ms / 1000 for ms in TIMES], abs=1e-3)
    assert _sound(out) == _sound(clip), "the sound was not copied as it is"
    for number, (_, pixels) in enumerate(frames):
        picture, truth = person(WIDTH, HEIGHT, shift=0.004 * number)
        replaced = _is(GREEN, pixels)
        assert iou(1.0 - replaced.astype(np.float32), truth) > 0.88, f"frame {number}"
        inside = cv2.erode(truth, np.ones((15, 15))) > 0.999
        difference = np.abs(pixels[inside].astype(int) - picture[inside])
        assert difference.mean() < 6, "the person changed colour"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("color", ["#c83c28", "#00c800", "#1e28c8", "#808080", "#0a0a0a"])
def test_colours_come_out_as_they_went_in(clip: Path, tmp_path: Path, color: str) -> None:
    out = tmp_path / "out.mp4"
    assert main(["render", str(clip), "-o", str(out), "--background", color]) == 0
    got = np.median(_frames(out)[5][1][:30, :30].reshape(-1, 3), 0)
    assert np.abs(got - list(bytes.fromhex(color[1:]))).max() <= 4


def test_a_transparent_video_is_webm_that_says_it_has_alpha(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["render", str(clip), "-o", str(tmp_path / "o.mp4"), "--background", "transparent"])
        == 0
    )
    out = tmp_path / "o.webm"
    assert [path.name for path in tmp_path.iterdir()] == ["o.webm"]
    told = [line for line in capsys.readouterr().err.splitlines() if "WebM" in line]
    assert len(told) == 1
    assert str(out) in told[0]
    assert _codecs(out) == ["vp9", "opus"]
    decoder: Any = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(out)) as container:
        tags = {key.lower(): value for key, value in container.streams.video[0].metadata.items()}
        assert tags["alpha_mode"] == "1"
        frames = [f for p in container.demux(video=0) for f in decoder.decode(p)]
    assert len(frames) == FRAMES
    for number, frame in enumerate(frames):
        assert frame.format.name == "yuva420p"
        alpha = frame.reformat(format="rgba").to_ndarray()[..., 3]
        truth = person(WIDTH, HEIGHT, shift=0.004 * number)[1]
        assert iou((alpha / 255).astype(np.float32), truth) > 0.88
        assert alpha.min() == 0
        assert alpha.max() == 255


def test_a_picture_and_a_looped_video_are_shown_behind(clip: Path, tmp_path: Path) -> None:
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[..., 1] = 200
    cv2.imwrite(str(tmp_path / "green.png"), picture)
    out = tmp_path / "picture.mp4"
    assert main(["render", str(clip), "-o", str(out), "--background", f"{tmp_path}/green.png"]) == 0
    assert _is(GREEN, _frames(out)[3][1][:40, :40]).all()

    # 0.1 s red, 0.1 s blue, over and over
    flats = [np.full((64, 64, 3), color, np.uint8) for color in ((0, 0, 200), (200, 0, 0))]
    loop = write_clip(tmp_path / "loop.mp4", flats, 10)
    out = tmp_path / "video.mp4"
    assert main(["render", str(clip), "-o", str(out), "--background", str(loop)]) == 0
    for ms, (_, pixels) in zip(TIMES, _frames(out)):
        red, _, blue = pixels[:40, :40].reshape(-1, 3).mean(0)
        assert (red > blue) == (ms // 100 % 2 == 0), f"at {ms} ms"


def test_a_blurred_room_holds_no_person(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "blur.mp4"
    assert main(["render", str(clip), "-o", str(out), "--background", "blur:20"]) == 0
    for number, (_, pixels) in enumerate(_frames(out)):
        truth = person(WIDTH, HEIGHT, shift=0.004 * number)[1]
        near = (cv2.dilate(truth, np.ones((25, 25))) > 0) & (
            cv2.dilate(truth, np.ones((9, 9))) <= 0
        )
        near[:, 220:] = False
        room = np.median(np.abs(pixels[near].astype(int) - ROOM).max(-1))
        assert room < 40


@pytest.mark.parametrize(("suffix", "sound"), [(".mkv", "pcm_s16le"), (".mkv", "")])
def test_sound_that_does_not_fit_is_encoded_and_none_stays_none(
    tmp_path: Path, suffix: str, sound: str
) -> None:
    source = _make(tmp_path / f"in{suffix}", sound=sound)
    out = tmp_path / "out.mp4"
    assert main(["render", str(source), "-o", str(out), "--background", "#00c800"]) == 0
    assert _codecs(out) == (["h264", "aac"] if sound else ["h264"])
    if sound:
        with av.open(str(out)) as container:
            audio: Any = container.streams.audio[0]
            assert float(audio.duration * audio.time_base) == pytest.approx(1.0, abs=0.06)


def test_an_odd_size_loses_its_last_row_and_column(tmp_path: Path) -> None:
    source = _make(tmp_path / "odd.mkv", sound="", size=(171, 97))
    out = tmp_path / "out.mp4"
    assert main(["render", str(source), "-o", str(out), "--background", "#00c800"]) == 0
    assert _frames(out)[0][1].shape == (96, 170, 3)


def test_a_video_that_lies_on_its_side_is_set_upright(clip: Path, tmp_path: Path) -> None:
    lying = tmp_path / "lying.mp4"
    with av.open(str(clip)) as before, av.open(str(lying), "w") as after:
        stream: Any = after.add_stream_from_template(before.streams.video[0])
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV cannot write a rotated video")
        stream.set_display_rotation(90)
        for packet in before.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)
    turned = _frames(lying)[0][1]
    assert turned.shape == (WIDTH, HEIGHT, 3)
    difference = turned.astype(int) - np.rot90(_frames(clip)[0][1])
    assert np.abs(difference).max() <= 1


def test_bad_files_end_in_a_sentence_and_leave_nothing(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"junk" * 100)
    out = tmp_path / "out"
    plate = tmp_path / "plate.mp4"  # decoded by what it holds
    plate.write_bytes(cv2.imencode(".png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))[1].tobytes())
    before = plate.read_bytes()
    for arguments, status in (
        ([str(junk), "-o", str(out / "o.mp4")], 1),
        ([str(clip), "-o", str(out / "o.avi")], 2),
        ([str(clip), "-o", str(clip)], 2),
        ([str(clip), "-o", str(plate), "--plate", str(plate)], 2),
        ([str(clip), "-o", str(junk / "o.mp4")], 1),
        ([str(clip), "-o", str(out / "o.mp4"), "--background", str(junk)], 1),
    ):
        assert main(["render", *arguments]) == status, arguments
        told = capsys.readouterr().err.strip().splitlines()
        assert told[-1].startswith("virtual-background: "), told
    assert not out.exists() or list(out.iterdir()) == []
    assert plate.read_bytes() == before


@pytest.mark.posix("no file of Windows has such a name")
def test_a_name_with_a_colon_is_a_files(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["render", str(clip), "-o", "talk:1.mp4", "--background", "#00c800"]) == 0
    assert _codecs(tmp_path / "talk:1.mp4") == ["h264", "aac"]


def test_a_failing_disk_leaves_the_older_file(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"older")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert main(["render", str(clip), "-o", str(out), "--background", "#00c800"]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert out.read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_a_cut_off_video_is_said(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    front = tmp_path / "front.mp4"
    with (
        av.open(str(clip)) as before,
        av.open(str(front), "w", options={"movflags": "+faststart"}) as after,
    ):
        stream = after.add_stream_from_template(before.streams.video[0])
        for packet in before.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)
    data = front.read_bytes()
    front.write_bytes(data[: len(data) * 7 // 10])
    main(["render", str(front), "-o", str(tmp_path / "o.mp4"), "--background", "#00c800"])
    assert f"{front} announces 12 frames" in capsys.readouterr().err
