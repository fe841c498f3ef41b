"""What the camera's and the scene's filter have in common, without OBS."""

from __future__ import annotations

import json

import pytest

from tests.shader_variants import FOLDER
from tests.unit.lua import Lua
from vb_script import lua_half

_TELL = """
obslua = {}
local said = {}
local obs = {
    leave_to_libobs = function(filter) return filter == "known" and { filter = filter } end,
    warn = function(text) said[#said + 1] = text end,
}
local panels = { text = function(key) return "text of " .. key end }
local filter_base = assert(loadfile(FOLDER .. "filter_base.lua"))(obs, {}, {}, {}, panels)
local self = { filter = FILTER }
filter_base.leave_to_libobs(self)
return string.format("[%s,%q,%q]", tostring(self.callbacks and true or false),
    self.problem or "", table.concat(said, ";"))
"""


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("known", [True, "", ""]),
        ("unknown", [False, "text of Error.UnknownObs", "text of Error.UnknownObs"]),
    ],
)
def test_an_unknown_obs_is_told_and_logged_once(filter_: str, expected: list[object]) -> None:
    given = f"FOLDER, FILTER = {lua_half.literal(f'{FOLDER}/')}, {lua_half.literal(filter_)}\n"
    assert json.loads(Lua()(given + _TELL)) == expected


_ASK = """
obslua = {}
local panels = { text = function(key) return key end }
local filter_base = assert(loadfile(FOLDER .. "filter_base.lua"))({}, {}, {}, {}, panels)
local self = {
    wrong_values = "", no_file = true, settings = { background = "video" },
    assets = { background = { kind = "image", problem = "There is no file.", answered = true } },
}
local wrong, key = filter_base.problem(self)
return wrong .. " " .. key .. " " .. filter_base.wrong_file(self, "background_image")
"""


def test_the_former_backgrounds_file_is_no_fault_of_the_new_one() -> None:
    """Its row is not there: "Image: the line below it says what to do" could not be followed."""
    given = f"FOLDER = {lua_half.literal(f'{FOLDER}/')}\n"
    assert Lua()(given + _ASK) == "NoFile background_video "
