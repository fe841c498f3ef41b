"""The unit tests, run by Windows' Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.windows.wine import Wine

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = "C:/tests/venv/Scripts/python.exe"
_SECONDS = 3600.0
# LuaJIT's errors are Windows exceptions, each of which faulthandler would print.
_PYTEST = (PYTHON, "-m", "pytest", "-q", "-rfEs", "--tb=short", "-p", "no:cacheprovider",
           "-p", "no:faulthandler", "--continue-on-collection-errors")  # fmt: skip
_SKIP = re.compile(r"(?m)^SKIPPED \[(\d+)\] (\S+): (.*)$")
_COUNTS = re.compile(r"(\d+) (passed|failed|error|errors|skipped)\b")


def check(wine: Wine, only: str, log: Path, say: Callable[[bool, str], None]) -> None:
    """Run the tests and say how many passed; each reason for a skip is named.

    ``only`` is a file or a folder of tests; "": all of them, each folder in its own Python process,
    as on Windows a test that takes too long ends the whole run.
    """
    before = wine.environment
    wine.environment = {
        **before,
        "OBS_VIRTUAL_BACKGROUND_DATA": "C:\\tests\\data",
        "WINEPATH": "C:\\obs31\\bin\\64bit",  # where LuaJIT is
    }
    try:
        with log.open("w", encoding="utf-8") as out:
            for tests in [only] if only else all_tests():
                done = wine.run([*_PYTEST, tests], "C:/product", timeout=_SECONDS)
                told = done.stdout.decode("utf-8", "replace").replace("\r", "")
                out.write(f"== {tests}\n{told}\n")
                _judge(tests, done.returncode, told, say)
    finally:
        wine.environment = before


def all_tests() -> list[str]:
    """Return the folders and files of the unit tests."""
    top = CHECKOUT / "tests/unit"
    found = [path for path in top.iterdir() if any(path.glob("test_*.py"))]
    found += top.glob("test_*.py")
    return sorted(path.relative_to(CHECKOUT).as_posix() for path in found)


def _judge(tests: str, code: int, told: str, say: Callable[[bool, str], None]) -> None:
    last = next((line for line in reversed(told.splitlines()) if line.strip()), "no answer")
    counts = {word.rstrip("s"): int(number) for number, word in _COUNTS.findall(last)}
    for number, place, reason in _SKIP.findall(told):
        print(f"     skipped {number} of {place}: {reason}", flush=True)
    good = code == 0 and counts.get("passed", 0) > 0
    summary = ", ".join(f"{number} {word}" for word, number in counts.items()) or last
    say(good, f"{tests} on Windows Python: {summary}")
