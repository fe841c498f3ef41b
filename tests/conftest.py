"""Plain ``pytest`` runs what needs the Python packages alone; ``-m`` picks the rest.

``-m obs`` drives a real OBS, ``-m weights`` needs the files of published networks, and ``--all``
runs everything. What is left out is said in one line at the end.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

OBS = Path(__file__).resolve().parent / "obs"
NEEDS = {
    "obs": "need OBS",
    "weights": "need the files of published networks",
}
OTHER_SYSTEMS = {
    "POSIX": sys.platform == "win32",
    "Linux": not sys.platform.startswith("linux"),
    "Windows": sys.platform != "win32",
}
_left_out = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all", action="store_true", help="run the tests that need OBS or weights, too"
    )


@pytest.hookimpl(tryfirst=True)  # before pytest itself looks at -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if OBS in item.path.parents:
            item.add_marker("obs")
        for system, is_other in OTHER_SYSTEMS.items():
            marker = item.get_closest_marker(system.lower())
            if marker is not None and is_other:
                item.add_marker(pytest.mark.skip(reason=f"{system} only: {marker.args[0]}"))
    left_out: Counter[str] = Counter()
    config.stash[_left_out] = left_out
    if config.getoption("all") or config.getoption("markexpr"):
        return
    named = [_path(word) for word in config.invocation_params.args if not str(word).startswith("-")]
    kept, dropped = [], []
    for item in items:
        need = next((name for name in NEEDS if item.get_closest_marker(name)), None)
        asked = any(path == item.path or path in item.path.parents for path in named)
        if need is None or (asked and need == "obs"):
            kept.append(item)
        else:
            left_out[need] += 1
            dropped.append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def _path(word: object) -> Path:
    return Path(str(word).split("::")[0]).resolve()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    left_out = config.stash.get(_left_out, Counter())
    if left_out:
        told = ", ".join(
            f"{count} that {NEEDS[need]} (-m {need})" for need, count in left_out.items()
        )
        terminalreporter.write_line(f"Left out: {told}; --all runs every test.")
