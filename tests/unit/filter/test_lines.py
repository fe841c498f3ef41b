"""How the panels' texts are broken into lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lua import Lua
from vb_link import texts
from vb_script import lua_half

LINES = Path(lua_half.PATH).with_name("lines.lua")
WIDE_SPACE = "\u3000"


@pytest.fixture
def lua() -> Lua:
    made = Lua()
    made(f"lines = assert(loadfile({lua_half.literal(str(LINES))}))()")
    return made


@pytest.mark.parametrize("locale", ["en-US", "ja-JP"])
def test_what_the_status_says_fits_into_its_lines(lua: Lua, locale: str) -> None:
    table = texts.load(locale)
    what = table["Eased.And"].join(
        (table["Eased.Quality"].format(quality=table["Quality.balanced"]),
         table["Eased.Every"].format(every=3))
    )  # fmt: skip
    running = table["Status.Running"]
    said = [table[f"Status.{key}"].format(detail="venv", what=what, row=table["ZonePicture"])
            for key in ("Starting", "Waiting", "Running", "Cover", "Off", "TooLate", "TooLarge",
                        "NoScript", "NoEnvironment", "Panic", "Scene", "WrongFile", "Eased.late",
                        "Eased.slow")]  # fmt: skip
    said += [f"{running}\n{table[key].format(delay_ms=133.4)}"
             for key in ("Status.Hdr", "Status.Delayed", "Plate.taking", "Plate.fits",
                         "Plate.unfit")]  # fmt: skip
    for words in said:
        made = lua(f"return lines.same_height({lua_half.literal(words)})")
        assert made.count("\n") == 2, made


def test_a_line_is_broken_where_its_language_allows(lua: Lua) -> None:
    made = lua(f"return lines.same_height({lua_half.literal('word ' * 11 + 'longer words')})")
    assert [line.rstrip(WIDE_SPACE) for line in made.split("\n")] == [
        "word " * 10 + "word",
        "longer words",
        " ",
    ]
    made = lua(f"return lines.same_height({lua_half.literal('背' * 28 + '。' + '景' * 3)})")
    assert made.split("\n") == ["背" * 27, "背。景景景", " " + WIDE_SPACE]


def test_each_line_has_a_wide_letter_as_another_fonts_lines_are_higher(lua: Lua) -> None:
    made = lua(f"return lines.same_height({lua_half.literal('背景' + chr(10) + 'x.png')})")
    assert made.split("\n") == ["背景", "x.png" + WIDE_SPACE, " " + WIDE_SPACE]
