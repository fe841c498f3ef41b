"""Reading and writing videos: upright RGB frames with timestamps in, encoded video out."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from vb_link import limits
from vb_worker.errors import UsageError, UserError
from vb_worker.offline.pictures import files_of

BT709 = 1  # the same code point for primaries, transfer and matrix in H.264 and VP9
HD_HEIGHT = 720  # untagged video from this height on is BT.709, below it BT.601
UNTAGGED = 2

# Audio codecs that players can be expected to support in each container: copied, not encoded.
_COPIED_AUDIO: dict[str, frozenset[str] | None] = {
    ".mp4": frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"}),
    ".m4v": frozenset({"aac", "ac3", "alac"}),
    ".mov": frozenset({"aac", "ac3", "alac", "eac3", "mp3", "pcm_s16le", "pcm_s24le"}),
    ".webm": frozenset({"opus", "vorbis"}),
    ".mkv": None,  # anything
}
CONTAINERS = tuple(_COPIED_AUDIO)
# What is taken for a video in a folder.
SUFFIXES = frozenset({*CONTAINERS, ".avi", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".ts", ".wmv"})


def sentence(error: BaseException) -> str:
    """Return the reason in an error of PyAV or the system, without error numbers."""
    return str(getattr(error, "strerror", None) or error).rstrip(".")


def videos_of(given: Path) -> list[Path]:
    """Return ``given`` itself, or the videos in it, by name, if it is a folder.

    Raises UserError if it cannot be read or holds no video.
    """
    return files_of(given, SUFFIXES, "videos")


def open_input(path: Path) -> Any:
    """Return a PyAV container with a video stream. Raises UserError, one sentence."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(f"{path} is no ordinary file.")
        # An absolute path is never taken for a protocol of FFmpeg's ("concat:", "http:").
        container = av.open(str(path.absolute()))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise UserError(f"{path} cannot be opened: {sentence(error)}.") from error
    if not container.streams.video:
        container.close()
        raise UserError(f"{path} holds no video.")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    # FFmpeg checks this for each frame, as a stream may change its size.
    stream.codec_context.options = {"max_pixels": str(limits.VIDEO_PIXELS)}
    if stream.codec_context.width * stream.codec_context.height > limits.VIDEO_PIXELS:
        container.close()
        most = limits.VIDEO_PIXELS // 1_000_000
        raise UserError(f"{path} has frames of more than {most} million pixels: make it smaller.")
    return container


def upright(frame: Any) -> NDArray[np.uint8]:
    """Return a decoded frame as H x W x 3 uint8 RGB, rotated as the file says."""
    space = None
    if frame.colorspace == UNTAGGED:
        space = Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601
    rgb = frame.reformat(format="rgb24", src_colorspace=space)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), turns))


class Source:
    """The first video stream of a file and all of its audio streams."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises UserError, one sentence."""
        self.path = path
        self.container = open_input(path)
        self.video = self.container.streams.video[0]
        self.audio = list(self.container.streams.audio)
        self.damaged = 0
        """Pieces that could not be decoded so far."""

    @property
    def frames(self) -> int | None:
        """Return the approximate number of frames, or None if the file does not say."""
        if self.video.frames:
            return int(self.video.frames)
        if self.container.duration and self.video.average_rate:
            seconds = self.container.duration / av.time_base
            return int(seconds * float(self.video.average_rate))
        return None

    def __iter__(self) -> Iterator[Any]:
        """Yield decoded video frames and audio packets, in the file's order.

        Raises UserError if reading fails. Damaged packets are skipped and counted.
        """
        try:
            for packet in self.container.demux(self.video, *self.audio):
                if packet.stream is not self.video:
                    if packet.dts is not None:
                        yield packet
                    continue
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    self.damaged += 1
                    continue
                yield from frames
        except (av.error.FFmpegError, OSError) as error:
            raise UserError(f"{self.path} cannot be read: {sentence(error)}.") from error

    def close(self) -> None:
        """Close the file."""
        self.container.close()


