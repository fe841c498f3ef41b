"""Pictures and videos beyond the limits are refused before they are decoded."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

import vb_worker
from tests.clips import write_clip
from vb_link import bounded, limits, picture_size
from vb_link.texts import SaidError
from vb_script.assets import refuse_large
from vb_worker.errors import UserError
from vb_worker.offline import video
from vb_worker.offline.pictures import read_picture


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it is so large."""
    return b"".join([
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(b"\0" * 10_000)),
        _chunk(b"IEND", b""),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".png", []), (".jpg", []), (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]), (".bmp", []),
     (".webp", []), (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]), (".tiff", []), (".gif", [])],
)  # fmt: skip
def test_the_size_is_read_from_the_head(suffix: str, options: list[int]) -> None:
    done, data = cv2.imencode(suffix, np.zeros((37, 53, 3), np.uint8), options)
    assert done
    assert picture_size.size_of(data.tobytes()) == (53, 37)
    assert picture_size.size_of(data.tobytes()[:6]) is None


def test_a_picture_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_bomb(60_000, 60_000))
    assert path.stat().st_size < 1000
    with pytest.raises(UserError, match="more than 200 million pixels"):
        read_picture(path)
    with pytest.raises(SaidError) as caught:
        refuse_large(str(path))
    assert caught.value.key == "Asset.TooLarge"


def test_opencv_holds_the_limit_too(tmp_path: Path) -> None:
    # Should the head and what the decoder finds ever differ. OpenCV reads its limit when it is
    # loaded, which in this process others may have done before.
    (tmp_path / "bomb.png").write_bytes(_bomb(20_000, 20_000))
    read = "import sys, vb_worker, cv2; print(cv2.imread(sys.argv[1]) is None)"
    done = subprocess.run(
        [sys.executable, "-c", read, str(tmp_path / "bomb.png")],
        env={**os.environ, "PYTHONPATH": str(Path(vb_worker.__file__).parents[1])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "MAX_IMAGE_PIXELS" in done.stdout + done.stderr, done
    assert "False" not in done.stdout, done


def test_a_picture_file_that_is_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(_bomb(8, 8))
    refuse_large(str(path))
    monkeypatch.setattr(limits, "PICTURE_BYTES", 50)
    with pytest.raises(UserError, match=bounded.size_text(50)):
        read_picture(path)
    with pytest.raises(SaidError):
        refuse_large(str(path))


def test_what_is_no_format_for_pictures_is_not_handed_to_a_decoder(tmp_path: Path) -> None:
    done, data = cv2.imencode(".hdr", np.zeros((8, 8, 3), np.float32))
    assert done
    path = tmp_path / "a.png"
    path.write_bytes(data.tobytes())
    with pytest.raises(UserError, match="not a picture that can be read"):
        read_picture(path)


def test_a_video_of_huge_frames_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", [np.zeros((48, 64, 3), np.uint8)] * 3, 10)
    opened = video.open_input(path)
    assert len(list(opened.decode(video=0))) == 3
    opened.close()
    monkeypatch.setattr(limits, "VIDEO_PIXELS", 64 * 48 - 1)
    with pytest.raises(UserError, match="make it smaller"):
        video.open_input(path)


def test_a_name_is_a_file_and_never_an_address() -> None:
    for name in ("http://127.0.0.1:9/a.mp4", "concat:a|b", "/dev/zero", "/"):
        with pytest.raises(UserError, match=r"cannot be opened|no ordinary file"):
            video.open_input(Path(name))
