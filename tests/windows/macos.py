"""macOS by static analysis of its libobs library, as nothing can be run here.

The library is a Mach-O file for arm64; what is read from it is described in `Mach-O Programming
Topics` and the Arm Architecture Reference Manual (LDR, unsigned offset).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

from tests.windows.wine import BenchError
from vb_script import libobs_symbols, lua_half

_MAGIC, _FAT_MAGIC = b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"
_SEGMENT, _SYMBOLS, _ARM64 = 0x19, 0x02, 0x0100000C
_RET = 0xD65F03C0
_LONGEST = 40  # instructions of a function that only returns a field
# The fields of obs_source_info, by the libobs function that returns each for a source.
_FIELDS = {
    "id": "obs_source_get_id",
    "type": "obs_source_get_type",
    "output_flags": "obs_source_get_output_flags",
    "type_data": "obs_source_get_type_data",
    "unversioned_id": "obs_source_get_unversioned_id",
}
Say = Callable[[bool, str], None]


def check(folder: Path, say: Say) -> None:
    """Look for the functions of libobs that the product calls, and for its obs_source_info."""
    libraries = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name in ("libobs.dylib", "libobs")
    ]
    if not libraries:
        raise BenchError(f"{folder} holds no libobs of macOS.")
    library = Library(libraries[0].read_bytes())
    lacking = [name for name in libobs_symbols.of_libobs() if name not in library.symbols]
    say(not lacking, f"macOS libobs 32.2.2: lacks {', '.join(lacking) or 'no function'} (not run)")
    _check_layout(library, say)


def _check_layout(library: Library, say: Say) -> None:
    """Compare where a source keeps its obs_source_info with what the Lua half expects."""
    found = {field: library.field_of(name) for field, name in _FIELDS.items()}
    unknown = [field for field, at in found.items() if at is None]
    if unknown:
        say(False, f"macOS libobs 32.2.2: the places of {', '.join(unknown)} do not show")
        return
    begin = found["id"] or 0
    offsets = {field: (at or 0) - begin for field, at in found.items()}
    expected = declared_offsets()
    other = [f"{field} at {at}" for field, at in offsets.items() if at != expected[field]]
    within = begin % 8 == 0 and begin // 8 <= info_within()
    told = f"macOS libobs 32.2.2: obs_source_info at word {begin // 8} of a source"
    say(within and not other, f"{told}, {', '.join(other) or 'laid out as declared'} (not run)")


def info_within() -> int:
    """Return how many words of a source the Lua half searches for its obs_source_info."""
    found = re.search(r"M\.INFO_WITHIN = (\d+)", _lua())
    assert found is not None
    return int(found[1])


def declared_offsets() -> dict[str, int]:
    """Return the byte offsets of the fields of the Lua half's vb_source_info."""
    body = re.search(r"typedef struct \{([^}]*)\} vb_source_info;", _lua())
    assert body is not None
    offsets, at = {}, 0
    for declaration in body[1].split(";"):
        words = declaration.split()
        for name in " ".join(words[words[0] == "const" :][1:]).split(",") if words else ():
            size = 8 if "*" in name else 4
            at += -at % size
            offsets[name.strip(" *")] = at
            at += size
    return offsets


def _lua() -> str:
    return (lua_half.PATH.parent / "libobs.lua").read_text(encoding="utf-8")


class Library:
    """A Mach-O library of arm64; ``symbols`` are the addresses of what it defines."""

    def __init__(self, data: bytes) -> None:
        """Raises BenchError where it is none."""
        self._data = _thin(data)
        if self._data[:4] != _MAGIC:
            raise BenchError("libobs of macOS is no 64-bit Mach-O file.")
        self._segments: list[tuple[int, int, int]] = []  # address, size, place in the file
        self.symbols: dict[str, int] = {}
        at = 32
        for _ in range(struct.unpack_from("<I", self._data, 16)[0]):
            command, size = struct.unpack_from("<II", self._data, at)
            if command == _SEGMENT:
                address, length, place = struct.unpack_from("<QQQ", self._data, at + 24)
                self._segments.append((address, length, place))
            elif command == _SYMBOLS:
                self._read_symbols(*struct.unpack_from("<IIII", self._data, at + 8))
            at += size

    def _read_symbols(self, place: int, count: int, names: int, size: int) -> None:
        text = self._data[names : names + size]
        for number in range(count):
            name, kind, _, _, value = struct.unpack_from("<IBBHQ", self._data, place + 16 * number)
            # Of those defined in a section of it; C's names have an underscore before them.
            if kind & 0x0E == 0x0E and not kind & 0xE0:
                self.symbols[text[name : text.index(b"\0", name)].decode()[1:]] = value

    def field_of(self, function: str) -> int | None:
        """Return the offset in its argument of the field a function returns, None if unclear."""
        address = self.symbols.get(function)
        for begin, length, place in self._segments:
            if address is not None and begin <= address < begin + length:
                words = struct.unpack_from(f"<{_LONGEST}I", self._data, place + address - begin)
                return _loaded(words[: words.index(_RET)] if _RET in words else words)
        return None


def _loaded(words: tuple[int, ...]) -> int | None:
    """Return the offset of the only load into x0 that is not from the stack pointer."""
    found = set()
    for word in words:
        scale = {0xF9400000: 8, 0xB9400000: 4}.get(word & 0xFFC00000)
        if scale is not None and word & 31 == 0 and word >> 5 & 31 != 31:
            found.add((word >> 10 & 0xFFF) * scale)
    return found.pop() if len(found) == 1 else None


def _thin(data: bytes) -> bytes:
    """Return the arm64 part of a library for several processors."""
    if data[:4] == _FAT_MAGIC:
        for number in range(struct.unpack_from(">I", data, 4)[0]):
            kind, _, place, size, _ = struct.unpack_from(">5I", data, 8 + 20 * number)
            if kind == _ARM64:
                return data[place : place + size]
    return data
