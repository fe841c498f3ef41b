"""``eval``: sets in, figures and a contact sheet out."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import write_clip
from tests.unit.worker_pictures import person
from vb_worker.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "people"
    for name in ("images", "masks"):
        (made / name).mkdir(parents=True)
    for number, (width, height) in enumerate(((320, 180), (200, 150))):
        picture, truth = person(width, height)
        cv2.imwrite(str(made / "images" / f"{number}.jpg"), picture[..., ::-1])
        cv2.imwrite(str(made / "masks" / f"{number}.png"), np.rint(truth * 255))
    return made


def test_a_row_for_each_set_model_and_quality(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = "selfie_landscape,selfie_square"
    command = ["eval", str(folder), "--model", models, "--preset", "fast,balanced", "--json"]
    assert main(command) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["model"], row["quality"]) for row in rows] == [
        ("selfie_landscape", "fast"),
        ("selfie_landscape", "balanced"),
        ("selfie_square", "fast"),
        ("selfie_square", "balanced"),
    ]
    for row in rows:
        assert row["set"] == "people"
        assert row["pictures"] == 2
        assert 0.9 < row["iou"] < 1.0
        assert 0.4 < row["boundary_iou"] < row["iou"]
        assert 0.0 < row["mad"] < 0.05
        assert row["gradient"] > 0.0
        assert row["still_ms"] > 0.0
    assert rows[3]["boundary_iou"] > rows[2]["boundary_iou"], "the closer look is no better"


def test_the_threshold_is_applied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for threshold in ("0.5", "0.95"):
        assert main(["eval", str(folder), "--threshold", threshold, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)[0]["mad"])
    assert found[0] < found[1]


def test_moving_people_are_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(folder), "--moving", "1", "--quality", "fast"]) == 0
    head, _, row = capsys.readouterr().out.splitlines()
    figures = dict(zip(head.split(), row.split()))
    assert 0.0 < float(figures["flicker"]) < 5.0
    assert 0.0 < float(figures["dtssd"]) < 20.0
    assert abs(float(figures["lag_px"])) < 3.0


def test_the_contact_sheet_has_a_row_for_each_of_the_worst(folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert main(["eval", str(folder), "--sheet", str(sheet), "--quality", "fast"]) == 0
    picture = cv2.imread(str(sheet))
    assert picture is not None
    assert picture.shape == (2 * 240, 4 * 320, 3)
    truth, result, off = (picture[:240, 320 * n : 320 * (n + 1)].astype(int) for n in (1, 2, 3))
    differs = np.abs(truth - result).max(-1)
    coloured = np.ptp(off, -1)
    assert coloured[differs == 0].mean() < 2
    assert coloured[differs > 100].mean() > 50


def _sequence(folder: Path, shifts: list[float]) -> Path:
    for name in ("frames", "alphas"):
        (folder / name).mkdir(parents=True)
    for number, shift in enumerate(shifts):
        picture, truth = person(320, 180, shift=shift)
        cv2.imwrite(str(folder / "frames" / f"{number:03}.png"), picture[..., ::-1])
        cv2.imwrite(str(folder / "alphas" / f"{number:03}.png"), np.rint(truth * 255))
    return folder


def test_a_sequence_is_measured_as_a_video(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still = _sequence(tmp_path / "still", [0.0] * 6)
    moving = _sequence(tmp_path / "moving", [0.01 * number for number in range(6)])
    sheet = tmp_path / "sheet.png"
    command = ["eval", str(still), str(moving), str(folder), "--sheet", str(sheet), "--json"]
    assert main([*command, "--model", "selfie_square,selfie_landscape", "--quality", "fast"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["set"] for row in rows] == ["still", "moving", "people"] * 2
    for calm, moved, stills in (rows[:3], rows[3:]):
        assert calm["pictures"] == moved["pictures"] == 6
        assert calm["iou"] > 0.9
        assert calm["flicker"] < 1.0
        assert calm["dtssd"] < moved["dtssd"] < 20.0
        assert calm["flips"] < 1.0
        assert calm["frame_ms"] > 0.0
        assert "flicker" not in stills
    picture = cv2.imread(str(sheet))
    assert picture is not None
    assert picture.shape == (8 * 240, 4 * 320, 3), "one row a sequence, one a picture; twice"


def test_a_sequence_may_be_videos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, films = _sequence(tmp_path / "made", [0.0] * 4), tmp_path / "films"
    films.mkdir()
    for name in ("frames", "alphas"):
        read = [cv2.imread(str(path)) for path in sorted((made / name).iterdir())]
        write_clip(films / f"{name}.mp4", [np.asarray(picture, np.uint8) for picture in read])
    assert main(["eval", str(made), str(films), "--quality", "fast", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["pictures"] == second["pictures"] == 4
    assert second["iou"] == pytest.approx(first["iou"], abs=0.02)


def test_a_sequence_that_lacks_alphas_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = _sequence(tmp_path / "made", [0.0] * 3)
    (made / "alphas" / "002.png").unlink()
    assert main(["eval", str(made)]) == 1
    assert "alphas ends early" in capsys.readouterr().err
    for path in (made / "alphas").iterdir():
        path.unlink()
    (made / "alphas").rmdir()
    assert main(["eval", str(made)]) == 1
    assert "no alphas" in capsys.readouterr().err


def test_what_is_no_set_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(folder / "images")]) == 1
    assert "needs a folder images" in capsys.readouterr().err
    (folder / "masks" / "1.png").unlink()
    assert main(["eval", str(folder)]) == 1
    assert "1.jpg has no mask" in capsys.readouterr().err
    cv2.imwrite(str(folder / "masks" / "1.png"), np.zeros((5, 5), np.uint8))
    assert main(["eval", str(folder)]) == 1
    assert "one size" in capsys.readouterr().err


def test_an_unknown_quality_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(folder), "--quality", "great"]) == 2
    assert "fast, balanced, best" in capsys.readouterr().err
