"""``virtual-background mask``: the files, the lines and the statuses that others script."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.worker_pictures import iou, person
from vb_worker.cli import main


def _write(path: Path, picture: NDArray[np.uint8] | NDArray[np.uint16]) -> Path:
    """Write RGB, RGBA or grey by OpenCV, which takes BGR order."""
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
    pixels = picture if picture.ndim == 2 else picture[..., order[picture.shape[2]]]
    assert cv2.imwrite(str(path), pixels)
    return path


def _read(path: Path) -> NDArray[np.uint8]:
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert mask is not None, f"{path} is not there"
    assert mask.dtype == np.uint8
    assert mask.ndim == 2
    return np.asarray(mask, np.uint8)


def _iou(mask: NDArray[np.uint8], truth: NDArray[np.float32]) -> float:
    return iou((mask / 255).astype(np.float32), truth)


def test_a_folder_gives_a_mask_and_a_line_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, truth = person(320, 180)
    folder = tmp_path / "in"
    folder.mkdir()
    _write(folder / "b.jpg", picture)
    _write(folder / "a.png", person(200, 150)[0])
    (folder / "notes.txt").write_text("not a picture")
    out = tmp_path / "new" / "masks"
    assert main(["mask", str(folder), "-o", str(out), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["input"]).name for line in lines] == ["a.png", "b.jpg"]
    assert [(line["width"], line["height"]) for line in lines] == [(200, 150), (320, 180)]
    assert all(line["ms"] > 0 for line in lines)
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png"]
    mask = _read(Path(lines[1]["output"]))
    assert mask.shape == (180, 320)
    assert _iou(mask, truth) > 0.9
    assert mask.min() == 0
    assert mask.max() == 255


def test_every_form_of_picture_is_read(tmp_path: Path) -> None:
    picture, truth = person(320, 180)
    forms = tmp_path / "in"
    forms.mkdir()
    _write(forms / "deep.png", picture.astype(np.uint16) * 257)
    _write(forms / "clear.png", np.dstack([picture, np.full((180, 320), 3, np.uint8)]))
    _write(forms / "gray.png", np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8))
    assert main(["mask", str(forms), "-o", str(tmp_path / "out")]) == 0
    for name in ("deep", "clear", "gray"):
        assert _iou(_read(tmp_path / "out" / f"{name}.png"), truth) > 0.85, name


def test_a_photograph_is_turned_the_way_its_camera_says(tmp_path: Path) -> None:
    picture, truth = person(320, 180)
    lying = np.ascontiguousarray(np.rot90(picture))  # orientation 6: turn 90 degrees clockwise
    jpeg = cv2.imencode(".jpg", lying[..., ::-1])[1].tobytes()
    tiff = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    marked = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    (tmp_path / "turned.jpg").write_bytes(marked)
    assert main(["mask", str(tmp_path / "turned.jpg"), "-o", str(tmp_path / "out")]) == 0
    mask = _read(tmp_path / "out" / "turned.png")
    assert mask.shape == (180, 320)
    assert _iou(mask, truth) > 0.9


def test_pictures_do_not_depend_on_each_other(tmp_path: Path) -> None:
    for number, shift in enumerate((0.0, 0.01, 0.02)):
        _write(tmp_path / f"p{number}.png", person(320, 180, shift)[0])
    assert (
        main(["mask", *map(str, sorted(tmp_path.glob("p*.png"))), "-o", str(tmp_path / "o")]) == 0
    )
    assert main(["mask", str(tmp_path / "p2.png"), "-o", str(tmp_path / "alone")]) == 0
    assert (tmp_path / "o/p2.png").read_bytes() == (tmp_path / "alone/p2.png").read_bytes()


def test_threshold_and_softness_act(tmp_path: Path) -> None:
    source = _write(tmp_path / "p.png", person(320, 180)[0])
    sizes = []
    for threshold in ("0.1", "0.5", "0.9"):
        out = tmp_path / threshold
        command = ["mask", str(source), "-o", str(out), "--threshold", threshold]
        assert main([*command, "--softness", "0"]) == 0
        mask = _read(out / "p.png")
        assert np.mean((mask > 0) & (mask < 255)) < 0.01
        sizes.append(int((mask > 127).sum()))
    assert sizes[0] > sizes[1] > sizes[2] > 0


def test_a_bad_picture_is_told_and_the_others_are_done(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = _write(tmp_path / "whole.png", person(320, 180)[0])
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.read_bytes()[:2000])
    (tmp_path / "empty.jpg").write_bytes(b"")
    inputs = [cut, tmp_path / "empty.jpg", tmp_path / "absent.jpg", whole]
    out = tmp_path / "out"
    assert main(["mask", *map(str, inputs), "-o", str(out)]) == 1
    told = capfd.readouterr().err.splitlines()
    assert len(told) == 3, told
    for name in ("cut.png", "empty.jpg", "absent.jpg"):
        assert any(name in line for line in told)
    assert [path.name for path in out.iterdir()] == ["whole.png"]


def test_a_folder_without_pictures_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mask", str(tmp_path), "-o", str(tmp_path / "out")]) == 1
    assert "holds no pictures" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_picture_is_overwritten_and_no_mask_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _write(tmp_path / "p.png", person(320, 180)[0])
    before = source.read_bytes()
    assert main(["mask", str(source), "-o", str(tmp_path)]) == 2
    assert source.read_bytes() == before
    other = _write(tmp_path / "p.jpg", person(320, 180)[0])
    assert main(["mask", str(other), "-o", str(tmp_path), "--plate", str(source)]) == 2
    assert "choose another name or folder for -o" in capsys.readouterr().err
    assert source.read_bytes() == before
    assert main(["mask", str(source), str(other), "-o", str(tmp_path / "out")]) == 2
    assert "both" in capsys.readouterr().err


def test_a_full_disk_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _write(tmp_path / "p.png", person(320, 180)[0])
    out = tmp_path / "out"
    out.mkdir()
    (out / "p.png").write_bytes(b"older")
    whole_write = Path.write_bytes

    def half_write(self: Path, data: bytes) -> int:
        whole_write(self, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half_write)
    assert main(["mask", str(source), "-o", str(out)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "No space left on device" in told[0]
    assert [path.name for path in out.iterdir()] == ["p.png"]
    assert (out / "p.png").read_bytes() == b"older"


def test_an_output_that_is_a_file_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _write(tmp_path / "p.png", person(320, 180)[0])
    (tmp_path / "out").write_text("")
    assert main(["mask", str(source), "-o", str(tmp_path / "out")]) == 1
    assert "a file is in its place" in capsys.readouterr().err
