"""A camera whose room has a secret colour, and checks that find that colour in what is shown.

The room is cyan, (255, 255, 0) in BGR; nothing else on the stage comes near it. A pixel counts as
the room's when its blue and green are both more than MIXED above its red, which finds a fifth of
the room's colour mixed into anything, in every frame of the recording. Pixels nearer to the person
than MARGIN are ignored: a wrong mask there is a matter of quality, not of privacy.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.obs.conftest import worker_pids
from tests.obs.stage import (
    BACKDROP,
    BACKDROP_BGR,
    CAMERA,
    SECRET,
    Image,
    Stage,
    frames_of,
    person,
    wait_for,
)
from vb_link import layout

SIZE = (640, 360)
MARGIN = 14  # pixels of 640: about five of the network's own 256
MIXED = 50  # of 255
SETTINGS: dict[str, Any] = {
    "background": "color",
    "background_color": BACKDROP,
    "cover": "color",
    "cover_color": 0xFF3232C8,
}
COVER_BGR = (50, 50, 200)
ENDED = "The helper program stopped ("  # begins what the log says of a worker that a test ended


def in_the_room(t: float = 0.0, size: tuple[int, int] = SIZE) -> Image:
    """Return the camera's picture at ``t`` seconds."""
    picture = person(t, SIZE, SECRET)[0]
    if size != SIZE:
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return picture


class SecretRoom:
    """The stage, where its person may be, and the folder with the worker's Python."""

    def __init__(self, stage: Stage, data: Path) -> None:
        self.stage, self.data = stage, data
        self.moments: list[float] = []
        self.allowed = np.zeros(SIZE[::-1], bool)
        self.allow(0.0)

    def allow(self, t: float) -> None:
        """Allow the person where it is at ``t`` seconds, too."""
        if t in self.moments:
            return
        self.moments.append(t)
        kernel = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
        truth = person(t, SIZE)[1]
        self.allowed |= cv2.dilate((truth > 0).astype(np.uint8), kernel) > 0

    def set_up(self) -> int:
        """Put the camera with its filter on the stage; return its scene item."""
        item = self.stage.picture(CAMERA, in_the_room())
        self.stage.add_filter(**SETTINGS)
        return item

    def room_in(self, frame: Image) -> int:
        """Count the pixels with some of the room's colour in them."""
        blue, green, red = (frame[..., index].astype(int) for index in range(3))
        found = np.minimum(blue, green) - red > MIXED
        return int((found & ~self.allowed).sum())

    def check(self, frames: list[Image], least: int = 15, most: int = 0) -> None:
        """Fail if one of at least ``least`` frames has more than ``most`` of the room's pixels."""
        seen = {index: self.room_in(frame) for index, frame in enumerate(frames)}
        bad = {index: count for index, count in seen.items() if count > most}
        assert bad == {}, f"the room is seen: pixels by frame {bad} of {len(frames)}"
        assert len(frames) >= least

    @contextmanager
    def watched(self, least: int = 15, most: int = 0) -> Iterator[list[Image]]:
        """Record the block; the list then holds the frames, all checked to show no room."""
        frames: list[Image] = []
        with self.stage.obs.recording() as files:
            time.sleep(0.2)
            yield frames
            time.sleep(0.3)
        frames += frames_of(files[0])
        files[0].unlink()
        self.check(frames, least, most)

    def covered(self) -> bool:
        """Whether the camera's own picture is the cover and nothing else."""
        return self._flat(COVER_BGR) > 0.99

    def masked(self) -> bool:
        """Whether the camera's own picture has the background."""
        return self._flat(BACKDROP_BGR) > 0.2

    def _flat(self, colour: tuple[int, int, int]) -> float:
        shown = self.stage.shot(CAMERA, SIZE)[..., :3]
        assert self.room_in(shown) == 0
        return float((np.abs(shown.astype(int) - colour).max(axis=2) < 8).mean())

    def worker(self) -> int:
        return int(wait_for(lambda: worker_pids(self.stage.obs.pid), 25, "a worker")[0])

    def kill(self) -> None:
        self.stage.expected.append(ENDED)
        os.kill(self.worker(), signal.SIGKILL)

    def renew(self) -> None:
        """End the worker; return when another has made masks for all filters."""
        old = self.worker()
        self.kill()
        wait_for(lambda: worker_pids(self.stage.obs.pid) not in ([], [old]), 40, "a new worker")
        # Waits first, as a channel forged by another process is only freed when one is claimed.
        states = {layout.STATE_MASK}
        wait_for(
            lambda: {channel.state for channel in self.stage.channels()} == states, 40, "masks"
        )
        time.sleep(0.2)

    @contextmanager
    def stopped(self) -> Iterator[int]:
        """Stop the worker (SIGSTOP) during the block."""
        pid = self.worker()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield pid
        finally:
            if pid in worker_pids(self.stage.obs.pid):
                os.kill(pid, signal.SIGCONT)

    def move(self, t: float) -> None:
        """Move the person to where it is at ``t`` seconds."""
        self.allow(t)
        self.show(in_the_room(t))

    def show(self, image: Image | None = None, **settings: Any) -> None:
        """Make the camera show another picture."""
        if image is not None:
            settings["file"] = str(self.stage.save("camera", image))
        self.stage.obs.request("SetInputSettings", {"inputName": CAMERA, "inputSettings": settings})

    def script(self, what: str = "") -> None:
        """Press Reload, or remove the script (``unload``), or add it again (``load``)."""
        folder = Path(self.stage.obs.environment["RELOAD_FOLDER"])
        (folder / "go.new").write_text(what)
        (folder / "go.new").rename(folder / "go")
        done = folder / "done"
        wait_for(partial(self._changed, done), 10, f"the script's {what or 'reload'}")
        done.unlink()

    def _changed(self, done: Path) -> bool:
        """Change the transition, which OBS refuses while one is under way; look for ``done``."""
        for transition in ("Fade", "Cut"):
            self.stage.obs.request("SetCurrentSceneTransition", {"transitionName": transition})
        return done.exists()

    @contextmanager
    def worker_python(self, environment: Path) -> Iterator[None]:
        """Have workers started from another environment during the block."""
        link = self.data / "venv"
        link.unlink()
        link.symlink_to(environment)
        try:
            yield
        finally:
            link.unlink()
            link.symlink_to(sys.prefix)
