"""Every effect that the filter can ask for reads exactly the textures that OBS binds for it.

libobs-d3d11 binds textures and samplers by the order in which they stand in a shader, but the
compiler numbers those alone that the result depends on: a variant with one that it does not depend
on reads all later ones from the wrong place. OpenGL binds by name and hides it, so this is checked
without OBS: HLSL to SPIR-V, dead code removed, and what is left compared with what was declared.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import shader_variants
from tests.shader_variants import Shader, Variant, shaders, variants
from vb_link import settings
from vb_script import lua_half

# What OBS binds in a draw; it does not check.
MOST_TEXTURES = 8
# Of the SPIR-V specification: opcodes, and the storage class of textures and samplers.
_OP_NAME, _OP_VARIABLE, _UNIFORM_CONSTANT = 5, 59, 0
_OP_LOAD, _OP_ACCESS_CHAIN, _INPUT = 61, 65, 1


@pytest.fixture(autouse=True)
def _tools() -> None:
    for tool, package in {"glslangValidator": "glslang-tools", "spirv-opt": "spirv-tools"}.items():
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on this machine: apt has it in {package}")


def _compiled(shader: Shader, file: Path) -> bytes:
    """Return the SPIR-V of ``shader`` with all dead code removed."""
    source, made, small = (str(file.with_suffix(f".{end}")) for end in ("hlsl", "spv", "small"))
    Path(source).write_text(shader.hlsl, "utf-8")
    for command in (
        ["glslangValidator", "-D", "-V", "-S", "frag", "-e", "main", "-o", made, source],
        ["spirv-opt", "-O", made, "-o", small],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{shader.variant.name} {shader.technique}: {done.stdout}"
    return Path(small).read_bytes()


def _left(code: bytes) -> tuple[set[str], bool]:
    """Return the textures and samplers that SPIR-V ``code`` holds, and if it reads any input."""
    words = struct.unpack(f"<{len(code) // 4}I", code)
    names: dict[int, str] = {}
    variables: dict[int, int] = {}
    read: set[int] = set()
    at = 5
    while at < len(words):
        length, opcode = words[at] >> 16, words[at] & 0xFFFF
        if opcode == _OP_NAME:
            text = struct.pack(f"<{length - 2}I", *words[at + 2 : at + length])
            names[words[at + 1]] = text.split(b"\0")[0].decode()
        elif opcode == _OP_VARIABLE:
            variables[words[at + 2]] = words[at + 3]
        elif opcode in (_OP_LOAD, _OP_ACCESS_CHAIN):
            read.add(words[at + 3])
        at += length
    bound = {names[number] for number, kind in variables.items() if kind == _UNIFORM_CONSTANT}
    return bound, any(variables.get(number) == _INPUT for number in read)


def _wrong(of: Iterable[Variant], folder: Path) -> list[str]:
    """Compile every pixel shader of the variants ``of``; return what is wrong with which."""

    def look(number: int, shader: Shader) -> str:
        left, reads_input = _left(_compiled(shader, folder / str(number)))
        declared = {*shader.textures, *shader.samplers}
        found = [f"does not depend on {name}" for name in sorted(declared - left)]
        found += [f"has {name} from nowhere" for name in sorted(left - declared)]
        # OBS on OpenGL cannot draw where all that the vertex shader gives is optimised away.
        found += [] if reads_input else ["does not depend on the position"]
        if len(shader.textures) > MOST_TEXTURES:
            found.append(f"has {len(shader.textures)} textures")
        words = "+".join(re.findall(r"#define (\w+)", shader.variant.text.split("//")[0]))
        name = f"{shader.variant.name} {shader.technique} ({words})"
        return f"{name} {', '.join(found)}" if found else ""

    todo = {shader.hlsl: shader for variant in of for shader in shaders(variant)}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [found for found in pool.map(look, range(len(todo)), todo.values()) if found]


def test_every_variant_depends_on_each_texture_and_sampler_it_declares(tmp_path: Path) -> None:
    assert _wrong(variants(), tmp_path) == []


def test_what_a_result_does_not_depend_on_is_found(tmp_path: Path) -> None:
    text = (shader_variants.FOLDER / "plain.effect").read_text("utf-8")
    dead = text.replace(
        "return image.Sample(linear_clamp, v_in.uv);",
        "return image.Sample(linear_clamp, v_in.uv) * 0.0 + color;",
    )
    assert dead != text
    (found,) = _wrong([Variant("dead", dead)], tmp_path)
    assert found.startswith("dead Copy")
    for what in ("image", "linear_clamp", "the position"):
        assert f"does not depend on {what}" in found


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
    recipes = (Path(lua_half.PATH).parent / "effect_variants.lua").read_text("utf-8")

    def listed(name: str) -> list[str]:
        found = re.search(rf"^M\.{name} = \{{([^}}]*)\}}", recipes, re.M)
        assert found is not None
        return re.findall(r'"(\w+)"', found[1])

    assert sorted(listed("OUTPUTS")) == sorted(choices["output"])
    # A picture, a video and a source are drawn alike, and a still picture is fitted before.
    drawn_alike = {"image", "video", "source"}
    assert set(listed("BACKGROUNDS")) - {"picture", "fitted"} == (
        set(choices["background"]) - drawn_alike
    )
