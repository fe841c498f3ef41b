"""Writes clips for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt


def write_clip(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    fps: int = 30,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    **options: str,
) -> Path:
    """Write ``frames`` (H x W x 3 BGR or x 4 BGRA, all of one size) and return ``path``.

    ``pixels`` is FFmpeg's name of the format that is stored, ``options`` are the codec's.
    """
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps, options=options)
        stream.pix_fmt = pixels
        for number, picture in enumerate(frames):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            layout = "bgr24" if picture.shape[2] == 3 else "bgra"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format=layout)))
        container.mux(stream.encode(None))
    return path