class Sink:
    """A video being written: H.264, or VP9 (with alpha or without) for .webm.

    Audio is copied where the container supports its codec, else encoded (AAC, Opus). Use as a
    context manager; leaving it without an exception finishes the file.
    """

    def __init__(self, path: Path, suffix: str, source: Source, *, alpha: bool) -> None:
        """Open ``path``; ``suffix`` (one of CONTAINERS) says what is written there."""
        if suffix not in CONTAINERS:
            known = ", ".join(CONTAINERS)
            raise UsageError(f"A name ending in {suffix or 'nothing'} is not known; use {known}.")
        self._alpha = alpha
        self._suffix = suffix
        self._source = source
        self._last: int | None = None
        self.damaged = 0
        """Pieces of sound that could not be decoded so far."""
        flags = {"movflags": "+faststart"} if suffix in {".mp4", ".m4v", ".mov"} else {}
        self._container = av.open(str(path.absolute()), "w", options=flags)
        self._video: Any = None
        self._sound: dict[int, tuple[Any, Any]] = {}

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
            return
        # Closing may fail again for the reason that is being raised.
        with suppress(av.error.FFmpegError, OSError):
            self._container.close()

    def start(self, width: int, height: int) -> None:
        """Declare the streams, for frames of ``width`` x ``height`` (both even)."""
        source = self._source.video
        rate = source.average_rate or source.guessed_rate or Fraction(30)
        if self._suffix == ".webm":
            options = {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"}
            options["auto-alt-ref"] = "0" if self._alpha else "1"
            video = self._container.add_stream("libvpx-vp9", rate=rate, options=options)
            video.pix_fmt = "yuva420p" if self._alpha else "yuv420p"
        else:
            options = {"crf": "18", "preset": "veryfast"}
            video = self._container.add_stream("libx264", rate=rate, options=options)
            video.pix_fmt = "yuv420p"
        if self._alpha:
            # OBS and browsers decode alpha only with this tag, which not every FFmpeg writes.
            video.metadata["alpha_mode"] = "1"
        video.width, video.height = width, height
        video.codec_context.time_base = source.time_base
        if source.sample_aspect_ratio:
            video.codec_context.sample_aspect_ratio = source.sample_aspect_ratio
        for field in ("color_primaries", "color_trc", "colorspace"):
            setattr(video.codec_context, field, BT709)
        video.codec_context.color_range = ColorRange.MPEG
        self._video = video
        copied = _COPIED_AUDIO[self._suffix]
        for stream in self._source.audio:
            name = stream.codec_context.codec.canonical_name
            if copied is None or name in copied:
                self._sound[stream.index] = (
                    self._container.add_stream_from_template(stream),
                    None,
                )
                continue
            layout = "mono" if stream.codec_context.channels == 1 else "stereo"
            opus = self._suffix == ".webm"
            sound = self._container.add_stream("libopus" if opus else "aac", rate=48000)
            sound.codec_context.layout = layout
            form = "flt" if opus else "fltp"
            sound.codec_context.format = form
            resampler = av.AudioResampler(format=form, layout=layout, rate=48000)
            self._sound[stream.index] = (sound, resampler)

    def write_frame(self, pixels: NDArray[np.uint8], pts: int) -> None:
        """Write a frame: H x W x 3 RGB, or x 4 straight RGBA, uint8; ``pts`` is the source's."""
        if self._last is not None and pts <= self._last:
            pts = self._last + 1  # encoders need increasing timestamps
        self._last = pts
        frame = av.VideoFrame.from_ndarray(pixels, format="rgba" if self._alpha else "rgb24")
        frame = frame.reformat(
            format=self._video.pix_fmt,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = pts, self._source.video.time_base
        self._container.mux(self._video.encode(frame))

    def write_sound(self, packet: Any) -> None:
        """Write a packet of one of the source's audio streams."""
        stream, resampler = self._sound[packet.stream.index]
        if resampler is None:
            packet.stream = stream
            self._container.mux(packet)
            return
        try:
            decoded = packet.decode()
        except av.error.InvalidDataError:
            self.damaged += 1
            return
        for frame in decoded:
            for piece in resampler.resample(frame):
                self._container.mux(stream.encode(piece))

    def _finish(self) -> None:
        if self._video is not None:
            for stream, resampler in self._sound.values():
                if resampler is not None:
                    for piece in resampler.resample(None):
                        self._container.mux(stream.encode(piece))
                    self._container.mux(stream.encode(None))
            self._container.mux(self._video.encode(None))
        self._container.close()
