"""Many files in one call: several at once, in parts, gone on with."""

from __future__ import annotations

import subprocess
import sys
import threading
from argparse import ArgumentTypeError
from pathlib import Path

import av
import cv2
import pytest

import vb_worker
from tests.clips import write_clip
from tests.unit.worker_pictures import person
from vb_worker.cli import main
from vb_worker.commands.batch import Job, Stopped, part, work_through
from vb_worker.errors import UserError

FRAMES = 3
GREEN = ["--background", "#00c800"]


def _videos(folder: Path, names: str) -> Path:
    folder.mkdir()
    picture = person(160, 90)[0][..., ::-1]
    for name in names:
        write_clip(folder / f"{name}.mp4", [picture] * FRAMES)
    return folder


def _frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_of_videos_but_for_what_cannot_be_read(
    tmp_path: Path, jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    videos, out = _videos(tmp_path / "in", "abd"), tmp_path / "out"
    (videos / "c.mp4").write_bytes(b"junk" * 100)
    (videos / "notes.txt").write_text("no video", encoding="utf-8")
    assert main(["render", str(videos), "-o", str(out), "--jobs", jobs, *GREEN]) == 1
    assert _names(out) == ["a.mp4", "b.mp4", "d.mp4"]
    assert [_frames(path) for path in out.iterdir()] == [FRAMES] * 3
    told = [line for line in capsys.readouterr().err.splitlines() if "virtual-background: " in line]
    assert len(told) == 1
    assert "c.mp4" in told[0]


def test_two_parts_at_the_same_time_make_the_whole_once(tmp_path: Path) -> None:
    videos, out = _videos(tmp_path / "in", "abcde"), tmp_path / "out"
    command = [sys.executable, "-m", "vb_worker", "render", str(videos), "-o", str(out), *GREEN]
    folder = Path(vb_worker.__file__).resolve().parents[1]
    parts = [
        subprocess.Popen(
            [*command, "--part", f"{number}/2"], cwd=folder, stderr=subprocess.PIPE, text=True
        )
        for number in (1, 2)
    ]
    told = [running.communicate()[1] for running in parts]
    assert [running.returncode for running in parts] == [0, 0], told
    assert _names(out) == [f"{name}.mp4" for name in "abcde"]
    for name in "abcde":
        assert [f"{name}.mp4: 100%" in text for text in told].count(True) == 1
        assert _frames(out / f"{name}.mp4") == FRAMES


def test_a_call_goes_on_where_another_was_ended(tmp_path: Path) -> None:
    videos, out = _videos(tmp_path / "in", "abc"), tmp_path / "out"
    out.mkdir()
    (out / "a.mp4").write_bytes(b"made before")
    (out / ".b.4711.part.mp4").write_bytes(b"an ended call's")
    (out / ".z.4711.part.mp4").write_bytes(b"of no video here")
    arguments = ["render", str(videos), "-o", str(out), "--resume", *GREEN]
    assert main(arguments) == 0
    assert (out / "a.mp4").read_bytes() == b"made before"
    assert _names(out) == [".z.4711.part.mp4", "a.mp4", "b.mp4", "c.mp4"]
    made = (out / "b.mp4").stat().st_mtime_ns
    assert main(arguments) == 0
    assert (out / "b.mp4").stat().st_mtime_ns == made, "it was made again"


def test_masks_in_parts_and_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures, out = tmp_path / "in", tmp_path / "out"
    pictures.mkdir()
    for name in "abcde":
        cv2.imwrite(str(pictures / f"{name}.png"), person(160, 90)[0])
    arguments = ["mask", str(pictures), "-o", str(out)]
    assert main([*arguments, "--part", "2/2"]) == 0
    assert _names(out) == ["b.png", "d.png"]
    capsys.readouterr()
    assert main([*arguments, "--resume", "--jobs", "2"]) == 0
    assert _names(out) == [f"{name}.png" for name in "abcde"]
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split(" -> ")[0][-5] for line in lines) == ["a", "c", "e"]


def test_what_would_overwrite_something_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    videos = _videos(tmp_path / "in", "a")
    (videos / "a.mkv").write_bytes((videos / "a.mp4").read_bytes())
    before = (videos / "a.mp4").read_bytes()
    assert main(["render", str(videos), "-o", str(tmp_path / "out"), *GREEN]) == 2
    assert "would both be written" in capsys.readouterr().err
    assert main(["render", str(videos), "-o", str(videos), *GREEN]) == 2
    assert main(["render", str(videos / "a.mp4"), "-o", str(videos), *GREEN]) == 2
    assert (videos / "a.mp4").read_bytes() == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "/2", "1/", "a/b", "-1/2", ""])
def test_a_part_that_is_none_is_refused(text: str) -> None:
    assert part("3/10") == (3, 10)
    with pytest.raises(ArgumentTypeError):
        part(text)


def test_an_interrupt_ends_the_other_jobs() -> None:
    jobs = [Job(Path(name), Path(f"{name}.out")) for name in "abcdef"]
    begun = threading.Event()
    ended: list[str] = []

    def work(job: Job, place: int, stop: threading.Event) -> None:
        if job.source.name == "a":
            begun.set()
            stop.wait()
            ended.append("a")
            raise Stopped
        begun.wait()
        raise KeyboardInterrupt

    # A signal reaches the main thread while it waits for its jobs; so does this.
    with pytest.raises(KeyboardInterrupt):
        work_through(jobs[1:] + jobs[:1], work, 6)
    assert ended == ["a"]


def test_running_jobs_have_places_of_their_own() -> None:
    jobs = [Job(Path(str(number)), Path(f"{number}.out")) for number in range(60)]
    taken = [threading.Lock() for _ in range(3)]
    done: list[str] = []

    def work(job: Job, place: int, stop: threading.Event) -> None:
        assert taken[place].acquire(blocking=False), "two jobs in one place"
        done.append(job.source.name)
        taken[place].release()
        if job.source.name == "7":
            raise UserError("seven")

    assert not work_through(jobs, work, 3)
    assert sorted(map(int, done)) == list(range(60))
