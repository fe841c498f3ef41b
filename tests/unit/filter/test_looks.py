"""What the filter takes out of settings that a remote control or another version wrote.

The settings are libobs's own obs_data, as in OBS.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.lua import Lua
from vb_link import settings, texts
from vb_link.setting_values import in_effect
from vb_script import lua_half

FOLDER = Path(lua_half.PATH).parent
ENGLISH = texts.load("en-US")
ROWS = {row.key: row for row in settings.SETTINGS}


class Filter:
    """A filter's reading of its settings."""

    def __init__(self, library: str) -> None:
        table = lua_half.half(address=0, texts=ENGLISH, models=[], depth_models=[], units=[])
        self.lua = Lua()
        self.libobs = ctypes.CDLL(library)
        self.libobs.obs_data_create_from_json.restype = ctypes.c_void_p
        self.libobs.obs_data_create_from_json.argtypes = [ctypes.c_char_p]
        self.libobs.obs_data_release.argtypes = [ctypes.c_void_p]
        for kind, number in (("double", ctypes.c_double), ("bool", ctypes.c_bool)):
            function = getattr(self.libobs, f"obs_data_set_default_{kind}")
            function.argtypes = [ctypes.c_void_p, ctypes.c_char_p, number]
        self.libobs.obs_data_set_double.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_double
        ]  # fmt: skip
        self.lua(
            f"FOLDER, half = {lua_half.literal(str(FOLDER) + '/')}, {lua_half.literal(table)}\n"
            f"library = {lua_half.literal(library)}\n"
            """
            obslua, ffi = {}, require("ffi")
            local function file(name, ...) return assert(loadfile(FOLDER .. name))(...) end
            obs = file("libobs.lua")
            C = ffi.load(library)
            libobs = { C = C, pointer = function(data) return data end }
            values = file("setting_values.lua", libobs)
            panels = file("properties.lua", libobs, values, {}, file("lines.lua"))
            panels.use(half)
            looks = file("filter_base.lua", libobs, values, {}, {}, panels)
            filter = { settings = {}, assets = {} }
            function read(address)
                looks.read(filter, half.settings, ffi.cast("void *", address))
            end
            """
        )

    def read(self, own: dict[str, Any], *, defaults: bool = True) -> None:
        self.read_json(json.dumps(own), defaults=defaults)

    def read_json(self, text: str, *, defaults: bool = True) -> None:
        data = self.libobs.obs_data_create_from_json(text.encode())
        assert data
        if defaults:  # after the values: OBS gives both one type, the value's
            self.libobs.obs_data_set_default_bool(data, b"active", True)
            self.libobs.obs_data_set_default_double(data, b"softness", 0.5)
        self.take(data)

    def take(self, data: int) -> None:
        self.lua(f"read({data}ULL)")
        self.libobs.obs_data_release(data)

    def value(self, key: str) -> Any:
        if ROWS[key].kind == "color":
            parts = self.lua(
                f"local c = filter.settings[{lua_half.literal(key)}]\n"
                "return string.format('%d %d %d', c.x * 255 + .5, c.y * 255 + .5, c.z * 255 + .5)"
            )
            red, green, blue = map(int, parts.split())
            return blue << 16 | green << 8 | red
        text = self.lua(f"return tostring(filter.settings[{lua_half.literal(key)}])")
        kind = ROWS[key].kind
        return text == "true" if kind == "bool" else float(text) if kind == "float" else text

    @property
    def problem(self) -> str:
        return self.lua("return looks.problem(filter)")


@pytest.fixture(scope="module")
def filter_() -> Iterator[Filter]:
    for name in ("libobs.so.30", "libobs.so.0", "libobs.so", ctypes.util.find_library("obs")):
        if name is None:
            continue
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        yield Filter(name)
        return
    pytest.skip("libobs is not on this machine")


# What a remote control, a preset of another program or a damaged file may hold.
ODD: list[Any] = [
    True, False, 0, 1, -1, 7, 1.0, 0.25, -1000, 1e300, 4294967295, 4294967296, -16777216,
    2147483648.0, 0.5e-9, "true", "True", "1", "0.5", "", "blur", "colour", "transparent", None, {},
    {"active": True}, [], [1, {"a": 1}], {"value": [1]},
]  # fmt: skip


def _same(row: settings.Setting, read: Any, expected: Any) -> bool:
    if row.kind == "float":
        return bool(read == pytest.approx(expected, abs=1e-9))
    return bool(read == (expected & 0xFFFFFF if row.kind == "color" else expected))


@pytest.mark.parametrize("defaults", [True, False])
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_every_setting_takes_every_value_as_the_script_does(
    filter_: Filter, odd: Any, defaults: bool
) -> None:
    filter_.read(dict.fromkeys(ROWS, odd), defaults=defaults)
    expected = {}
    for key, row in ROWS.items():
        expected[key] = in_effect(row, odd)
        assert _same(row, filter_.value(key), expected[key]), key
    # What became the default because it could be no value is named.
    for key, row in ROWS.items():
        named = f"({key})" in filter_.problem
        assert named == (odd is not None and not _takes(row, odd)), key  # null is nothing


def _takes(row: settings.Setting, odd: Any) -> bool:
    """Whether a setting takes a value for what it is, or for the nearest that it can have."""
    number = isinstance(odd, (int, float)) and not isinstance(odd, bool)
    if row.kind == "bool":
        return isinstance(odd, bool)
    if row.kind == "float":
        return number
    if row.kind == "color":
        return number and odd == int(odd) and -(1 << 31) <= odd < 1 << 32
    if row.kind == "choice":
        return odd in row.choices
    return isinstance(odd, str)


@pytest.mark.parametrize("odd", ["nan", "inf", "-inf"])
def test_no_number_is_the_default(filter_: Filter, odd: str) -> None:
    data = filter_.libobs.obs_data_create_from_json(b"{}")
    for row in settings.SETTINGS:
        if row.kind in ("float", "color"):
            filter_.libobs.obs_data_set_double(data, row.key.encode(), float(odd))
    filter_.take(data)
    for row in settings.SETTINGS:
        if row.kind in ("float", "color"):
            assert _same(row, filter_.value(row.key), row.default)
            assert f"({row.key})" in filter_.problem


def test_nothing_set_is_every_default_and_nothing_is_said(filter_: Filter) -> None:
    filter_.read({})
    assert all(_same(row, filter_.value(key), row.default) for key, row in ROWS.items())
    assert filter_.problem == ""


def test_a_value_it_cannot_have_is_said_until_it_is_mended(filter_: Filter) -> None:
    filter_.read({"active": 1, "background": "colour"})
    assert filter_.value("active") is True
    assert "On (active), Background (background)" in filter_.problem
    filter_.read({"active": False, "background": "color"})
    assert filter_.value("active") is False
    assert filter_.problem == ""


def test_a_value_taken_back_by_a_reset_is_the_default(filter_: Filter) -> None:
    data = filter_.libobs.obs_data_create_from_json(b'{"active": 1, "softness": "x"}')
    filter_.libobs.obs_data_set_default_bool(data, b"active", True)
    filter_.libobs.obs_data_clear.argtypes = [ctypes.c_void_p]
    filter_.libobs.obs_data_clear(data)
    filter_.take(data)
    assert (filter_.value("active"), filter_.value("softness")) == (True, 0.5)
    assert filter_.problem == ""
