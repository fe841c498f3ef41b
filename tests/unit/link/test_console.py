"""Output that a pipe's encoding cannot hold is written by its number and ends nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vb_link import console

ROOT = Path(__file__).resolve().parents[3]
NAME = "\u30e6\u30fc\u30b6\u30fc \u540d"


def _with_code_page(
    *words: str, folder: Path, encoding: str = "cp1252"
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of ours as Windows would with its output piped: in a code page, strictly."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding,
                   "PYTHONPATH": str(ROOT / "obs_script"),
                   "OBS_VIRTUAL_BACKGROUND_DATA": str(folder / "data")}  # fmt: skip
    environment.pop("PYTHONUTF8", None)
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, check=False, cwd=folder
    )


@pytest.mark.parametrize(
    "words",
    [
        (str(ROOT / "install.py"), "--dry-run", "--obs-config", NAME),
        ("-m", "vb_worker", "mask", "-o", "out", NAME),
        ("-m", "vb_worker", "models", "install", NAME),
        pytest.param(
            ("-m", "vb_demo", "--source", NAME, "--output", f"{NAME}/{NAME}"),
            marks=pytest.mark.posix("the demo is Linux's"),
        ),
    ],
    ids=["install", "mask", "models", "demo"],
)
def test_a_name_outside_the_code_page_is_escaped(words: tuple[str, ...], tmp_path: Path) -> None:
    done = _with_code_page(*words, folder=tmp_path)
    said = (done.stdout + done.stderr).decode("cp1252")
    assert "Traceback" not in said and "UnicodeEncodeError" not in said
    assert "\\u30e6" in said


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_a_plan_with_such_a_folder_is_printed_to_a_pipe(errors: str, tmp_path: Path) -> None:
    config = tmp_path / NAME / "obs-studio"
    config.mkdir(parents=True)
    done = _with_code_page(
        str(ROOT / "install.py"), "--dry-run", "--obs-config", str(config),
        folder=tmp_path, encoding=f"cp1252:{errors}",
    )  # fmt: skip
    assert b"Dry run: nothing was changed." in done.stdout, done.stderr
    assert rb"\u30e6" in done.stdout


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "ascii"])
def test_a_stream_takes_all_from_then_on(
    encoding: str, errors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors=errors, write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", None)
    console.prepare()
    print(NAME, "\udcff")
    assert b"\\udcff" in raw.getvalue()
    assert raw.getvalue().decode(encoding).startswith(NAME if encoding == "utf-8" else "\\u30e6")
