"""Runs inside a Debian of the matrix with that Debian's Python: environment, then a module.

Writes ``/result.json``: the versions, and what became of each test, or of the module where that
is not pytest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from vb_install import environment, interpreters, obs_packages
from vb_install.environment import Environment
from vb_install.system import InstallError, System

RESULT = Path("/result.json")
_REPORT = Path("/result.xml")
PYTEST = "pytest"
_PLUGINS = Path("/obs-plugins")


def main(arguments: list[str]) -> int:
    RESULT.unlink(missing_ok=True)
    _REPORT.unlink(missing_ok=True)
    system = System()
    venv = Environment(system, Path("/venv"), environment.LOCKS / "test.lock")
    try:
        if not venv.is_complete():
            venv.make(interpreters.choose(system, None), Path("/environment.log"))
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    obs_packages.fetch_plugins(system, _PLUGINS)
    started = time.monotonic()
    module, *words = arguments
    if module == PYTEST:
        words = ["--junitxml", str(_REPORT), *words]
    # OBS's Python would look in whole paths for scripts before their own folders.
    plugins = {obs_packages.PLUGINS_VARIABLE: str(_PLUGINS)}
    paths = {**os.environ, **plugins, "PYTHONPATH": ".:obs_script"}
    code = subprocess.run([*venv.command, "-m", module, *words], env=paths, check=False).returncode
    seconds = time.monotonic() - started
    if module != PYTEST:
        tests = [outcome_of(module, code, seconds)]
    else:
        tests = outcomes(_REPORT.read_text("utf-8")) if _REPORT.exists() else []
    RESULT.write_text(json.dumps({**_versions(), "seconds": round(seconds), "tests": tests}))
    return code


def outcome_of(module: str, code: int, seconds: float) -> dict[str, Any]:
    """Return what became of a module that is no test but has an exit status."""
    return {
        "name": module,
        "outcome": "failed" if code else "passed",
        "seconds": seconds,
        "message": f"exit status {code}" if code else "",
    }


def outcomes(report: str) -> list[dict[str, Any]]:
    """Return name, outcome, seconds and last line of what is wrong, of each test of a JUnit XML."""
    found = []
    for case in ElementTree.fromstring(report).iter("testcase"):
        outcome, message = "passed", ""
        for kind in ("skipped", "failure", "error"):
            element = case.find(kind)
            if element is not None:
                outcome = "skipped" if kind == "skipped" else "failed"
                message = element.get("message") or ""
        found.append(
            {
                "name": f"{case.get('classname', '')}::{case.get('name', '')}",
                "outcome": outcome,
                "seconds": float(case.get("time") or 0.0),
                "message": message,
            }
        )
    return found


def _versions() -> dict[str, str]:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "obs-studio"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {"obs": asked.stdout.strip(), "python": sys.version.split()[0]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
