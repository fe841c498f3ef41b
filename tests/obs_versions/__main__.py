"""Runs tests with the OBS of several Debians: ``python -m tests.obs_versions --folder DIR``.

What is in DIR is kept and used again; delete it to begin anew. Needs Linux, root, debootstrap
and about 2 GB a Debian.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.obs_versions.debian import MIRROR, SUITES, Debian, VersionsError
from tests.obs_versions.inside import PYTEST

CHECKOUT = Path(__file__).resolve().parents[2]
MIRROR_VARIABLE = "DEBIAN_MIRROR"
# The part that shows whether an OBS fits: marked in tests/obs.
FAST = ("-m", "versions", "tests/obs")


def main(words: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(words)
    if os.geteuid() != 0:
        print("Only root may make and enter these folders: run it with sudo.", file=sys.stderr)
        return 2
    folder: Path = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = []
    try:
        for suite in options.only or SUITES:
            debian = Debian(suite, folder / suite, folder / "pip-cache")
            debian.make(options.mirror, folder / f"{suite}.log")
            results.append(_run(debian, options.module, _words(options)))
    except VersionsError as error:
        print(error, file=sys.stderr)
        return 2
    (folder / "results.json").write_text(json.dumps(results, indent=1))
    print(table(results))
    print(f"Each test's outcome: {folder / 'results.json'}")
    return 0 if all(result["code"] == 0 for result in results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.obs_versions", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the Debians are kept")
    parser.add_argument("--only", nargs="+", choices=list(SUITES), help="these Debians alone")
    parser.add_argument(
        "--mirror",
        default=os.environ.get(MIRROR_VARIABLE, MIRROR),
        help=f"a mirror of Debian's packages (or {MIRROR_VARIABLE}; %(default)s)",
    )
    parser.add_argument(
        "--module", default=PYTEST, help="run this instead of pytest: tests.by_hand, tests.torture"
    )
    parser.add_argument(
        "tests", nargs="*", help=f"after --: what that is given (pytest: {' '.join(FAST)})"
    )
    return parser


def _words(options: argparse.Namespace) -> Sequence[str]:
    given: Sequence[str] = options.tests
    return given or (FAST if options.module == PYTEST else ())


def _run(debian: Debian, module: str, words: Sequence[str]) -> dict[str, Any]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    files = [name for name in listed.split("\0") if name and (CHECKOUT / name).is_file()]
    debian.copy_in(CHECKOUT, files)
    paths = {"PYTHONPATH": "/product:/product/obs_script", "PYTHONDONTWRITEBYTECODE": "1"}
    code = debian.run(["python3", "-m", "tests.obs_versions.inside", module, *words], paths)
    result = debian.root / "result.json"
    told = json.loads(result.read_text()) if result.exists() else {"tests": []}
    return {"suite": debian.suite, "code": code, **told}


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as a table, and a line for each test that failed."""
    lines = ["| Debian | OBS | Python | passed | failed | skipped | seconds |", "|" + "---|" * 7]
    failed = []
    for result in results:
        counts = {"passed": 0, "failed": 0, "skipped": 0}
        for test in result["tests"]:
            counts[test["outcome"]] += 1
            if test["outcome"] == "failed":
                message = test["message"].split("\n")[0]
                failed.append(f"{result['suite']}: {test['name']}: {message}")
        told = [
            result["suite"],
            result.get("obs", "-"),
            result.get("python", "-"),
            *counts.values(),
        ]
        lines.append("| " + " | ".join(map(str, [*told, result.get("seconds", "-")])) + " |")
        if not result["tests"]:
            failed.append(f"{result['suite']}: no test ran (exit status {result['code']})")
    return "\n".join([*lines, *failed])


if __name__ == "__main__":
    sys.exit(main())
