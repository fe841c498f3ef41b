"""One torture run of OBS from start to end, and its verdict."""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.obs import plugins
from tests.obs.conftest import BASELINE_LEAKS, FAULT, graphics_errors, worker_pids
from tests.obs.shooting import shooting
from tests.obs.stage import CAMERA, SCENE, Stage
from tests.torture import freeze
from tests.torture.walk import OTHER_COLLECTION, Walk
from vb_demo.obs_session import COLLECTION, SCRIPT, ObsSession

SCRIPTS = Path(__file__).resolve().parents[1] / "obs" / "scripts"
SIZE = (640, 360)
# Makes glibc give freed memory back at once, by one threshold and few arenas, so that the memory at
# rest is what is in use (mallopt(3)).
MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
# MiB that OBS and the worker may grow by at rest. OBS keeps each combination's shaders until it
# closes (a megabyte each, 52 at most), as well as what its driver once allocated.
MOST_GROWTH = {"OBS": 150, "The worker": 100}
# After this many rests all caches are full: from then on neither may grow by more than this share.
SETTLED_RESTS, MOST_SHARE = 60, 0.1


@dataclass
class Verdict:
    """The result of a walk: ``faults`` is empty when all is well.

    ``freezes`` describes each OBS that hung in a deadlock of its own, with none of our code in it:
    the walk went on with another OBS. ``rests`` has the memory at rest of each OBS and its worker,
    in MiB; ``leaks`` what the last one's log says; ``looks`` how often a private camera's picture
    was searched for its room.
    """

    seed: int
    steps: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    freezes: list[str] = field(default_factory=list)
    rests: list[list[tuple[float, float]]] = field(default_factory=list)
    leaks: int | None = None
    hammered: int = 0
    looks: int = 0

    def text(self) -> str:
        lines = [
            f"Seed {self.seed}: {len(self.steps)} steps, the other script went round "
            f"{self.hammered} times, {self.looks} looks at the private camera, "
            f"{self.leaks} memory leaks in OBS's log, "
            f"OBS froze by itself {len(self.freezes)} times."
        ]
        for memory in self.rests:
            for whose, rows in _at_rest(memory).items():
                first, last = _ends(rows)
                lines.append(
                    f"{whose} at rest: {first:.0f} MiB at first, {last:.0f} at last"
                    f" ({' '.join(f'{row:.0f}' for row in rows)})."
                )
        return "\n".join([*lines, *self.freezes])

    def failure(self) -> str:
        """Return what is needed to reproduce it."""
        return "\n".join([*self.steps, *self.faults, f"Again: --seed {self.seed}"])


def _at_rest(memory: list[tuple[float, float]]) -> dict[str, list[float]]:
    """Return each process's memory in MiB at each time all filters but one were removed."""
    whole = {whose: [row[index] for row in memory] for index, whose in enumerate(MOST_GROWTH)}
    seen = {whose: [row for row in rows if row] for whose, rows in whole.items()}
    return {whose: rows for whose, rows in seen.items() if rows}


def _ends(rows: list[float]) -> tuple[float, float]:
    """Return the medians of the first and the last quarter."""
    quarter = max(len(rows) // 4, 1)
    # At the first rest not everything that is created once has been created.
    return statistics.median(rows[1 : 1 + quarter] or rows), statistics.median(rows[-quarter:])


def growth(memory: list[tuple[float, float]]) -> list[str]:
    """Return a sentence for each process that grew: OBS's and the worker's MiB at each rest."""
    faults = []
    for whose, rows in _at_rest(memory).items():
        first, last = _ends(rows)
        if last - first > MOST_GROWTH[whose]:
            faults.append(f"{whose} grew from {first:.0f} to {last:.0f} MiB.")
        settled = rows[SETTLED_RESTS:]
        if len(settled) >= SETTLED_RESTS // 2:
            first, last = _ends(settled)
            if last > (1 + MOST_SHARE) * first:
                faults.append(
                    f"{whose} grew from {first:.0f} to {last:.0f} MiB after rest {SETTLED_RESTS}."
                )
    return faults


def torture(seed: int, minutes: float, folder: Path) -> Verdict:
    """Torture an OBS in ``folder`` for ``minutes``. Its user data folder is there, too."""
    verdict = Verdict(seed)
    end = time.monotonic() + 60 * minutes
    while not verdict.rests or (time.monotonic() < end and not verdict.faults):
        number = len(verdict.rests)
        with _own_data(folder / f"obs{number}") as environment:
            # An OBS that hangs by itself ends its walk, but not the torture.
            _torture(verdict, seed + number, end, folder / f"obs{number}", environment)
    return verdict


@contextlib.contextmanager
def _own_data(folder: Path) -> Iterator[dict[str, str]]:
    """Make the user data folder; yield the environment variables for OBS."""
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "venv").symlink_to(sys.prefix)
    before = os.environ.get("OBS_VIRTUAL_BACKGROUND_DATA")
    os.environ["OBS_VIRTUAL_BACKGROUND_DATA"] = str(data)
    try:
        yield {
            "RELOAD_FOLDER": str(folder),
            "HAMMER_FOLDER": str(folder),
            "WINDOW_FOLDER": str(folder),
            "OBS_VIRTUAL_BACKGROUND_DATA": str(data),
            **MALLOC,
        }
    finally:
        if before is None:
            del os.environ["OBS_VIRTUAL_BACKGROUND_DATA"]
        else:
            os.environ["OBS_VIRTUAL_BACKGROUND_DATA"] = before


