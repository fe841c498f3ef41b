"""An OBS of Windows under Wine, driven through ``host.cpp``."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.windows.wine import BenchError, Wine
from vb_link import layout
from vb_link.settings import FILTER_ID

Image = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]
SCRIPT = "C:/product/obs_script/virtual_background.py"
PROBE = "C:/product/tests/windows/probe.py"
SIZE = (640, 360)
FPS = 20
MASK_SECONDS = 90.0


@dataclass(frozen=True)
class Watched:
    """How many frames were checked, the most pixels of the room in one, and that frame (BGRA)."""

    frames: int
    room: int
    worst: Image | None


class ObsHost:
    """One OBS; a context manager. ``version`` is the name of its folder on drive C.

    ``log`` is a file that gets OBS's log. ``leaks`` is, after the end, what libobs says is left
    allocated, or None where it did not end by itself.
    """

    def __init__(self, wine: Wine, version: str, graphics: str, log: Path) -> None:
        self.leaks: int | None = None
        self.script = -1
        self._wine = wine
        self._probe = 0
        self._shots = 0
        self._log = log.open("wb")
        self.folder = f"C:/{version}"
        folder = f"{self.folder}/bin/64bit"
        words = [
            "host.exe",
            f"libobs-{graphics}",
            *map(str, SIZE),
            str(FPS),
            f"C:/{version}/config",
        ]
        self._process = wine.popen(
            words, folder=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log
        )

    def __enter__(self) -> ObsHost:
        try:
            self._answer("start")
            self._probe = int(self.do("script", PROBE))
            self.do("scene", "Scene")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.do("quit")
                told = self._answer("quit").split()
                self.leaks = int(told[0])
        finally:
            self.close()

    def close(self) -> None:
        """End what is left of it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def do(self, *words: str) -> str:
        """Give a command of ``host.cpp``; return its answer. Raises BenchError."""
        assert self._process.stdin is not None
        self._process.stdin.write(("\t".join(words) + "\n").encode())
        self._process.stdin.flush()
        return self._answer(words[0])

    def unix_process(self) -> int:
        """Return the number of its process as the Linux in which Wine runs knows it."""
        below = {self._process.pid}
        # A child's number is greater, except where numbers began anew.
        for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
            status = _status(folder)
            if int(status.get("PPid", "0")) in below:
                below.add(int(folder.name))
                if status["Name"] == "host.exe":
                    return int(status["NSpid"].split()[-1])
        raise BenchError("The process of OBS was not found.")

    def late(self) -> tuple[int, int]:
        """Return how many frames OBS has begun, and how many came too late."""
        begun, late = map(int, self.do("late").split())
        return begun, late

    def _answer(self, command: str) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode("utf-8", "replace").strip()
        word, _, rest = line.partition(" ")
        if word != "ok":
            raise BenchError(f"{command}: {rest or 'OBS ended'} (see {self._log.name})")
        return rest

    # What is on the stage

    def load_script(self) -> None:
        self.script = int(self.do("script", SCRIPT))

    def picture(self, name: str, image: Image, scene: str = "Scene") -> None:
        self.do("input", scene, "image_source", name, json.dumps({"file": self.save(name, image)}))

    def save(self, name: str, image: Image) -> str:
        """Put a picture on drive C; return its name there."""
        self._shots += 1
        file = f"shots/{name}-{self._shots}.png"
        cv2.imwrite(str(self._wine.drive / file), image)
        return f"C:/{file}"

    def backdrop(self, color: int) -> None:
        settings = {"color": color, "width": SIZE[0], "height": SIZE[1]}
        self.do("input", "Scene", "color_source_v3", "Backdrop", json.dumps(settings))

    def add_filter(self, source: str, name: str, kind: str = FILTER_ID, **settings: Any) -> None:
        if kind == FILTER_ID:  # a busy machine must not change what is checked
            settings = {"governor": "off", **settings}
        self.do("filter", source, kind, name, json.dumps(settings))

    def set(self, name: str, **settings: Any) -> None:
        self.do("set", name, json.dumps(settings))

    def press(self, hotkey: str) -> None:
        self.do("hotkey", hotkey)

    # What is to be seen

    def shot(self, frames: int = 1) -> Image:
        """Return the program's picture some frames from now, BGRA.

        ``frames`` 1 is the first one that OBS begins after this call.
        """
        self.do("shot", "C:/shots/now.raw", str(frames))
        return self._raw("now")

    def watch(self, hidden: Bits, color: tuple[int, int, int]) -> None:
        """Look for ``color`` (BGR) where ``hidden`` is set, in every frame begun from now on."""
        hidden.astype(np.uint8).tofile(self._wine.drive / "shots" / "hidden.raw")
        blue, green, red = color
        self.do("watch", "C:/shots/hidden.raw", f"{red:02x}{green:02x}{blue:02x}",
                "C:/shots/worst.raw")  # fmt: skip

    def watched(self) -> Watched:
        """Return what :meth:`watch` saw since this was last called."""
        frames, room = map(int, self.do("watched").split())
        return Watched(frames, room, self._raw("worst") if room else None)

    def _raw(self, name: str) -> Image:
        path = self._wine.drive / "shots" / f"{name}.raw"
        return np.fromfile(path, np.uint8).reshape(SIZE[1], SIZE[0], 4)

    def seen(self) -> dict[str, Any]:
        """Return what ``probe.py`` answers."""
        answer: dict[str, Any] = json.loads(self.do("ask", str(self._probe), "{}"))
        return answer

    def models(self) -> list[str]:
        """Return the model that made the last mask of each filter."""
        return [channel["model"] for channel in self.seen()["channels"]]

    def masks(self) -> int:
        """Return how many filters draw with a mask."""
        return sum(c["state"] == layout.STATE_MASK for c in self.seen()["channels"])

    def masks_made(self) -> int:
        return int(self.seen()["made"])

    def is_away(self) -> bool:
        """Return whether the filter shows that nobody is there."""
        return any(channel["away"] for channel in self.seen()["channels"])

    def wait_for_answers(self, depth: bool) -> None:
        """Wait until filters have all they asked for: sources, a mask, and its depth map, or none.

        A busy worker answers late: an earlier look's depth map must not pass for this look's.
        """

        def answered() -> bool:
            seen = self.seen()
            return bool(seen["awaited"] == 0 and seen["depth"] == depth)

        self.wait_for(answered, f"what was asked for, and {'a' if depth else 'no'} depth map")

    def wait_for(
        self, condition: Callable[[], Any], what: str, seconds: float = MASK_SECONDS
    ) -> Any:
        """Poll until ``condition`` holds and return what it gave. Raises BenchError."""
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise BenchError(f"{what}: not within {seconds:.0f} s: {self.seen()}")
            time.sleep(0.1)

    def wait_frames(self, frames: int) -> None:
        end = int(self.do("frames")) + frames
        self.wait_for(lambda: int(self.do("frames")) >= end, f"{frames} more frames")

    def settle(self, frames: int = 3) -> None:
        """Wait for a change: a shader variant is compiled when it is first drawn."""
        self.wait_frames(frames)
        self.wait_for(self.masks, "a filter drawing with a mask")
        self.wait_frames(frames)


def _status(process: Path) -> dict[str, str]:
    try:
        lines = (process / "status").read_text("utf-8").splitlines()
    except OSError:
        return {}  # it has ended
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
