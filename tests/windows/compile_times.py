"""What the first use of each shader variant costs OBS for Windows, as JSON on standard output.

Microsoft's compiler takes the time it takes on any computer of this speed; what a driver does with
its result is measured with Wine's translation to a software OpenGL instead. OBS 30 and later keep
what was compiled for Direct3D 11 on disk: the second round of the same effects finds it there.
"""

from __future__ import annotations

import json
import statistics
from typing import Any

from tests.bench import shader_compile
from tests.windows import registers
from tests.windows.obs_host import ObsHost
from tests.windows.wine import BenchError, Wine

SCRIPT = "C:/product/tests/bench/shader_compile.lua"
RESULT = "shots/compile.json"
COUNT = 40  # of composite.effect's variants


def of_compiler(wine: Wine) -> dict[str, Any]:
    """Return how long Microsoft's compiler takes for each pixel shader there is."""
    took = {name: ms for name, (_, ms) in registers.compiled(wine, times=3).items()}
    slowest = sorted(took, key=lambda name: -took[name])[:5]
    return {
        "shaders": len(took),
        "compile_ms": {"median": round(statistics.median(took.values()), 2),
                       "most": round(max(took.values()), 2)},
        "slowest": {name: round(took[name], 2) for name in slowest},
    }  # fmt: skip


def measure(wine: Wine, host: ObsHost) -> dict[str, Any]:
    """Return the figures of the first use ever and of the next one. Raises BenchError."""
    for path in (wine.drive / "ProgramData/obs-studio/shader-cache").glob("*"):
        path.unlink()  # the folder itself must stay: OBS makes it when it starts
    script = host.do("script", SCRIPT)
    settings = shader_compile.script_settings(shader_compile.some_variants(COUNT), f"C:/{RESULT}")
    report = {}
    for use in ("first", "next"):
        (wine.drive / RESULT).unlink(missing_ok=True)
        host.do("ask", script, json.dumps(settings))
        if not (wine.drive / RESULT).exists():
            raise BenchError("The script that compiles shaders gave no answer.")
        rows = json.loads((wine.drive / RESULT).read_text("utf-8"))
        report[use] = shader_compile.summary(rows)
    return report
