"""What a long step shows."""

from __future__ import annotations

import io
import re
import time

import pytest

from vb_install import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_plain_lines() -> None:
    out = io.StringIO()
    with progress.Progress("Making venv", out) as step:
        step.note("package 1: numpy 2.4.6")
    assert out.getvalue() == (
        "Making venv ...\n  package 1: numpy 2.4.6 (0 s)\nMaking venv: done in 0 s\n"
    )


def test_a_terminal_gets_one_line_that_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_EVERY", 0.01)
    out = Terminal()
    with progress.Progress("Making venv", out) as step:
        step.note("package 1: numpy 2.4.6")
        deadline = time.monotonic() + 60
        while out.getvalue().count("numpy") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert out.getvalue().count("numpy") >= 2
    assert out.getvalue().count("\n") == 1
    assert re.search(r"done in \d+ s\n$", out.getvalue())


def test_a_step_that_fails_says_so() -> None:
    out = io.StringIO()
    with pytest.raises(ValueError, match="no"), progress.Progress("Making venv", out):
        raise ValueError("no")
    assert out.getvalue().endswith("Making venv: failed in 0 s\n")
