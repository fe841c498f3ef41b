"""The first minutes of somebody who has only the checkout: plain pytest, pre-commit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _pytest(*words: str) -> str:
    hidden = {"OBS_VIRTUAL_BACKGROUND_TEST_MODELS", "PYTEST_ADDOPTS"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.posix("no test drives OBS on Windows")
def test_plain_pytest_leaves_out_what_needs_more_and_says_so_in_one_line() -> None:
    told = _pytest()
    (line,) = [line for line in told.splitlines() if line.startswith("Left out:")]
    assert re.search(r"\d+ that need OBS \(-m obs\)", line)
    assert re.search(r"\d+ that need the files of published networks \(-m weights\)", line)
    assert "tests/unit/" in told and "tests/obs/" not in told


@pytest.mark.posix("no test drives OBS on Windows")
def test_what_is_left_out_can_be_picked() -> None:
    told = _pytest("-m", "obs")
    assert "tests/obs/" in told and "tests/unit/" not in told and "Left out:" not in told
    assert "tests/obs/" in _pytest("tests/obs/test_doctor.py")
    told = _pytest("--all")
    assert "tests/obs/" in told and "tests/unit/" in told and "Left out:" not in told


def test_pre_commit_runs_the_ruff_that_the_tests_run() -> None:
    told = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    lock = (ROOT / "obs_script/vb_install/locks/test.lock").read_text("utf-8")
    (hook,) = re.findall(r"ruff-pre-commit\s+rev: v([\d.]+)", told)
    assert re.findall(r"^ruff==([\d.]+)", lock, re.M) == [hook]
