"""Measures ``virtual-background render``: ``python -m tests.bench.render_speed``.

A clip of a moving person with sound is made and rendered in a process of its own; printed as JSON
are the frames a second (the process's start included), the CPU time of a frame and the largest
memory. For Linux; ``taskset -c 0,1`` before it holds it to two cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

import vb_worker
from tests.unit.worker_pictures import person

RATE, SOUND_RATE, BLOCK = 30, 48000, 960

_CODE = """
import json, resource, sys
from vb_worker import cli
status = cli.main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
# ru_maxrss counts what the parent had before this program was loaded, too.
lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
memory = int(lines["VmHWM"].split()[0])
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "memory": memory}))
sys.exit(status)
"""


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.render_speed", description=__doc__)
    parser.add_argument("--frames", type=int, default=300, help="%(default)s")
    parser.add_argument("--size", default="1280x720", help="%(default)s")
    parser.add_argument("--background", default="#00c800", help="%(default)s")
    options = parser.parse_args(words)
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        clip = _clip(Path(folder) / "in.mp4", options.frames, width, height)
        print(json.dumps(_measured(clip, options.frames, options.background), indent=2))
    return 0


def _measured(clip: Path, frames: int, background: str) -> dict[str, float]:
    out = clip.with_name("out.mp4")
    command = [sys.executable, "-c", _CODE, "render", str(clip), "-o", str(out)]
    begin = time.perf_counter()
    told = subprocess.run(
        [*command, "--background", background],
        check=True, stdout=subprocess.PIPE, text=True,
        cwd=Path(vb_worker.__file__).resolve().parents[1],
    ).stdout  # fmt: skip
    seconds = time.perf_counter() - begin
    used = json.loads(told)
    return {
        "frames": frames,
        "fps": round(frames / seconds, 1),
        "frame_ms": round(1e3 * seconds / frames, 2),
        "frame_cpu_ms": round(1e3 * used["cpu"] / frames, 2),
        "memory_mb": round(used["memory"] / 1024),
    }


def _clip(path: Path, frames: int, width: int, height: int) -> Path:
    """Write the person, who moves to and fro, with a tone."""
    pictures = [person(width, height, shift=0.004 * number)[0] for number in range(20)]
    pictures += pictures[::-1]
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio: Any = container.add_stream("aac", rate=SOUND_RATE)
        audio.codec_context.layout = "mono"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(pictures[number % len(pictures)], format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for start in range(0, frames * SOUND_RATE // RATE, BLOCK):
            tone = 0.3 * np.sin(0.05 * np.arange(start, start + BLOCK, dtype=np.float32))[None]
            block = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            block.sample_rate, block.pts = SOUND_RATE, start
            block.time_base = Fraction(1, SOUND_RATE)
            container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    return path


if __name__ == "__main__":
    sys.exit(main())
