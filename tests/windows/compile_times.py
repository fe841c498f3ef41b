"""What the first use of each shader variant costs OBS for Windows, as JSON on standard output.

Microsoft's compiler takes the time it takes on any computer of this speed; what a driver does with
its result is measured with Wine's translation to a software OpenGL instead. The control is the
effects of OBS's own filters, compiled among ours. OBS 30 and later keep what was compiled for
Direct3D 11 on disk: the next use of the same effects finds it there, and so does the first where
they were compiled ahead.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from typing import Any

from tests.bench import shader_compile
from tests.shader_variants import Variant
from tests.windows import registers
from tests.windows.obs_host import ObsHost
from tests.windows.wine import BenchError, Wine
from vb_link import child

SCRIPT = "C:/product/tests/bench/shader_compile.lua"
RESULT = "shots/compile.json"
PRODUCT = "C:/product/obs_script"
CACHE = "ProgramData/obs-studio/shader-cache"
_LIBRARIES = "C:/{}/bin/64bit"
_OBS_FILTERS = "data/obs-plugins/obs-filters"
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


def compile_ahead(wine: Wine, version: str) -> int:
    """Compile every effect as ``install.py`` does; return how many there are. Raises BenchError."""
    clear_cache(wine)
    code = f"import sys; sys.path.insert(0, {PRODUCT!r}); from vb_script import compile_ahead; "
    code += f"compile_ahead.main({_LIBRARIES.format(version)!r})"
    done = wine.run(["C:/Python312/python.exe", "-c", code], timeout=900)
    told = child.last_object(done.stdout.decode("utf-8", "replace")) or {}
    if not told.get("effects") or told["failed"]:
        raise BenchError(f"Effects were not compiled ahead: {told or done.stdout.decode()[-400:]}")
    return int(told["effects"])


def cached(wine: Wine) -> int:
    """Return how many compiled shaders OBS keeps on disk."""
    return len(list((wine.drive / CACHE).glob("*")))


def clear_cache(wine: Wine) -> None:
    for path in (wine.drive / CACHE).glob("*"):
        path.unlink()  # the folder itself must stay: OBS makes it when it starts


def measure(wine: Wine, host: ObsHost, uses: Sequence[str]) -> dict[str, Any]:
    """Return the figures of each use: ``ahead``, with what is on disk; ``first``, with nothing;
    ``next``. Raises BenchError.
    """
    script = host.do("script", SCRIPT)
    seen_as = f"{host.folder}/{_OBS_FILTERS}"
    own = shader_compile.controls(wine.drive / seen_as.removeprefix("C:/"), seen_as)
    chosen = shader_compile.among(shader_compile.some_variants(COUNT), own)
    thread = host.unix_process()  # its first thread is Windows' first one, too
    schedstat = f"Z:/proc/{thread}/task/{thread}/schedstat"

    def compiled(effects: list[Variant]) -> list[dict[str, Any]]:
        (wine.drive / RESULT).unlink(missing_ok=True)
        settings = shader_compile.script_settings(effects, f"C:/{RESULT}", schedstat)
        host.do("ask", script, json.dumps(settings))
        if not (wine.drive / RESULT).exists():
            raise BenchError("The script that compiles shaders gave no answer.")
        rows: list[dict[str, Any]] = json.loads((wine.drive / RESULT).read_text("utf-8"))
        return rows

    report = {}
    for use in uses:
        if use == "ahead":
            compiled(own)  # ours are on disk already
        if use == "first":
            clear_cache(wine)
        before = cached(wine)
        rows = compiled(chosen)
        report[use] = {**shader_compile.summary(rows), "new_on_disk": cached(wine) - before}
    return report
