"""The sample clip: a real person moving slightly in front of a drawn room, with her true alpha.

``python -m vb_demo.clip OUT.mp4 [--truth OUT.mkv] [--size WxH] [--fps N] [--seconds S]
[--room-color #rrggbb]``

The person is ``sample/astronaut_cutout.png``; each frame moves, rotates and scales it with subpixel
precision, so every frame's alpha is known exactly. The motion is periodic: a clip loops seamlessly.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

from vb_demo.room import room

Image = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]
Bgr = tuple[int, int, int]

CUTOUT = Path(__file__).resolve().parent / "sample" / "astronaut_cutout.png"
PERIOD = 10.0  # seconds
NOISE = 1.5  # standard deviation of the sensor noise, in 8-bit levels

# In pixels of the cut-out.
CROWN, BOTTOM = 15.0, 334.0  # rows at the top of the hair and at the frame's bottom edge
MIDDLE = 205.0  # the column at the frame's centre
PIVOT = (190.0, 420.0)  # the point about which the person sways
PERSON_SHARE = 0.76  # of the frame's height

NOISE_FIELDS = 6

BT709, LIMITED = 1, 1  # FFmpeg's constants for the clip's colour space and range
# From B, G, R in 0..255 to Y, U, V in BT.709's limited range.
BGR_TO_YUV = np.array(
    [
        [0.0620, 0.6142, 0.1826, 16],
        [0.4392, -0.3386, -0.1006, 128],
        [-0.0403, -0.3989, 0.4392, 128],
    ]
)


class ClipError(Exception):
    """The clip cannot be made; the message says why."""


@lru_cache(maxsize=1)
def _cutout() -> Image:
    """Return the cut-out, BGRA with the colour multiplied by alpha."""
    picture = cv2.imread(str(CUTOUT), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        raise ClipError(f"{CUTOUT} is missing or damaged: get the project's files again.")
    alpha = picture[..., 3:].astype(np.float32) / 255
    picture[..., :3] = np.round(picture[..., :3] * alpha)
    return np.asarray(picture, np.uint8)


@lru_cache(maxsize=2)
def _noise(width: int, height: int) -> list[npt.NDArray[np.int8]]:
    state = np.random.RandomState(9)
    fields = []
    for _ in range(NOISE_FIELDS):
        field = state.standard_normal((height, width, 3)) * NOISE
        fields.append(np.round(field).astype(np.int8))
    return fields


def _placement(t: float, period: float, width: int, height: int) -> Matrix:
    """Return the 2x3 matrix from the cut-out's pixels to the frame's at ``t`` seconds."""

    def wave(frequency: float, phase: float) -> float:
        # A whole number of cycles per period, so that the loop is seamless.
        turns = max(1, round(frequency * period))
        return math.sin(2 * math.pi * (turns * t / period + phase))

    calm = min(1.0, period / 6)  # a short loop moves less, not faster
    angle = math.radians(calm * (1.5 * wave(0.2, 0.0) + 0.7 * wave(0.5, 0.3)))
    grow = 1 + calm * (0.012 * wave(0.1, 0.6) + 0.004 * wave(0.4, 0.1))
    shift_x = calm * (9.0 * wave(0.1, 0.15) + 2.5 * wave(0.3, 0.8))
    shift_y = calm * (2.0 * wave(0.2, 0.4) + 1.0 * wave(0.6, 0.2))

    unit = PERSON_SHARE * min(height, 0.75 * width) / (BOTTOM - CROWN)
    cos, sin = grow * math.cos(angle), grow * math.sin(angle)
    px, py = PIVOT
    sway = np.array(
        [
            [cos, -sin, px - cos * px + sin * py + shift_x],
            [sin, cos, py - sin * px - cos * py + shift_y],
            [0, 0, 1],
        ]
    )
    # Half-pixel centres: a pixel's centre is at its index plus 0.5.
    to_corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    from_corner = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    fit = np.array([[unit, 0, width / 2 - unit * MIDDLE], [0, unit, height - unit * BOTTOM],
                    [0, 0, 1]])  # fmt: skip
    return np.asarray((from_corner @ fit @ sway @ to_corner)[:2], np.float64)


def _person(t: float, period: float, width: int, height: int) -> Image:
    """Return the person alone, ``height`` x ``width`` x 4 uint8, premultiplied BGRA."""
    matrix = _placement(t, period, width, height)
    cutout = _cutout()
    unit = PERSON_SHARE * min(height, 0.75 * width) / (BOTTOM - CROWN)
    if unit < 0.7:
        # Shrink without aliasing first; the remaining scale is then close to 1:1.
        share = max(unit, 0.05)
        size = [max(1, round(length * share)) for length in cutout.shape[1::-1]]
        sx, sy = size[0] / cutout.shape[1], size[1] / cutout.shape[0]
        cutout = np.asarray(cv2.resize(cutout, size, interpolation=cv2.INTER_AREA), np.uint8)
        back = np.array(
            [[1 / sx, 0, 0.5 / sx - 0.5], [0, 1 / sy, 0.5 / sy - 0.5], [0, 0, 1]], np.float64
        )
        matrix = np.asarray(matrix @ back, np.float64)
    return np.asarray(
        cv2.warpAffine(
            cutout, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
        ),
        np.uint8,
    )


@lru_cache(maxsize=4)
def _background(width: int, height: int, room_color: Bgr | None) -> Image:
    if room_color is None:
        return room(width, height)
    return np.full((height, width, 3), room_color, np.uint8)


def frame(
    t: float,
    width: int,
    height: int,
    *,
    room_color: Bgr | None = None,
    period: float = PERIOD,
    noise: bool = True,
) -> tuple[Image, Image]:
    """Return (picture, alpha) at ``t`` seconds.

    The picture is ``height`` x ``width`` x 3 uint8 BGR, the true alpha ``height`` x ``width``
    uint8. ``room_color`` (B, G, R) replaces the drawn room with a flat colour; the motion repeats
    after ``period`` seconds. ``noise`` adds a little sensor noise to the picture; the same
    arguments always give the same picture. Raises ClipError when the cut-out is damaged.
    """
    person = _person(t, period, width, height)
    alpha = person[..., 3].copy()
    picture = _background(width, height, room_color).copy()
    box = cv2.boundingRect(alpha)
    x, y, w, h = box
    if w and h:
        part = person[y : y + h, x : x + w]
        under = picture[y : y + h, x : x + w].astype(np.uint16)
        rest = 255 - part[..., 3:].astype(np.uint16)
        mixed = (under * rest + 127) // 255 + part[..., :3]
        picture[y : y + h, x : x + w] = np.minimum(mixed, 255)
    if noise:
        field = _noise(width, height)[round(t * 1000) % NOISE_FIELDS]
        picture = np.asarray(cv2.add(picture, field, dtype=cv2.CV_8U), np.uint8)
    return picture, alpha


def true_alpha(
    frame_index: int, *, width: int = 1280, height: int = 720, fps: int = 30, seconds: float = 10.0
) -> Image:
    """Return the alpha of one frame of the clip made with the same arguments, HxW uint8."""
    count = frame_count(fps, seconds)
    return _person(frame_index / fps, count / fps, width, height)[..., 3].copy()


def frame_count(fps: int, seconds: float) -> int:
    """Return how many frames a clip has."""
    return max(1, round(fps * seconds))


def _yuv420(picture: Image) -> Image:
    """Return a BGR picture as planar BT.709, 1.5 H x W, rounded where FFmpeg truncates."""
    height, width = picture.shape[:2]
    yuv = np.asarray(cv2.transform(picture, BGR_TO_YUV), np.uint8)
    planes = [yuv[..., 0].reshape(-1)]
    # A chroma sample is sited between two rows and on an even column.
    kernel = np.array([[1, 2, 1], [1, 2, 1]], np.float32) / 8
    for channel in (1, 2):
        soft = cv2.filter2D(
            np.ascontiguousarray(yuv[..., channel]), -1, kernel,
            anchor=(1, 0), borderType=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        planes.append(np.asarray(soft, np.uint8)[::2, ::2].reshape(-1))
    return np.concatenate(planes).reshape(height * 3 // 2, width)


class _Writer:
    """One video file, written frame by frame."""

    def __init__(
        self, path: Path, codec: str, pixels: str, size: tuple[int, int], fps: int, **options: str
    ) -> None:
        self.container = av.open(str(path), "w")
        stream = self.container.add_stream(codec, rate=fps, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        self.stream = stream
        self._count = 0

    def write(self, picture: Image, layout: str) -> None:
        """Add a frame; ``layout`` is PyAV's name of its pixel format."""
        shot = av.VideoFrame.from_ndarray(picture, format=layout)
        shot.pts = self._count
        self._count += 1
        self.container.mux(self.stream.encode(shot))

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is None:
            self.container.mux(self.stream.encode(None))
        self.container.close()