def threads(pid: int) -> list[str]:
    """Return a line per thread: its state, and the CPU time it took in half a second.

    In a deadlocked OBS the threads sleep; in an endless loop one thread takes all of it.
    """

    def look() -> dict[str, tuple[str, str, int]]:
        found = {}
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
                name = (task / "comm").read_text().strip()
                found[task.name] = name, fields[0], int(fields[11]) + int(fields[12])
        return found

    before = look()
    time.sleep(0.5)
    return [
        f"thread {task} {name}: {state}, {ticks - before[task][2]} ticks of 50"
        for task, (name, state, ticks) in look().items()
        if task in before
    ]


def _torture(
    verdict: Verdict, seed: int, end: float, folder: Path, environment: dict[str, str]
) -> None:
    """Walk one OBS until ``end`` and add the result to ``verdict``."""
    shared = set(Path("/dev/shm").iterdir())
    beside = [SCRIPTS / f"{name}.py" for name in ("reload", "hammer", "window")]
    scripts: Any = [(path, {}) for path in (SCRIPT, *beside)]
    session = ObsSession(
        folder, width=SIZE[0], height=SIZE[1], scripts=scripts,
        environment={**plugins.environment(), **environment},
        collections=(COLLECTION, OTHER_COLLECTION),
        # Studio Mode has sources of its own on program.
        window={"EditPropertiesMode": "true"},
    )  # fmt: skip
    session.start()
    pid = session.pid
    walk = Walk(Stage(session), seed)
    faults, frozen = verdict.faults, len(verdict.freezes)
    try:
        walk.set_up()
        with shooting(session, [CAMERA, SCENE]):
            while time.monotonic() < end:
                walk.step()
        walk.rest()
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        if session.running:
            _stands_still(verdict, pid, f"{problem} (seed {seed}, step {len(walk.steps)})")
        else:
            faults += [problem, "OBS ended in the middle of it."]
    time.sleep(1.0)
    report = session.stop(
        before_kill=lambda: _stands_still(verdict, pid, f"OBS did not close (seed {seed})")
    )
    verdict.steps += walk.steps
    verdict.looks += walk.secret.looks
    verdict.rests.append(walk.memory)
    verdict.leaks = report.leaks
    if len(verdict.freezes) == frozen:
        if not report.clean:
            faults.append("OBS did not end cleanly:\n" + report.log[-3000:])
        # OBS without any script leaks one block more with each switch of the scene collection.
        allowed = BASELINE_LEAKS + walk.switches
        if report.leaks is None or report.leaks > allowed:
            faults.append(f"OBS's log tells of {report.leaks} memory leaks; {allowed} are its own.")
    deadline = time.monotonic() + 20
    while worker_pids(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    if worker_pids(pid):
        faults.append("A worker outlived OBS.")
    if not set(Path("/dev/shm").iterdir()) <= shared:
        faults.append("Shared memory was left.")
    lines = [line for line in report.log.splitlines() if "hammer.py" not in line]
    for sign in ("Traceback (most recent call last)", ".lua:", "does not compile"):
        faults += [line for line in lines if sign in line]
    faults += [line for line in lines if FAULT.search(line) and line not in faults]
    faults += graphics_errors(report.log)[:20] + growth(walk.memory)
    count = folder / "hammer.count"
    verdict.hammered += int(count.read_text() or 0) if count.exists() else 0


def _stands_still(verdict: Verdict, pid: int, problem: str) -> None:
    """Note why an OBS hangs: a fault, unless it is OBS's own."""
    found = freeze.inspect(pid)
    told = [problem, *found.lines()]
    if found.of_obs_alone:
        verdict.freezes.append("\n".join(["OBS froze by itself:", *told]))
    else:
        verdict.faults += [*told, *threads(pid), *freeze.gdb(pid)]
