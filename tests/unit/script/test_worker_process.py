"""The worker is watched and started anew, whatever happens to it or to what looks after it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vb_link import folders, memory, processor, texts, wake
from vb_script import worker_process
from vb_script.worker_problem import Ended
from vb_script.worker_process import WorkerProcess

# Windows has none; there a process that is ended so has exit status 15.
KILL = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL

ENGLISH = texts.load("en-US")
WAITS = "import sys\nsys.stdin.read()\n"


class Watched:
    """A worker of a few lines, and what the script was told of it."""

    def __init__(self, on_second: Callable[[], None] = lambda: None) -> None:
        self.shared = memory.create()
        self.epoch = 0
        self.lines: list[str] = []
        self.ends: list[Ended] = []
        self.errors: list[str] = []
        self.worker = WorkerProcess(
            self.shared, wake.Wake(), next_epoch=self._next, on_second=on_second,
            on_line=self.lines.append, on_end=self.ends.append,
            on_error=lambda error: self.errors.append(str(error)),
        )  # fmt: skip

    def _next(self) -> int:
        self.epoch += 1
        return self.epoch


Watch = Callable[..., Watched]


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Start a worker of these lines of Python."""
    package = tmp_path / "vb_worker"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.setattr(folders, "PACKAGES", tmp_path)
    monkeypatch.setattr(folders, "venv_python", lambda: Path(sys.executable))
    started: list[Watched] = []

    def start(code: str = WAITS, **options: Any) -> Watched:
        (package / "serve.py").write_text(code)
        made = Watched(**options)
        started.append(made)
        made.worker.start()
        return made

    yield start
    for made in started:
        made.worker.stop()


def _until(what: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_whose_standard_error_another_process_holds_is_followed_by_the_next(
    watch: Watch,
) -> None:
    watched = watch(
        "import subprocess, sys\n"
        "if '1' in sys.argv:\n"
        "    other = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "    print(subprocess.Popen(other).pid, file=sys.stderr, flush=True)\n"
        "else:\n"
        "    sys.stdin.read()\n"
    )
    try:
        _until(lambda: watched.epoch == 2 and watched.worker.pid)
    finally:
        os.kill(int(watched.lines[0]), KILL)


def test_a_worker_that_closes_its_standard_error_is_watched_on(watch: Watch) -> None:
    seconds: list[float] = []
    watched = watch(
        f"import os\nos.close(2)\n{WAITS}", on_second=lambda: seconds.append(time.monotonic())
    )
    _until(lambda: len(seconds) > 1)
    assert watched.epoch == 1


def test_a_line_without_an_end_is_passed_on_in_parts(watch: Watch) -> None:
    size = 3 * worker_process.LONGEST_LINE
    watched = watch(f"import os\nos.write(2, b'x' * {size})\n{WAITS}")
    _until(lambda: sum(map(len, watched.lines)) == size)
    assert max(map(len, watched.lines)) == worker_process.LONGEST_LINE


def test_a_library_s_coloured_utf_16_reaches_obs_s_log_as_plain_text(watch: Watch) -> None:
    said = "\x1b[0;93m[W:onnxruntime] slow\x1b[m\r\n  and more\r\n".encode("utf-16-le")
    watched = watch(f"import os\nos.write(2, {said!r})\n{WAITS}")
    _until(lambda: watched.worker.last_line == "  and more")
    assert watched.lines == ["[W:onnxruntime] slow", "  and more"]


def test_a_worker_that_says_too_much_does_not_fill_obs_s_log(watch: Watch) -> None:
    count = 2 * worker_process.MOST_LINES
    watched = watch(f"import sys\nfor n in range({count}): print(n, file=sys.stderr)\n{WAITS}")
    _until(lambda: watched.worker.last_line == str(count - 1))
    assert len(watched.lines) == worker_process.MOST_LINES
    assert watched.lines[-2:] == [str(worker_process.MOST_LINES - 2), worker_process.ENOUGH]


def test_a_worker_that_ends_after_the_next_load_leaves_that_ones_worker_alone(
    watch: Watch,
) -> None:
    watched = watch()
    segment = watched.shared.segment
    _until(lambda: segment.life >= 0)
    segment.life, segment.worker_ready = 1 << 20, 7  # what the next load's worker would write
    watched.worker.stop()
    assert (segment.life, segment.worker_ready) == (1 << 20, 7)


def test_an_error_of_what_is_done_each_second_ends_no_watching(watch: Watch) -> None:
    def fail() -> None:
        raise ValueError("no status")

    watched = watch(on_second=fail)
    _until(lambda: watched.errors)
    os.kill(watched.worker.pid or 0, KILL)
    _until(lambda: watched.epoch == 2 and watched.worker.pid)
    assert set(watched.errors) == {"no status"}


@pytest.mark.posix("an exit status does not tell that somebody else ended a process")
def test_a_killed_worker_is_not_explained_by_what_it_said_before(watch: Watch) -> None:
    watched = watch(f"import sys\nprint('a model error', file=sys.stderr, flush=True)\n{WAITS}")
    _until(lambda: watched.lines)
    os.kill(watched.worker.pid or 0, KILL)
    _until(lambda: watched.ends)
    assert watched.worker.problem in (None, watched.ends[0])
    assert "signal 9, SIGKILL: killed" in watched.ends[0].reason(ENGLISH)
    assert "model" not in watched.ends[0].reason(ENGLISH)


def test_a_worker_that_ends_itself_is_explained_by_its_last_words(watch: Watch) -> None:
    watched = watch("import sys\nprint('an old error', file=sys.stderr)\nsys.exit('no memory')\n")
    _until(lambda: watched.ends)
    assert watched.ends[0].reason(ENGLISH) == "exit status 1: no memory"


def test_a_reason_is_not_carried_over_to_the_next_worker_s_end(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch("import sys\nsys.exit('no memory' if '1' in sys.argv else 3)\n")
    _until(lambda: len(watched.ends) > 1)
    assert watched.ends[1].reason(ENGLISH) == "exit status 3"
    monkeypatch.setattr(worker_process, "LAST_WORDS_SECONDS", -1.0)
    end = _next_end(watched)
    assert end.last_words == ""


def _next_end(watched: Watched) -> Ended:
    count = len(watched.ends)
    _until(lambda: len(watched.ends) > count)
    return watched.ends[count]


def test_a_worker_that_is_told_to_end_is_no_problem(watch: Watch) -> None:
    watched = watch()
    _until(lambda: watched.worker.pid)
    watched.worker.stop()
    assert watched.ends == [] and watched.worker.problem is None


def test_a_worker_is_not_started_again_on_a_processor_that_cannot_run_it(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "lacking", lambda: ["SSE4.2", "POPCNT"])
    seconds: list[float] = []
    watched = watch(
        f"raise SystemExit({processor.EXIT_STATUS})", on_second=lambda: seconds.append(0.0)
    )
    _until(lambda: len(seconds) > 2)  # filters that are added later get their status, too
    assert watched.epoch == 1 and watched.ends == []
    problem = watched.worker.problem
    assert problem is not None
    assert problem.text(ENGLISH).startswith("This processor lacks SSE4.2, POPCNT, which")
    assert "SSE4.2, POPCNT" in problem.text(texts.load("ja-JP"))
