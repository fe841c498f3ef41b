"""The unit tests, run by Windows' Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.windows.wine import Wine

PYTHON = "C:/tests/venv/Scripts/python.exe"
_SECONDS = 3600.0
# LuaJIT's errors are exceptions of Windows, which faulthandler would tell of one by one.
_PYTEST = (PYTHON, "-m", "pytest", "-q", "-rfEs", "--tb=short", "-p", "no:cacheprovider",
           "-p", "no:faulthandler", "--continue-on-collection-errors")  # fmt: skip
_SKIP = re.compile(r"(?m)^SKIPPED \[(\d+)\] (\S+): (.*)$")
_COUNTS = re.compile(r"(\d+) (passed|failed|error|errors|skipped)\b")


def check(wine: Wine, tests: str, log: Path, say: Callable[[bool, str], None]) -> None:
    """Run the tests below ``tests`` and say how many passed; each reason for a skip is named."""
    before = wine.environment
    wine.environment = {
        **before,
        "OBS_VIRTUAL_BACKGROUND_DATA": "C:\\tests\\data",
        "WINEPATH": "C:\\obs31\\bin\\64bit",  # where LuaJIT is
    }
    try:
        done = wine.run([*_PYTEST, tests], "C:/product", timeout=_SECONDS)
    finally:
        wine.environment = before
    told = done.stdout.decode("utf-8", "replace").replace("\r", "")
    log.write_text(told, encoding="utf-8")
    counts = {word.rstrip("s"): int(number) for number, word in _COUNTS.findall(_last(told))}
    for number, place, reason in _SKIP.findall(told):
        print(f"     skipped {number} of {place}: {reason}", flush=True)
    good = done.returncode == 0 and counts.get("passed", 0) > 0
    summary = ", ".join(f"{number} {word}" for word, number in counts.items()) or _last(told)
    say(good, f"unit tests on Windows Python: {summary} (see {log})")


def _last(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no answer")
