"""The command's frame: help, statuses, tables, JSON."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

import vb_worker
from tests.bench import pixels
from tests.unit import traps
from vb_link import folders
from vb_worker import cli
from vb_worker.bench import one_run
from vb_worker.commands import models as models_command
from vb_worker.models import find_models
from vb_worker.offline.pictures import read_picture


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    for name in ("mask", "render", "models", "bench"):
        assert f"\n    {name}" in out


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: virtual-background {name}" in capsys.readouterr().out


def test_the_module_is_the_same_command() -> None:
    packages = Path(vb_worker.__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "vb_worker", "models", "--json"],
        cwd=packages,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "selfie_landscape" in [entry["name"] for entry in json.loads(done.stdout)]


def test_what_the_system_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_options: object) -> int:
        raise PermissionError(13, "Permission denied", "/a/file")

    monkeypatch.setattr(models_command, "run", refuse)
    assert cli.main(["models"]) == 1
    assert capsys.readouterr().err == "virtual-background: /a/file: Permission denied.\n"


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["name", "title", "licence"]
    row = next(line for line in lines if line.startswith("selfie_landscape"))
    assert "Apache-2.0" in row
    assert "256x144" in row


def test_a_broken_manifest_of_the_users_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "bad.toml").write_text("name = 3", encoding="utf-8")
    assert cli.main(["models", "--json"]) == 0
    captured = capsys.readouterr()
    assert "selfie_landscape" in [entry["name"] for entry in json.loads(captured.out)]
    assert captured.err.count("\n") == 1
    assert "bad.toml" in captured.err


def test_bench_measures_every_combination(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ["bench", "--json", "--frames", "5", "--threads", "1", "2", "--compute", "cpu"]
    plot = tmp_path / "plot.png"
    assert cli.main([*command, "--model", "selfie_landscape", "--plot", str(plot)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["model"], row["threads"]) for row in rows] == [
        ("selfie_landscape", 1),
        ("selfie_landscape", 2),
    ]
    for row in rows:
        for part in ("preprocess", "inference", "pipeline"):
            assert 0 < row[f"{part}_median_ms"] <= row[f"{part}_p99_ms"]
        assert row["fps"] == pytest.approx(1000 / row["pipeline_median_ms"], rel=0.02)
        assert row["first_ms"] > 0
        assert row["ratio"] > 0
        if sys.platform == "linux":
            assert row["memory_mb"] > 0
    picture = read_picture(plot)
    assert 0.001 < (picture < 250).mean() < 0.5


def test_a_measurement_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traps.lay(tmp_path / "trap", monkeypatch)
    row = one_run.measure_apart(
        {"model": "selfie_landscape", "compute": "cpu", "threads": 1, "frames": 1}
    )
    assert "error" not in row, row


def test_bench_prints_csv_and_recommends_by_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "--csv", "--frames", "5", "--threads", "1", "--compute", "cpu"]
    command += ["--model", "selfie_landscape", "selfie_square", "--precision", "float32"]
    assert cli.main([*command, "--recommend", "10000"]) == 0
    *lines, advice = capsys.readouterr().out.splitlines()
    rows = list(csv.DictReader(lines))
    assert [row["model"] for row in rows] == ["selfie_landscape", "selfie_square"]
    models = find_models([folders.models_dir()])
    best = max(rows, key=lambda row: models[row["model"]].accuracy)["model"]
    assert best in advice
    assert cli.main([*command, "--recommend", "0.0001"]) == 0
    assert "No model" in capsys.readouterr().out


def test_bench_of_a_halved_model(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "--json", "--frames", "5", "--threads", "1", "--compute", "cpu"]
    command += ["--model", "selfie_landscape", "--precision", "float16"]
    assert cli.main(command) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["precision"] == "float16" and row["fps"] > 0


def test_the_ways_to_prepare_a_picture_are_raced(capsys: pytest.CaptureFixture[str]) -> None:
    assert pixels.main(["--json", "--frames", "5"]) == 0
    rows = json.loads(capsys.readouterr().out)
    times = {(row["task"], row["way"]): row["median_ms"] for row in rows}
    for task in {row["task"] for row in rows if row["task"].startswith("N")}:
        assert times[task, "the worker's"] < times[task, "numpy"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["mask", "x.png", "-o", "out", "--model", "nothing"], 1),  # the picture is not there
        (["bench", "--model", "nothing"], 2),
        (["bench", "--compute", "abacus"], 2),
        (["models", "install", "nothing"], 2),
        (["models", "add", "absent.onnx"], 2),
        (["compute", "--model", "nothing"], 2),
        (["render", "absent.mp4", "-o", "out.mp4"], 1),
        (["render", "absent.mp4", "-o", "out.mp4", "--background", "#12"], 2),
    ],
)
def test_what_the_user_gets_wrong_is_one_sentence(
    arguments: list[str],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == status
    told = capsys.readouterr().err
    assert told.startswith("virtual-background: ")
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["mask"],
        ["mask", "a.png", "-o", "b", "--threshold", "2"],
        ["bench", "--frames", "0"],
        ["bench", "--size", "big"],
        ["convert", "selfie_square"],
        ["convert", "selfie_square", "-o", "x.onnx", "--input-size", "0x4"],
    ],
)
def test_a_wrong_call_ends_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2


def test_serve_gets_its_own_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    from vb_worker import serve  # noqa: PLC0415 - loaded as the command loads it

    seen: list[list[str] | None] = []

    def stand_in(argv: list[str] | None = None) -> int:
        seen.append(argv)
        return 7

    monkeypatch.setattr(serve, "main", stand_in)
    assert cli.main(["serve", "--memory", "name"]) == 7
    assert seen == [["--memory", "name"]]
