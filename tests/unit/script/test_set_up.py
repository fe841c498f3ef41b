"""The button that sets everything up, on a program that stands in for the installer."""

from __future__ import annotations

import ctypes
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


# A set-up with a child, which tells the child's number.
HAS_A_CHILD = STARTS + (
    "import subprocess, threading\n"
    f"sys.path.insert(0, {str(folders.PACKAGES)!r})\n"
    "from vb_install import inside_obs\n"
    "threading.Thread(target=inside_obs._end_with_obs, daemon=True).start()\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],\n"
    "                         stdin=subprocess.DEVNULL)\n"
    "tell(step='packages', share=0.5, detail=str(child.pid))\ntime.sleep(600)"
)
# An OBS, which tells the numbers of its set-up's process and of that one's child.
OBS = """
import sys, time
from types import SimpleNamespace
from vb_install import interpreters
from vb_link import isolated
from vb_script.reload_state import survivors
from vb_script.set_up import SetUp

interpreters.choose = lambda *_: SimpleNamespace(executable=sys.executable)
isolated.command = lambda *_: [sys.executable, "-u", "-c", sys.argv[1]]
SetUp({}, print).start()
while not survivors().set_up.last.get("detail"):
    time.sleep(0.01)
print(survivors().set_up.process.pid, survivors().set_up.last["detail"], flush=True)
time.sleep(600)
"""


def test_all_that_it_started_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting(monkeypatch, HAS_A_CHILD)
    setting.now.start()
    setting.wait_for("Fetching ")
    child = Watched(int(setting.now.sentence.split("Fetching ")[1].split("\n")[0]))
    assert child.lives()
    setting.now.cancel()
    setting.now.wait(60)
    child.wait_for_its_end()


def test_it_ends_with_an_obs_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OBS, HAS_A_CHILD], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(folders.PACKAGES)},
    ) as obs:  # fmt: skip
        assert obs.stdout is not None
        try:
            watched = [Watched(int(number)) for number in obs.stdout.readline().split()]
            assert len(watched) == 2 and all(each.lives() for each in watched)
        finally:
            obs.kill()
    for each in watched:
        each.wait_for_its_end()


class Watched:
    """A process of another's."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        if sys.platform == "win32":
            self._kernel32 = ctypes.WinDLL("kernel32")
            self._kernel32.OpenProcess.restype = ctypes.c_void_p
            synchronize = 0x00100000
            self._handle = ctypes.c_void_p(self._kernel32.OpenProcess(synchronize, False, pid))

    def lives(self) -> bool:
        if sys.platform == "win32":
            timed_out = 0x102
            return bool(self._kernel32.WaitForSingleObject(self._handle, 0) == timed_out)
        try:
            os.kill(self._pid, 0)
            path = Path(f"/proc/{self._pid}/stat")
            words = path.read_text("utf-8") if sys.platform == "linux" else ""
        except OSError:
            return False
        return " Z " not in words

    def wait_for_its_end(self) -> None:
        deadline = time.monotonic() + 60
        while self.lives():
            assert time.monotonic() < deadline, "it outlived what started it"
            time.sleep(0.01)
