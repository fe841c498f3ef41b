"""The button that fetches the recommended model, on a command that stands in for the worker's."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from vb_link import fetch_command, folders, isolated, texts
from vb_script.model_fetch import ModelFetch

TEXTS = texts.load("en-US")


class Fetching:
    """The button's work with a Python program as the command."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
        self.told: list[str] = []
        self.asked: list[tuple[object, ...]] = []

        def command(*words: object) -> list[str]:
            self.asked.append(words)
            return [sys.executable, "-u", "-c", program]

        monkeypatch.setattr(folders, "venv_python", lambda: Path(sys.executable))
        monkeypatch.setattr(isolated, "command", command)
        self.fetch = ModelFetch(TEXTS, self.told.append)

    def wait_for(self, sentence: str) -> None:
        deadline = time.monotonic() + 60
        while sentence not in self.fetch.sentence:
            assert time.monotonic() < deadline, self.fetch.sentence
            time.sleep(0.01)


def test_progress_is_shown_and_the_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import sys; sys.stderr.write('\\rx:  40%|##  | 1/2\\r')"
    running = Fetching(monkeypatch, program)
    running.fetch.start()
    assert running.fetch.sentence != ""
    running.fetch.wait(60)
    assert running.told == [running.fetch.sentence]
    assert running.fetch.sentence == TEXTS["Panel.Fetched"].format(title="PP-HumanSeg")
    assert running.asked[0][2:] == ("vb_worker", "models", "install", "pphumanseg")


def test_it_can_be_stopped_and_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import time; print('x:  40%|##  | 1/2'); time.sleep(600)"
    running = Fetching(monkeypatch, program)
    running.fetch.start()
    running.wait_for(": 40 %")
    running.fetch.start()
    assert len(running.asked) == 1, "one at a time"
    running.fetch.stop()
    running.fetch.wait(60)
    assert running.fetch.sentence == "" and running.told == []
    running.fetch.start()
    running.wait_for(": 40 %")
    running.fetch.stop()
    running.fetch.wait(60)
    assert len(running.asked) == 2


def test_a_failure_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import sys; sys.exit('virtual-background: https://x/y could not be downloaded (no route). "
        "Get it on another computer and put it to /m, then run this again.')"
    )
    running = Fetching(monkeypatch, program)
    running.fetch.start()
    running.fetch.wait(60)
    assert running.told == [
        "PP-HumanSeg was not fetched: no route. The model that ships serves."
    ]  # fmt: skip


def test_without_the_environment_it_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = Fetching(monkeypatch, "")
    monkeypatch.setattr(folders, "venv_python", lambda: tmp_path / "python")
    running.fetch.start()
    running.fetch.wait(60)
    assert "Not set up yet" in running.fetch.sentence and running.asked == []


@pytest.mark.parametrize(
    ("line", "percent"),
    [("pphumanseg.onnx:  40%|####      | 2.4M/6.16M [00:01<00:02, 1.9MB/s]", 40),
     ("x: 100%|##########| 6.16M/6.16M", 100), ("On the test picture it finds 96% of it.", None)],
)  # fmt: skip
def test_the_progress_bar_is_read(line: str, percent: int | None) -> None:
    assert fetch_command.percent_of(line) == percent