def make_clip(
    path: Path,
    *,
    width: int = 1280,
    height: int = 720,
    fps: int = 30,
    seconds: float = 10.0,
    truth: Path | None = None,
    room_color: Bgr | None = None,
) -> None:
    """Write the clip as H.264 (yuv420p) and, if asked, its alpha as lossless gray FFV1.

    ``path`` ends in .mp4 or .mkv, ``truth`` in .mkv. Raises ClipError, with one sentence, when a
    file cannot be written or the size is not even (H.264 needs that) or below 16 x 16.
    """
    if width % 2 or height % 2 or min(width, height) < 16:
        raise ClipError(f"The size {width}x{height} will not do: use even numbers, 16 or more.")
    if fps < 1 or seconds <= 0:
        raise ClipError("A clip needs a rate of at least 1 and more than 0 seconds.")
    count = frame_count(fps, seconds)
    size = (width, height)
    try:
        with ExitStack() as files:
            video = _Writer(path, "libx264", "yuv420p", size, fps,
                            crf="18", preset="ultrafast", threads="1")  # fmt: skip
            # For a file without colour metadata each player guesses differently.
            context = video.stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = BT709
            context.color_range = LIMITED
            files.enter_context(video)
            matte = None
            if truth is not None:
                matte = files.enter_context(_Writer(truth, "ffv1", "gray", size, fps, level="3"))
            for index in range(count):
                picture, alpha = frame(
                    index / fps, width, height, room_color=room_color, period=count / fps
                )
                video.write(_yuv420(picture), "yuv420p")
                if matte is not None:
                    matte.write(alpha, "gray")
    except OSError as error:
        raise ClipError(
            f"{error.filename or path} cannot be written: {error.strerror or error}."
        ) from error


def size_of(text: str) -> tuple[int, int]:
    """Return the (width, height) of ``WxH``; argparse shows the error."""
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x720")
    return int(match[1]), int(match[2])


def colour(text: str) -> Bgr:
    """Return the (B, G, R) of ``#rrggbb``; argparse shows the error."""
    match = re.fullmatch(r"#([0-9a-fA-F]{6})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a colour such as #20c040")
    red, green, blue = bytes.fromhex(match[1])
    return blue, green, red


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m vb_demo.clip", description="Make the sample clip."
    )
    parser.add_argument("output", type=Path, metavar="OUT.mp4")
    parser.add_argument("--truth", type=Path, metavar="OUT.mkv", help="also write the true alpha")
    parser.add_argument("--size", type=size_of, default=(1280, 720), metavar="WxH")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--room-color", type=colour, metavar="#rrggbb", help="a flat room")
    options = parser.parse_args(arguments)
    try:
        make_clip(
            options.output,
            width=options.size[0],
            height=options.size[1],
            fps=options.fps,
            seconds=options.seconds,
            truth=options.truth,
            room_color=options.room_color,
        )
    except ClipError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
