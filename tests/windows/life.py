"""What happens to a filter on air, and what must be on the screen at each moment.

The room is looked for in every frame, from the moment the filter is there to the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from tests.obs import stage
from tests.windows import scenes
from tests.windows.obs_host import SIZE, Bits, Image, ObsHost
from tests.windows.scenes import COVER_COLOR, FILTER, RIM_LEVELS
from tests.windows.wine import BenchError

MODEL, MODEL_NAME = "selfie_landscape", "Selfie, landscape"
SAME = 0.99  # of the pixels: an edge may differ by the model
BACKDROP_BGR, COVER_BGR = stage.BACKDROP_BGR, (0xC8, 0x64, 0x32)


@dataclass(frozen=True)
class Moment:
    """A name, the program's picture then, and what it must show.

    ``person``: the person is shown as the camera sees her. ``behind``: what is shown elsewhere, a
    picture or a colour (BGR). None: either of two is right.
    """

    name: str
    picture: Image
    person: bool | None = None
    behind: Image | tuple[int, int, int] | None = None

    def problem(self) -> str:
        """Return what is missing, or ""."""
        inside = cv2.erode(scenes.camera()[1], np.ones((5, 5), np.uint8)) == 255
        if self.person is not None:
            seen = _share(self.picture, scenes.camera()[0], inside)
            if self.person != (seen >= SAME):
                return f"{seen:.0%} of the person is seen"
        if self.behind is not None:
            seen = _share(self.picture, np.asarray(self.behind), scenes.hidden())
            if seen < SAME:
                return f"{seen:.0%} of what hides the room is seen"
        return ""


def _share(picture: Image, wanted: Image, where: Bits) -> float:
    levels = np.abs(picture[..., :3].astype(int) - wanted).max(axis=2)
    return float((levels[where] <= RIM_LEVELS).mean())


def moments(host: ObsHost) -> Iterator[Moment]:
    """Yield every moment of a filter's life, in order."""
    yield from _beginning(host)
    yield from _changes(host)
    yield from _worker_lost(host)
    yield from _panic(host)
    yield from _loaded_again(host)
    yield from _end(host)


def _masked(name: str, host: ObsHost, masks: int = 1) -> Moment:
    host.settle(masks=masks)
    return Moment(name, host.shot(), True, scenes.background())


def _covered(name: str, host: ObsHost) -> Moment:
    host.wait_for(lambda: not host.masks(), name)
    return Moment(name, host.shot(), False, COVER_BGR)


def _add_filter(host: ObsHost, file: str) -> None:
    host.add_filter("Camera", "VB", cover="color", cover_color=COVER_COLOR,
                    background="image", background_image=file)  # fmt: skip


def _watch(host: ObsHost) -> None:
    host.watch(scenes.hidden(), stage.SECRET)


def _beginning(host: ObsHost) -> Iterator[Moment]:
    file = scenes.set_stage(host)
    host.do("show", "Scene", "Camera", "0")
    _add_filter(host, file)
    _watch(host)
    host.do("show", "Scene", "Camera", "1")
    yield Moment("shown with its filter", host.shot(), False, COVER_BGR)
    yield _masked("the first mask", host)
    host.do("unfilter", FILTER)  # while it is drawn
    host.shot()
    if host.watched().room == 0:
        raise BenchError("The room is not seen where no filter hides it: nothing can be proven.")
    _add_filter(host, file)
    _watch(host)
    yield Moment("a filter added to a camera on air", host.shot(), False, COVER_BGR)
    yield _masked("its first mask", host)


def _changes(host: ObsHost) -> Iterator[Moment]:
    host.set(FILTER, timing="locked")
    yield _masked("frame-locked", host)
    host.set(FILTER, timing="latest", model=MODEL)
    yield Moment("model changing", host.shot())
    host.wait_for(lambda: MODEL_NAME in host.models(), "a mask of the other model")
    yield _masked("model changed", host)
    small = cv2.resize(scenes.camera()[0], (SIZE[0] // 2, SIZE[1] // 2))
    host.set("Camera", file=host.save("smaller", np.asarray(small, np.uint8)))
    host.settle()
    yield Moment("a smaller size", host.shot())  # scaled up, nothing is as it was
    host.set("Camera", file=host.save("camera", scenes.camera()[0]))
    yield _masked("the former size", host)


def _worker_lost(host: ObsHost) -> Iterator[Moment]:
    worker = str(host.seen()["worker"])
    _hang(host, worker, True)
    yield _covered("worker hung", host)
    _hang(host, worker, False)
    yield _masked("worker goes on", host)
    epoch = host.seen()["epoch"]
    for number in _workers(host):
        host.do("kill", number)
    yield _covered("worker killed", host)
    host.wait_for(lambda: host.seen()["epoch"] > epoch, "another worker")
    yield _masked("another worker", host)


def _panic(host: ObsHost) -> Iterator[Moment]:
    host.do("hotkey", "virtual_background.panic")
    host.wait_for(lambda: host.seen()["panic"], "panic")
    yield _covered("panic", host)
    host.set(FILTER, cover="camera")  # not even that shows the camera
    host.wait_frames(3)
    yield Moment("panic, cover of the camera itself", host.shot(), False, COVER_BGR)
    host.set(FILTER, cover="hidden")
    host.wait_frames(3)
    yield Moment("panic, hidden", host.shot(), False, BACKDROP_BGR)
    host.set(FILTER, cover="color")
    host.do("hotkey", "virtual_background.panic")
    host.wait_for(lambda: not host.seen()["panic"], "the end of panic")
    yield _masked("the end of panic", host)


def _loaded_again(host: ObsHost) -> Iterator[Moment]:
    host.do("reload", str(host.script))
    yield Moment("while the script is loaded again", host.shot())
    yield _masked("loaded again", host)


def _end(host: ObsHost) -> Iterator[Moment]:
    host.do("filter", "Scene", "obs_virtual_background_scene", "SB",
            json.dumps({"background": "color", "background_color": COVER_COLOR}))  # fmt: skip
    host.wait_frames(3)
    host.settle()
    yield Moment("scene filter", host.shot(), True, COVER_BGR)
    host.do("unfilter", "Scene/SB")
    host.wait_frames(3)
    yield _masked("scene filter removed", host)


def _workers(host: ObsHost) -> list[str]:
    """Return the numbers of the worker's processes: a launcher and the interpreter."""
    found = [word.split(":") for word in host.do("children").split()]
    return [number for number, name in found if name.startswith("python")]


def _hang(host: ObsHost, worker: str, hung: bool) -> None:
    for number in {*_workers(host), worker}:
        host.do("hang", number, "1" if hung else "0")
