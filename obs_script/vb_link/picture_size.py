"""Reads a picture's size from its header, before anything decodes it.

PNG, JPEG, GIF, BMP, WebP and TIFF, by their published formats.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Optional

HEAD_BYTES = 1 << 20  # a JPEG's size comes after its colour profile and preview
Size = Optional[tuple[int, int]]

_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_WIDTH, _HEIGHT = 256, 257  # TIFF's tags
_LARGEST_ENTRIES = 4096


def size_of(data: bytes) -> Size:
    """Return (width, height) in pixels, or None if the data is in none of these formats."""
    try:
        size = _size(data)
    except (struct.error, IndexError):
        return None
    return size if size is not None and min(size) > 0 else None


def _size(data: bytes) -> Size:
    for beginning, reader in _READERS:
        if data.startswith(beginning):
            return reader(data)
    return None


def _pair(data: bytes, layout: str, at: int) -> tuple[int, int]:
    width, height = struct.unpack_from(layout, data, at)
    return int(width), int(height)


def _bmp(data: bytes) -> Size:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        return _pair(data, "<HH", 18)
    width, height = _pair(data, "<ii", 18)
    return abs(width), abs(height)  # negative: top-down rows


def _jpeg(data: bytes) -> Size:
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        at += 2
        if marker in _WITHOUT_LENGTH:
            continue
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return int(width), int(height)
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2:
            return None
        at += length
    return None


def _webp(data: bytes) -> Size:
    kind = data[12:16] if data[8:12] == b"WEBP" else b""
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little")
        return width + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _tiff(data: bytes) -> Size:
    order = "<" if data.startswith(b"II") else ">"
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}H", data, at)
    found: dict[int, int] = {}
    for number in range(min(entries, _LARGEST_ENTRIES)):
        tag, kind = struct.unpack_from(f"{order}HH", data, at + 2 + 12 * number)
        if tag in (_WIDTH, _HEIGHT) and kind in (3, 4):
            layout = f"{order}{'H' if kind == 3 else 'I'}"
            (found[tag],) = struct.unpack_from(layout, data, at + 2 + 12 * number + 8)
    return (found[_WIDTH], found[_HEIGHT]) if len(found) == 2 else None


_READERS: tuple[tuple[bytes, Callable[[bytes], Size]], ...] = (
    (b"\x89PNG\r\n\x1a\n", lambda data: _pair(data, ">II", 16)),
    (b"\xff\xd8", _jpeg),
    (b"GIF87a", lambda data: _pair(data, "<HH", 6)),
    (b"GIF89a", lambda data: _pair(data, "<HH", 6)),
    (b"BM", _bmp),
    (b"RIFF", _webp),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
)
