"""Every pixel shader, compiled by Microsoft's compiler: does it use the registers that OBS binds?

libobs-d3d11 numbers textures and samplers in the order of their declaration in a shader; the
compiler assigns registers only to those that the result needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from tests import shader_variants
from tests.windows.wine import BenchError, Wine


def check(wine: Wine, say: Callable[[bool, str], None]) -> None:
    told = compiled(wine)
    wrong = {name: fault for name, (fault, _) in told.items() if fault}
    for name, fault in wrong.items():
        say(False, f"{name}: {fault}")
    say(not wrong, f"registers: {len(told)} shaders, {len(wrong)} wrong")


def compiled(wine: Wine, times: int = 1) -> dict[str, tuple[str, float]]:
    """Compile every pixel shader; return by name what is wrong, or "", and the milliseconds.

    Of several ``times`` the fastest counts: other programs may run. Raises BenchError.
    """
    rows = [
        {
            "name": f"{variant.name}/{shader.technique}",
            "hlsl": shader.hlsl,
            "textures": shader.textures,
            "samplers": shader.samplers,
        }
        for variant in shader_variants.variants()
        for shader in shader_variants.shaders(variant)
    ]
    (wine.drive / "shaders.json").write_text(json.dumps(rows), "utf-8")
    script = "C:/product/tests/windows/compile_shaders.py"
    done = wine.run(["C:/Python312/python.exe", script, "C:/shaders.json", "C:/registers.json",
                     "C:/obs31/bin/64bit/d3dcompiler_47.dll", str(times)],
                    timeout=1200)  # fmt: skip
    if done.returncode != 0:
        raise BenchError(f"The compiler did not run: {done.stdout.decode()[-400:]}")
    told = json.loads((wine.drive / "registers.json").read_text("utf-8"))
    return {name: (fault, float(took)) for name, (fault, took) in told.items()}
