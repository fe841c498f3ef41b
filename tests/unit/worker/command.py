"""Runs the console command as a test does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from vb_worker import cli


def told(arguments: Sequence[object], capsys: pytest.CaptureFixture[str]) -> str:
    """Run the command, which fails, and return its one sentence."""
    assert cli.main([str(argument) for argument in arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("virtual-background: ") and said.count("\n") == 1, said
    return said
