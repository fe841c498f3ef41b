"""How a worker ended is said in words; an end that comes again and again fills no log."""

from __future__ import annotations

import re
import sys

import pytest

from vb_link import exit_status, texts
from vb_script.worker_problem import LINES_SECONDS, MOST_LINES, Ended, EndLines
from vb_script.worker_process import Blame

ENGLISH, JAPANESE = texts.load("en-US"), texts.load("ja-JP")
ON_POSIX = pytest.mark.posix("Windows has no signals")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(-9, "ended by signal 9, SIGKILL: killed", marks=ON_POSIX),
        pytest.param(
            -4, "SIGILL: an instruction that this processor does not have", marks=ON_POSIX
        ),
        pytest.param(-250, "ended by signal 250, signal 250", marks=ON_POSIX),
        (0xC0000005, "ended by the system, 0xC0000005: invalid memory access"),
        (0xC000001D, "0xC000001D: an instruction that this processor does not have"),
        (0xC0000999, "ended by the system, 0xC0000999"),
        (3, "exit status 3"),
        (0, "exit status 0"),
    ],
)
def test_an_end_is_said_in_words(code: int, expected: str) -> None:
    assert expected in Ended(code).reason(ENGLISH)
    assert expected in Ended(code).text(ENGLISH)
    assert "{" not in Ended(code).text(JAPANESE)


def test_a_negative_windows_status_is_the_same_as_its_hexadecimal_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert exit_status.name(0xC0000005 - (1 << 32)) == exit_status.name(0xC0000005) == "0xC0000005"
    assert exit_status.is_crash(-1073741819)
    assert exit_status.from_outside(0xC000013A) and not exit_status.from_outside(0xC0000005)


def test_every_meaning_is_of_a_name_there_is_in_both_languages() -> None:
    path = texts.FOLDER / "en-US.ini"
    named = re.findall(r"^Ended\.(SIG\w+|0x\w+)=", path.read_text("utf-8"), re.M)
    assert len(named) > 20
    for name in named:
        assert JAPANESE[f"Ended.{name}"] != ENGLISH[f"Ended.{name}"]
        if name.startswith("0x"):
            assert exit_status.name(int(name, 16)) == name


@ON_POSIX
def test_who_is_killed_from_outside_is_not_to_blame() -> None:
    blame = Blame()
    for _ in range(10):
        blame.note("a", -9)
    for _ in range(3):
        blame.note("b", -11)
    assert blame.refused() == ["b"]


def test_ends_without_end_are_counted_and_not_all_written() -> None:
    now = [100.0]
    lines = EndLines(lambda: now[0])
    written = [line for line in (lines.line(Ended(1), ENGLISH) for _ in range(50)) if line]
    assert len(written) == MOST_LINES
    now[0] += LINES_SECONDS
    line = lines.line(Ended(-9 if sys.platform != "win32" else 1), ENGLISH)
    assert line.startswith("The helper program stopped (")
    assert f"{50 - MOST_LINES} time(s) more" in line
    assert "more" not in lines.line(Ended(1), ENGLISH)


def test_last_words_belong_to_an_end_of_its_own_only() -> None:
    assert Ended(1, "no memory").reason(ENGLISH) == "exit status 1: no memory"
    assert "no memory" not in Ended(0xC0000005, "no memory").reason(ENGLISH)
