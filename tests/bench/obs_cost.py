"""What a filter costs a real OBS, as JSON: with and without it, in turns, in one run.

``python -m tests.bench.obs_cost`` (with the project and ``obs_script`` on the path) measures ours;
``--filter ID --settings JSON`` measures any other filter that OBS has, so every figure in the
README can be repeated for a rival. Times are medians over the turns; the machine is assumed
noisy, so only figures of one run are comparable.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.busy import busy
from vb_demo.obs_session import ObsSession
from vb_link import layout
from vb_link.settings import FILTER_ID

TICK = os.sysconf("SC_CLK_TCK")
CAMERA, FILTER = "Camera", "Measured"
GRAPHICS = "libobs: graphic"  # as Linux cuts the name of OBS's graphics thread


def _ticks(stat: Path) -> int:
    fields = stat.read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def threads_cpu(pid: int) -> dict[str, float]:
    """Return seconds of CPU so far by thread name; threads of one name are added up."""
    found: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (task / "comm").read_text().strip()
            found[name] = found.get(name, 0.0) + _ticks(task / "stat") / TICK
        except OSError:
            continue  # it ended meanwhile
    return found


def worker_cpu(obs_pid: int) -> float:
    """Return seconds of CPU of the worker of one OBS."""
    pid = worker_pid(obs_pid)
    try:
        return _ticks(Path(f"/proc/{pid}/stat")) / TICK if pid else 0.0
    except OSError:
        return 0.0  # it ended meanwhile


def handles(pid: int) -> int:
    """Return how many file descriptors (files, pipes, shared memory) a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def worker_pid(obs_pid: int) -> int | None:
    """Return the process id of the worker of one OBS."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"vb_worker.serve" in words and str(obs_pid).encode() in words:
                return int(entry.name)
    return None


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


class Turn:
    """One stretch of time with the filter on or off."""

    def __init__(self, session: ObsSession, seconds: float, ours: bool) -> None:
        pid = session.pid
        before, threads = session.request("GetStats"), threads_cpu(pid)
        worker = worker_cpu(pid)
        account = session.link_stats() if ours else None
        samples = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.25)
            samples.append(session.request("GetStats")["averageFrameRenderTime"])
        after = session.request("GetStats")
        frames = after["renderTotalFrames"] - before["renderTotalFrames"]
        self.figures: dict[str, Any] = {
            "frame_time_ms": statistics.median(samples),
            "frame_time_p95_ms": sorted(samples)[int(0.95 * len(samples))],
            "frames": frames,
            "frames_skipped": after["renderSkippedFrames"] - before["renderSkippedFrames"],
            "memory_mib": memory_mib(pid),
            "worker_cpu_percent": (worker_cpu(pid) - worker) / seconds * 100,
        }
        later = threads_cpu(pid)
        self.threads = {
            name: (value - threads.get(name, 0.0)) / seconds * 100 for name, value in later.items()
        }
        # From the kernel's figures for the whole thread, so any filter can be compared.
        seconds_of_cpu = later.get(GRAPHICS, 0.0) - threads.get(GRAPHICS, 0.0)
        self.figures["graphics_thread_cpu_ms"] = seconds_of_cpu / max(frames, 1) * 1e3
        if account is not None:
            now = session.link_stats()
            drawn = max(now["drawn_frames"] - account["drawn_frames"], 1)
            self.figures["ours_graphics_cpu_ms"] = (
                (now["capture_ns"] + now["draw_ns"] - account["capture_ns"] - account["draw_ns"])
                / drawn / 1e6
            )  # fmt: skip
            self.figures["source_graphics_cpu_ms"] = (
                (now["source_ns"] - account["source_ns"]) / drawn / 1e6
            )
            self.ages = [b - a for a, b in zip(account["age_histogram"], now["age_histogram"])]
            self.figures["worker_total_ms"] = now["total_ms"]
            self.figures["masks_per_second"] = now["masks_per_second"]
            self.figures["delay_frames"] = now["delay_frames"]
            worker_process = worker_pid(session.pid)
            self.figures["worker_memory_mib"] = (
                memory_mib(worker_process) if worker_process else 0.0
            )


def own_worker(folder: Path) -> Path:
    """Let OBS run the worker in the environment that runs this; return the data folder."""
    data = folder / "data"
    data.mkdir()
    (data / "venv").symlink_to(sys.prefix)
    os.environ["OBS_VIRTUAL_BACKGROUND_DATA"] = str(data)
    return data


def _wait_for_masks(session: ObsSession) -> None:
    """Wait for the first mask: without a worker only covers would be measured."""
    deadline = time.monotonic() + 20
    while session.link_stats()["alpha_count"] == 0:
        if time.monotonic() > deadline:
            raise SystemExit(f"There is no mask: {session.link_stats()['status']}")
        time.sleep(0.1)


def quantile(histogram: list[int], share: float) -> int:
    """Return the age in frames that ``share`` of the drawn frames do not exceed."""
    limit, seen = share * sum(histogram), 0
    for age, count in enumerate(histogram):
        seen += count
        if seen >= limit:
            return age
    return len(histogram) - 1


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    width, height = (int(n) for n in options.size.split("x"))
    source = Path(options.source) if options.source else folder / "clip.mp4"
    if not options.source:
        from vb_demo import clip  # noqa: PLC0415  (needs OpenCV, which --source does not)

        clip.make_clip(source, width=width, height=height, fps=options.fps, seconds=6.0)
    ours = options.filter == FILTER_ID
    turns: dict[bool, list[Turn]] = {False: [], True: []}
    session = ObsSession(
        folder, width=width, height=height, fps=options.fps, preview=options.preview
    )
    with busy(options.load):
        session.start()
        try:
            session.add_input(
                "Scene", CAMERA, "ffmpeg_source",
                {"local_file": str(source.resolve()), "looping": True, "hw_decode": False},
            )  # fmt: skip
            session.add_filter(CAMERA, FILTER, options.filter, json.loads(options.settings))
            if ours:
                session.segment().measure = 1
            version = session.request("GetVersion")["obsVersion"]
            time.sleep(3)
            if ours:
                _wait_for_masks(session)
            if options.record:
                session.request("StartRecord")
            for _ in range(options.turns):
                for enabled in (False, True):
                    session.request(
                        "SetSourceFilterEnabled",
                        {"sourceName": CAMERA, "filterName": FILTER, "filterEnabled": enabled},
                    )
                    time.sleep(1.5)
                    turns[enabled].append(Turn(session, options.seconds, ours and enabled))
            if options.record:
                session.request("StopRecord")
                time.sleep(1)
        finally:
            session.stop()

    return _report(options, version, turns)


def _report(
    options: argparse.Namespace, version: str, turns: dict[bool, list[Turn]]
) -> dict[str, Any]:
    report: dict[str, Any] = {
        "obs": version,
        "filter": options.filter,
        "settings": json.loads(options.settings),
        "size": options.size,
        "fps": options.fps,
        "load": options.load,
        "recording": options.record,
        "preview": options.preview,
        "without": _medians(turns[False]),
        "with": _medians(turns[True]),
    }
    for key in ("frame_time_ms", "frame_time_p95_ms", "memory_mib"):
        report[f"added_{key}"] = report["with"][key] - report["without"][key]
    shares = {
        side: report[side]["frames_skipped"] / max(report[side]["frames"], 1)
        for side in ("without", "with")
    }
    report["added_skipped_percent"] = 100 * (shares["with"] - shares["without"])
    report["added_graphics_thread_cpu_ms"] = (
        report["with"]["graphics_thread_cpu_ms"] - report["without"]["graphics_thread_cpu_ms"]
    )
    if options.filter == FILTER_ID:
        ages = [sum(column) for column in zip(*(turn.ages for turn in turns[True]))]
        report["mask_age_frames"] = {
            "median": quantile(ages, 0.5),
            "p99": quantile(ages, 0.99),
            "histogram": ages,
        }
        assert len(ages) == layout.AGE_BINS
    return report


def _medians(turns: list[Turn]) -> dict[str, Any]:
    rows = [turn.figures for turn in turns]
    made = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    made["frames"] = sum(row["frames"] for row in rows)
    made["frames_skipped"] = sum(row["frames_skipped"] for row in rows)
    names = {name for turn in turns for name in turn.threads}
    made["cpu_percent_by_thread"] = {
        name: round(share, 1)
        for name in sorted(names)
        if (share := statistics.median(t.threads.get(name, 0.0) for t in turns)) >= 1
    }
    return made


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--filter", default=FILTER_ID, help="the filter's id in OBS")
    parser.add_argument("--settings", default="{}", help="its settings as JSON")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=3, help="turns with and without, each")
    parser.add_argument("--load", type=int, default=0, help="busy processes beside OBS")
    parser.add_argument("--preview", action="store_true", help="with OBS's preview on")
    parser.add_argument("--record", action="store_true", help="record meanwhile")
    parser.add_argument("--source", help="a video file instead of the sample clip")
    return parser


def main() -> None:
    options = parser().parse_args()
    with tempfile.TemporaryDirectory() as folder:
        own_worker(Path(folder))
        print(json.dumps(measure(options, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
