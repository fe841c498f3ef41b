"""The unit tests, run by Windows' Python."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath

from tests.windows.wine import BenchError, Wine

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = "C:/tests/venv/Scripts/python.exe"
FILES_PER_RUN = 8
UNFINISHED = "file without an end"
_SECONDS = 1200.0  # a run
# What a skipped test may say: that it has no sense on Windows, or none under Wine.
REASONS = ("POSIX only: ", "Linux only: ", "Not under Wine: ")
# LuaJIT's errors are Windows exceptions, each of which faulthandler would print.
_PYTEST = (PYTHON, "-m", "pytest", "-q", "-rfEs", "--tb=short", "--timeout=240",
           "-p", "no:cacheprovider", "-p", "no:faulthandler",
           "--continue-on-collection-errors")  # fmt: skip
_SKIP = re.compile(r"(?m)^SKIPPED \[(\d+)\] (\S+): (.*)$")
_COUNTS = re.compile(r"(\d+) (passed|failed|error|errors|skipped|deselected)\b")
_END = re.compile(r"^=* ?((\d+ \w+(, )?)+|no tests ran) in [\d.]+s")
Say = Callable[[bool, str], None]


def check(wine: Wine, only: str, log: Path, say: Say) -> None:
    """Run the tests and say how many passed; each reason for a skip is named.

    ``only`` names files or folders of tests, with commas between; "": all of them. A few files
    share a Python process, since on Windows a test that takes too long ends the process. Where that
    happens, each of the files is run by itself.
    """
    before = wine.environment
    wine.environment = {
        **before,
        "OBS_VIRTUAL_BACKGROUND_DATA": "C:\\tests\\data",
        "WINEPATH": "C:\\obs31\\bin\\64bit",  # where LuaJIT is
    }
    total: Counter[str] = Counter()
    try:
        with log.open("w", encoding="utf-8", buffering=1) as out:
            for name, files in runs(all_tests(), only):
                told = _run(wine, files, out.write)
                if len(files) == 1 or _ended(told):
                    total += _judge(name, told, say)
                    continue
                print(f"     {name} did not end: each of its files by itself", flush=True)
                for file in files:
                    total += _judge(file, _run(wine, [file], out.write), say)
    finally:
        wine.environment = before
    say(_is_good(total), f"unit tests on Windows Python, all together: {_text(total)}")


def all_tests() -> list[str]:
    """Return the files of the unit tests."""
    found = (CHECKOUT / "tests/unit").rglob("test_*.py")
    return sorted(path.relative_to(CHECKOUT).as_posix() for path in found)


def runs(files: Sequence[str], only: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the files of each run; ``only`` is that of :func:`check`."""
    chosen = only.split(",") if only else ["."]
    wanted = [
        file for file in files if any(PurePosixPath(file).is_relative_to(name) for name in chosen)
    ]
    for folder, inside in groupby(sorted(wanted, key=_folder), key=_folder):
        rest = list(inside)
        count = -(-len(rest) // FILES_PER_RUN)
        for number in range(count):
            # Every nth file, so that the slow ones, which have similar names, are spread.
            name = f"{folder} ({number + 1} of {count})" if count > 1 else folder
            yield name, rest[number::count]


def _folder(file: str) -> str:
    return str(PurePosixPath(file).parent)


def _run(wine: Wine, files: Sequence[str], write: Callable[[str], object]) -> str:
    try:
        done = wine.run([*_PYTEST, *files], "C:/product", timeout=_SECONDS)
        told = done.stdout.decode("utf-8", "replace").replace("\r", "")
    except BenchError as error:
        told = str(error)
    write(f"== {' '.join(files)}\n{told}\n")
    return told


def _last_line(told: str) -> str:
    return next((line for line in reversed(told.splitlines()) if line.strip()), "no answer")


def _ended(told: str) -> bool:
    return _END.match(_last_line(told)) is not None


def _judge(name: str, told: str, say: Say) -> Counter[str]:
    """Say what came of a run; return its counts by word."""
    last = _last_line(told)
    counts: Counter[str] = Counter()
    for number, word in _COUNTS.findall(last) if _ended(told) else [("1", UNFINISHED)]:
        counts[word.rstrip("s")] += int(number)
    for number, place, reason in _SKIP.findall(told):
        skipped = f"skipped {number} of {place}: {reason}"
        if reason.startswith(REASONS):
            print(f"     {skipped}", flush=True)
        else:
            say(False, skipped)
    reason = f" ({last})" if counts[UNFINISHED] or not counts else ""
    say(_is_good(counts), f"{name} on Windows Python: {_text(counts)}{reason}")
    return counts


def _is_good(counts: Counter[str]) -> bool:
    return bool(counts) and not counts["failed"] + counts["error"] + counts[UNFINISHED]


def _text(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items())
