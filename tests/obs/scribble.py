"""Another process that writes random bytes into the memory OBS shares with its worker.

``python -m tests.obs.scribble --pid OBS --seed N --seconds S --bytes B``: chunks of B bytes at
random offsets, as fast as it can. Prints how many chunks it wrote.
"""

from __future__ import annotations

import argparse
import ctypes
import mmap
import os
import random
import time
from pathlib import Path

from vb_link import layout, memory


def shared_path(pid: int) -> Path:
    """Return the path under /proc of an OBS's shared memory."""
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        if str(entry.readlink()).startswith(f"/memfd:{memory.NAME}"):
            return entry
    raise SystemExit("There is no shared memory in that process.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("pid", "seed", "bytes"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    descriptor = os.open(shared_path(options.pid), os.O_RDWR)
    shared = mmap.mmap(descriptor, layout.SEGMENT_BYTES)
    chance = random.Random(options.seed)
    end = time.monotonic() + options.seconds
    pieces = 0
    while time.monotonic() < end:
        # Every second chunk goes into the fields, which are few compared to the pixels.
        channel = chance.randrange(2)
        start = layout.Shared.channels.offset + channel * ctypes.sizeof(layout.Channel)
        place = start + chance.randrange(layout.Channel.frames.offset)
        if chance.random() < 0.5:
            place = chance.randrange(layout.SEGMENT_BYTES)
        place = min(place, layout.SEGMENT_BYTES - options.bytes)
        shared[place : place + options.bytes] = chance.randbytes(options.bytes)
        pieces += 1
        if pieces % 64 == 0:
            time.sleep(0.001)
    print(pieces)


if __name__ == "__main__":
    main()
