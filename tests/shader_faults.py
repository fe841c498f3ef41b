"""What would go wrong with a shader on Direct3D 11, told without it.

HLSL to SPIR-V by glslangValidator, dead code removed by spirv-opt, and what is left compared with
what was declared: libobs-d3d11 binds textures and samplers by the order in which they stand in a
shader, but the compiler numbers those alone that the result depends on.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.shader_variants import Shader, Variant, shaders

# What OBS binds in a draw; it does not check.
MOST_TEXTURES = 8
# Of the SPIR-V specification: opcodes, and the storage class of textures and samplers.
_OP_NAME, _OP_VARIABLE, _UNIFORM_CONSTANT = 5, 59, 0
_OP_LOAD, _OP_ACCESS_CHAIN, _INPUT = 61, 65, 1


def skip_without_tools() -> None:
    """Skip the running test where the two programs are not on this machine."""
    for tool, package in {"glslangValidator": "glslang-tools", "spirv-opt": "spirv-tools"}.items():
        if shutil.which(tool) is None:
            if sys.platform == "win32":
                pytest.skip("POSIX only: the bench has Microsoft's compiler (its part registers)")
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


def faults(of: Iterable[Variant], folder: Path) -> list[str]:
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
