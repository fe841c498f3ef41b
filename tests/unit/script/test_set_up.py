"""The button that sets everything up, on a program that stands in for the installer."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vb_install import interpreters
from vb_install.system import InstallError
from vb_link import folders, isolated, steps, texts
from vb_script import reload_state, set_up
from vb_script.set_up import SetUp

ENGLISH = texts.load("en-US")
STARTS = "import json, sys, time\ndef tell(**what): print(json.dumps(what), flush=True)\n"
WAITS = STARTS + "tell(step='packages', share=0.5, detail='numpy 2')\nsys.stdin.read()\n"


class Setting:
    """A set-up of these lines of Python, and what it has told OBS's log."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
        self.told: list[str] = []
        self.started = 0

        def command(*_words: object) -> list[str]:
            self.started += 1
            return [sys.executable, "-u", "-c", program]

        monkeypatch.setattr(isolated, "command", command)
        self.now = self.after_reload()

    def after_reload(self) -> SetUp:
        return SetUp(ENGLISH, self.told.append)

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + 60
        while words not in self.now.sentence:
            assert time.monotonic() < deadline, self.now.sentence
            time.sleep(0.01)

    def end(self) -> str:
        """Start it, wait for its end and return what the panel then says."""
        self.now.start()
        self.now.wait(60)
        assert not self.now.is_running()
        return self.now.sentence


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is set up, and the Python of these tests is the one that is found."""
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    monkeypatch.setattr(reload_state, "_NAME", "_test_survivors_of_the_set_up")
    monkeypatch.delitem(sys.modules, "_test_survivors_of_the_set_up", raising=False)
    found = SimpleNamespace(executable=sys.executable)
    monkeypatch.setattr(interpreters, "choose", lambda *_: found)
    yield
    SetUp(ENGLISH, lambda _: None).cancel()


def test_what_is_missing_is_said_before_anything_is_pressed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting(monkeypatch, WAITS)
    assert setting.now.is_needed() and "Set up fetches it" in setting.now.sentence
    assert setting.now.answer == "" and setting.started == 0


def test_the_bar_and_the_step_are_shown_and_one_press_is_one_set_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting(monkeypatch, WAITS)
    setting.now.start()
    setting.wait_for("Fetching numpy 2")
    assert setting.now.sentence.startswith("■■■□□□□□□□ 35 %\n")
    setting.now.start()
    assert setting.started == 1
    setting.now.cancel()
    setting.now.wait(60)
    assert setting.now.sentence == ENGLISH["SetUp.Cancelled"] == setting.told[-1]
    setting.now.start()
    setting.wait_for("Fetching numpy 2")
    assert setting.started == 2


def test_it_is_found_again_after_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting(monkeypatch, WAITS)
    setting.now.start()
    before = setting.now
    setting.wait_for("Fetching numpy 2")
    setting.now = setting.after_reload()
    assert setting.now.is_running() and "35 %" in setting.now.sentence
    setting.now.start()
    assert setting.started == 1, "two at once"
    setting.now.cancel()
    before.wait(60)
    assert not setting.now.is_running() and setting.now.sentence == ENGLISH["SetUp.Cancelled"]


def test_when_it_is_done_nothing_is_left_to_press(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = folders.venv_python()
    program = STARTS + (
        f"import pathlib\np = pathlib.Path({str(python)!r})\np.parent.mkdir(parents=True)\n"
        "p.touch()\ntell(done=True, model=True)"
    )
    setting = Setting(monkeypatch, program)
    assert "keep that folder" in setting.end() == setting.now.answer
    assert not setting.now.is_needed()
    (tmp_path / folders.UNFINISHED).touch()
    assert setting.now.is_needed() and setting.now.sentence == ENGLISH["SetUp.Missing"]


@pytest.mark.parametrize("fault", set_up.FAULTS)
@pytest.mark.parametrize("locale", ["en-US", "ja-JP"])
def test_each_fault_is_one_sentence_that_names_the_button(fault: str, locale: str) -> None:
    table = texts.load(locale)
    said = table[f"SetUp.Fault.{fault}"]
    assert table["Panel.SetUp"] in said and "\\n" not in said


def test_a_fault_of_the_installer_is_said_in_the_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    line = steps.line(fault="network", said="no route")
    setting = Setting(monkeypatch, f"print({line!r})\nraise SystemExit(1)")
    assert setting.end() == ENGLISH["SetUp.Fault.network"]
    line = steps.line(fault="other", said="it rained.")
    setting = Setting(monkeypatch, f"print({line!r})\nraise SystemExit(1)")
    assert "failed: it rained. Mend that" in setting.end()


def test_a_crash_is_said_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting(monkeypatch, "raise MemoryError('out of it')")
    assert "ended by itself (MemoryError: out of it)" in setting.end()
    setting = Setting(monkeypatch, STARTS + "tell(step='model')\nimport os\nos._exit(3)")
    assert "ended by itself (3)" in setting.end()


def test_without_a_python_it_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise InstallError("none was found", "python")

    monkeypatch.setattr(interpreters, "choose", none)
    setting = Setting(monkeypatch, WAITS)
    assert "install a 64-bit Python 3.12" in setting.end() and setting.started == 0


@pytest.mark.parametrize(
    ("code", "words"), [(errno.EACCES, "may not be written"), (errno.ENOSPC, "is full")]
)
def test_what_the_system_refuses_is_said(
    monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    setting = Setting(monkeypatch, WAITS)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert words in setting.end()


@pytest.mark.posix("a process group")
def test_all_that_it_started_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    program = STARTS + (
        "import subprocess\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "tell(step='packages', share=0.5, detail=str(child.pid))\ntime.sleep(600)"
    )
    setting = Setting(monkeypatch, program)
    setting.now.start()
    setting.wait_for("Fetching ")
    pid = int(setting.now.sentence.split("Fetching ")[1].split("\n")[0])
    setting.now.cancel()
    setting.now.wait(60)
    deadline = time.monotonic() + 60
    while _lives(pid):
        assert time.monotonic() < deadline, "a child outlived it"
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/stat").read_text("utf-8") if sys.platform == "linux" else ""
        os.kill(pid, 0)
    except OSError:
        return False
    return " Z " not in words
