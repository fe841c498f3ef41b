"""What the first use of each shader variant costs OBS's graphics thread, as JSON.

``python -m tests.bench.shader_compile`` (with the project and ``obs_script`` on the path). The time
to compile an effect and that of the first and the second draw with it, in milliseconds, in a real
OBS, of the filter's effects and, as the control, of those of OBS's own filters among them; the
driver's own cache on disk is off. ``ran_ms`` of ``compile_ms`` the thread ran, ``waited_ms`` it
waited for a processor, the rest for anything else. ``shader_compile.lua`` does the work and runs by
itself in any OBS that has obslua: :func:`script_settings` makes its settings. OBS for Windows, with
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
OBS_FILTERS = Path("/usr/share/obs/obs-plugins/obs-filters")  # OBS's own, with their effects
_KEYS = ("compile_ms", "ran_ms", "waited_ms", "first_draw_ms", "next_draw_ms")


def script_settings(
    chosen: list[Variant], result: str, schedstat: str = "/proc/thread-self/schedstat"
) -> dict[str, str]:
    """Return the settings with which ``SCRIPT`` measures ``chosen`` into the file ``result``."""
    rows = [{"name": variant.name, "text": variant.text} for variant in chosen]
    return {"variants": literal(rows), "result": result, "schedstat": schedstat}


def controls(folder: Path, seen_as: str) -> list[Variant]:
    """Return the effects in ``folder`` that are, like the filter's, one pixel shader each.

    OBS sees the folder as ``seen_as``, which begins their names.
    """
    texts = {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.effect"))}
    return [
        Variant(f"{seen_as}/{name}", text)
        for name, text in texts.items()
        if text.count("technique ") == 1 and text.count("pixel_shader") == 1
    ]


def among(chosen: list[Variant], others: list[Variant]) -> list[Variant]:
    """Return ``chosen`` with ``others`` spread evenly among them: what disturbs meets both."""
    mixed = list(chosen)
    for number, other in enumerate(others):
        mixed.insert(number + (number + 1) * len(chosen) // (len(others) + 1), other)
    return mixed


def some_variants(count: int) -> list[Variant]:
    """Return ``count`` variants of composite.effect, always the same, and all of the others."""
    found = variants()
    composites = [variant for variant in found if variant.name.startswith("composite")]
    chosen = random.Random(1).sample(composites, min(count, len(composites)))
    return chosen + [variant for variant in found if variant not in composites]


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians and the worst of ``rows``, of OBS's own apart, and the slowest by name."""
    failed = [row["name"] for row in rows if row.get("failed")]
    good = [row for row in rows if not row.get("failed")]
    slowest = sorted(good, key=lambda row: -row["compile_ms"])[:8]
    return {
        "failed": failed,
        "filter": _figures([row for row in good if "/" not in row["name"]]),
        "obs": _figures([row for row in good if "/" in row["name"]]),
        "slowest": slowest,
    }


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    report: dict[str, Any] = {"effects": len(rows)}
    for key in _KEYS:
        values = [row[key] for row in rows]
        report[key] = {"median": round(statistics.median(values), 2), "most": max(values)}
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="how many of composite.effect's")
    options = parser.parse_args()
    chosen = among(some_variants(options.count), controls(OBS_FILTERS, str(OBS_FILTERS)))
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
