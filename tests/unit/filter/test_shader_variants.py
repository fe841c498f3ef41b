"""Every effect that the filter can ask for reads exactly the textures that OBS binds for it.

On Direct3D 11 a variant with one that its result does not depend on reads all later ones from the
wrong place (see ``tests/shader_faults.py``). OpenGL binds by name and hides it, so this is checked
without OBS.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import shader_faults, shader_variants
from tests.shader_faults import faults
from tests.shader_variants import Variant, shaders, variants
from tests.unit.lua import Lua
from vb_link import settings
from vb_link.ready_backgrounds import READY_BACKGROUNDS
from vb_script import lua_half

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _tools() -> None:
    shader_faults.skip_without_tools()


def test_every_variant_depends_on_each_texture_and_sampler_it_declares(tmp_path: Path) -> None:
    assert faults(variants(), tmp_path) == []


def test_what_a_result_does_not_depend_on_is_found(tmp_path: Path) -> None:
    text = (shader_variants.FOLDER / "plain.effect").read_text("utf-8")
    dead = text.replace(
        "return image.Sample(linear_clamp, v_in.uv);",
        "return image.Sample(linear_clamp, v_in.uv) * 0.0 + color;",
    )
    assert dead != text
    (found,) = faults([Variant("dead", dead)], tmp_path)
    assert found.startswith("dead Copy")
    for what in ("image", "linear_clamp", "the position"):
        assert f"does not depend on {what}" in found


# Draws states chosen at random, as a long session might, and counts the effects compiled.
_DRAW = """
local function loaded(name, ...) return assert(loadfile(FOLDER .. name .. ".lua"))(...) end
local compiled, count = {}, 0
local graphics = { effect = function(state, file, defines, name)
    if not compiled[name] then compiled[name], count = true, count + 1 end
    return { parameters = {} }
end }
local looks = loaded("looks", { C = {} }, graphics)
looks.bind_nothing = function() end
local variants = loaded("effect_variants", graphics, looks)

local function one_of(values) return values[math.random(#values)] end
local function draw(set)
    if set == variants.NOTHING then return end
    local person, rest = variants.steps_now(set)
    for _, step in ipairs(person and { person, rest } or { set }) do variants.effect({}, step) end
end

math.randomseed(SEED)
for _ = 1, 4000 do
    local facts = { output = one_of(variants.OUTPUTS), background = one_of(variants.BACKGROUNDS) }
    facts.translucent = math.random() < 0.5
    for _, look in ipairs(looks.ROWS) do facts[look.name] = math.random() < 0.5 end
    draw(variants.set_of(facts))
    if variants.gives_light(facts.background) then draw(variants.backdrop(facts.background)) end
end
return count
"""


@pytest.mark.parametrize("seed", range(3))
def test_only_so_many_effects_are_ever_compiled(seed: int) -> None:
    folder = lua_half.literal(f"{shader_variants.FOLDER}/")
    count = int(Lua()(f"FOLDER, SEED = {folder}, {seed}\n{_DRAW}"))
    for page in (ROOT / "docs" / "performance.md", ROOT / "docs" / "ja" / "performance.md"):
        stated = re.search(r"(\d+) at most|最大でも (\d+) 個", page.read_text("utf-8"))
        assert stated is not None, page
        most = int(stated[1] or stated[2])
        assert most - 8 <= count <= most, page


def test_textures_are_listed_as_obs_finds_them() -> None:
    """A function's own first, in the order of their first mention, then those of what it calls."""
    text = """
uniform texture2d first;
uniform texture2d second;
uniform texture2d third;
#ifdef WORD
uniform texture2d fourth;
#endif
sampler_state here { Filter = Point; };
float4 deeper(float2 uv)
{
	return first.Sample(here, uv);
}
float4 PS(VertData v_in) : TARGET
{
	return third.Sample(here, v_in.uv) + deeper(v_in.uv) + second.Sample(here, v_in.uv);
}
technique Draw { pass { vertex_shader = VS(v_in); pixel_shader = PS(v_in); } }
"""
    (shader,) = shaders(Variant("any", text))
    assert shader.textures == ("third", "second", "first")
    assert shader.samplers == ("here",)


def test_every_effect_that_lua_names_is_among_the_variants() -> None:
    named = set()
    for path in shader_variants.FOLDER.glob("*.lua"):
        named |= set(re.findall(r'graphics\.effect\([^,]+, "(\w+)"', path.read_text("utf-8")))
    assert named == {path.stem for path in shader_variants.FOLDER.glob("*.effect")}
    found = {variant.name for variant in variants()}
    assert named - {"composite", "shrink"} <= found
    assert {"shrink1x1", "shrink4x4"} <= found


def test_the_facts_are_those_of_the_settings() -> None:
    choices = {row.key: row.choices or () for row in settings.SETTINGS}
    text = (Path(lua_half.PATH).parent / "effect_variants.lua").read_text("utf-8")

    def listed(name: str) -> list[str]:
        found = re.search(rf"^M\.{name} = \{{([^}}]*)\}}", text, re.M)
        assert found is not None
        return re.findall(r'"(\w+)"', found[1])

    assert sorted(listed("OUTPUTS")) == sorted(choices["output"])
    # A picture, a video and a source are drawn alike, and a still picture is fitted before.
    drawn_alike = {"image", "video", "source", *READY_BACKGROUNDS}
    assert set(listed("BACKGROUNDS")) - {"picture", "fitted"} == (
        set(choices["background"]) - drawn_alike
    )
