"""What the first use of each shader variant costs OBS's graphics thread, as JSON.

``python -m tests.bench.shader_compile`` (with the project and ``obs_script`` on the path). The time
to compile an effect and that of the first and the second draw with it, in milliseconds, in a real
OBS; the driver's own cache on disk is off. ``shader_compile.lua`` does the work and runs by itself
in any OBS that has obslua: :func:`script_settings` makes its settings. OBS for Windows, with
Direct3D 11 and OpenGL: ``python -m tests.windows --folder DIR compile``.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.shader_variants import Variant, variants
from vb_demo.obs_session import ObsSession
from vb_script.lua_half import literal

SCRIPT = Path(__file__).with_suffix(".lua")


def script_settings(chosen: list[Variant], result: str) -> dict[str, str]:
    """Return the settings with which ``SCRIPT`` measures ``chosen`` into the file ``result``."""
    rows = [{"name": variant.name, "text": variant.text} for variant in chosen]
    return {"variants": literal(rows), "result": result}


def some_variants(count: int) -> list[Variant]:
    """Return ``count`` variants of composite.effect, always the same, and all of the others."""
    found = variants()
    composites = [variant for variant in found if variant.name.startswith("composite")]
    chosen = random.Random(1).sample(composites, min(count, len(composites)))
    return chosen + [variant for variant in found if variant not in composites]


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians and the worst of ``rows``, and the slowest of them by name."""
    failed = [row["name"] for row in rows if row.get("failed")]
    good = [row for row in rows if not row.get("failed")]
    report: dict[str, Any] = {"effects": len(rows), "failed": failed}
    for key in ("compile_ms", "first_draw_ms", "next_draw_ms"):
        values = [row[key] for row in good]
        report[key] = {"median": round(statistics.median(values), 2), "most": max(values)}
    slowest = sorted(good, key=lambda row: -row["compile_ms"] - row["first_draw_ms"])[:8]
    return {**report, "slowest": slowest}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="how many of composite.effect's")
    options = parser.parse_args()
    chosen = some_variants(options.count)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        session = ObsSession(
            Path(folder) / "obs",
            scripts=[(SCRIPT, script_settings(chosen, str(result)))],
            environment={"MESA_SHADER_CACHE_DISABLE": "true"},
            preview=False,
        )
        session.folder.mkdir()
        with session:
            rows = json.loads(result.read_text("utf-8"))
    print(json.dumps(summary(rows), indent=2))


if __name__ == "__main__":
    main()
