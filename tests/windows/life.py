"""What happens to a filter on air, and what must be on the screen at each moment.

The room is looked for in every frame, from the moment the filter is there to the end. What is on
the screen is compared with what OBS draws on Linux in the same state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from tests.obs import stage
from tests.windows import pictures, scenes
from tests.windows.obs_host import SIZE, Bits, Image, ObsHost
from tests.windows.pictures import RIM_LEVELS
from tests.windows.scenes import COVER_COLOR, FILTER
from tests.windows.wine import BenchError
from vb_link.settings import SCENE_FILTER_ID

PANIC = "virtual_background.panic"
MODEL, MODEL_NAME = "selfie_landscape", "Selfie, landscape"
SAME = 0.99  # of the pixels: an edge may differ by the model
BACKDROP_BGR, COVER_BGR = stage.BACKDROP_BGR, (0xC8, 0x64, 0x32)


@dataclass(frozen=True)
class Moment:
    """A name, the program's picture then, and what it must show.

    ``person``: the person is shown as the camera sees her. ``behind``: what is shown elsewhere, a
    picture or a colour (BGR). None: either of two is right. ``states``: the names of those pictures
    of :func:`states` that are right then.
    """

    name: str
    picture: Image
    states: tuple[str, ...]
    person: bool | None = None
    behind: Image | tuple[int, int, int] | None = None

    def differing(self, drawn: dict[str, Image]) -> int:
        """Count the pixels that differ from the state, of those that are right, that is nearest."""
        return min(pictures.differing(self.picture, drawn[state]) for state in self.states)

    def problem(self) -> str:
        """Return what is missing, or ""."""
        inside = cv2.erode(pictures.camera()[1], np.ones((5, 5), np.uint8)) == 255
        if self.person is not None:
            seen = _share(self.picture, pictures.camera()[0], inside)
            if self.person != (seen >= SAME):
                return f"{seen:.0%} of the person is seen"
        if self.behind is not None:
            seen = _share(self.picture, np.asarray(self.behind), pictures.hidden())
            if seen < SAME:
                return f"{seen:.0%} of what hides the room is seen"
        return ""


def _share(picture: Image, wanted: Image, where: Bits) -> float:
    levels = np.abs(picture[..., :3].astype(int) - wanted).max(axis=2)
    return float((levels[where] <= RIM_LEVELS).mean())


def states(actor: scenes.Actor) -> dict[str, Image]:
    """Return the program's picture in each state that a moment can have."""
    _add_filter(actor, scenes.set_stage(actor))
    scenes.settle_mask(actor)
    drawn = {"masked": actor.shot()}
    actor.set(FILTER, timing="locked")
    actor.settle()
    drawn["locked"] = actor.shot()
    actor.set(FILTER, timing="latest", model=MODEL)
    actor.wait_for(lambda: MODEL_NAME in actor.models(), "a mask of the other model")
    scenes.settle_mask(actor)
    drawn["other model"] = actor.shot()
    actor.set("Camera", file=_smaller(actor))
    scenes.settle_mask(actor)
    drawn["smaller"] = actor.shot()
    actor.set("Camera", file=actor.save("camera", pictures.camera()[0]))
    _add_scene_filter(actor)
    scenes.settle_mask(actor)
    drawn["scene"] = actor.shot()
    actor.press(PANIC)
    for state, cover in (("covered", "color"), ("hidden", "hidden")):
        actor.set(FILTER, cover=cover)
        actor.wait_for(lambda: not actor.masks(), "panic")
        actor.wait_frames(3)
        drawn[state] = actor.shot()
    return drawn


def moments(host: ObsHost) -> Iterator[Moment]:
    """Yield every moment of a filter's life, in order."""
    yield from _beginning(host)
    yield from _changes(host)
    yield from _worker_lost(host)
    yield from _panic(host)
    yield from _loaded_again(host)
    yield from _end(host)


def _masked(name: str, host: ObsHost, state: str = "other model") -> Moment:
    scenes.settle_mask(host)
    return Moment(name, host.shot(), (state,), True, pictures.background())


def _covered(name: str, host: ObsHost) -> Moment:
    host.wait_for(lambda: not host.masks(), name)
    return Moment(name, host.shot(), ("covered",), False, COVER_BGR)


def _add_filter(actor: scenes.Actor, file: str) -> None:
    # With less than the best quality software OpenGL leaves out what Direct3D does.
    actor.add_filter("Camera", "VB", cover="color", cover_color=COVER_COLOR, quality="best",
                     background="image", background_image=file)  # fmt: skip


def _add_scene_filter(actor: scenes.Actor) -> None:
    actor.add_filter("Scene", "SB", SCENE_FILTER_ID, background="color",
                     background_color=COVER_COLOR)  # fmt: skip
    actor.wait_frames(3)


def _smaller(actor: scenes.Actor) -> str:
    small = cv2.resize(pictures.camera()[0], (SIZE[0] // 2, SIZE[1] // 2))
    return actor.save("smaller", np.asarray(small, np.uint8))


def _watch(host: ObsHost) -> None:
    host.watch(pictures.hidden(), stage.SECRET)


def _beginning(host: ObsHost) -> Iterator[Moment]:
    file = scenes.set_stage(host)
    host.do("show", "Scene", "Camera", "0")
    _add_filter(host, file)
    _watch(host)
    host.do("show", "Scene", "Camera", "1")
    yield Moment("shown with its filter", host.shot(), ("covered",), False, COVER_BGR)
    yield _masked("the first mask", host, "masked")
    host.do("unfilter", FILTER)  # while it is drawn
    host.shot()
    if host.watched().room == 0:
        raise BenchError("The room is not seen where no filter hides it: nothing can be proven.")
    _add_filter(host, file)
    _watch(host)
    yield Moment("a filter added to a camera on air", host.shot(), ("covered",), False, COVER_BGR)
    yield _masked("its first mask", host, "masked")


def _changes(host: ObsHost) -> Iterator[Moment]:
    host.set(FILTER, timing="locked")
    host.settle()
    yield Moment("frame-locked", host.shot(), ("locked",), True, pictures.background())
    host.set(FILTER, timing="latest", model=MODEL)
    yield Moment("model changing", host.shot(), ("masked", "covered", "other model"))
    host.wait_for(lambda: MODEL_NAME in host.models(), "a mask of the other model")
    yield _masked("model changed", host)
    host.set("Camera", file=_smaller(host))
    scenes.settle_mask(host)
    yield Moment("a smaller size", host.shot(), ("smaller",))  # scaled up, nothing is as it was
    host.set("Camera", file=host.save("camera", pictures.camera()[0]))
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
    host.press(PANIC)
    host.wait_for(lambda: host.seen()["panic"], "panic")
    yield _covered("panic", host)
    host.set(FILTER, cover="camera")  # not even that shows the camera
    host.wait_frames(3)
    yield Moment("panic, cover of the camera itself", host.shot(), ("covered",), False, COVER_BGR)
    host.set(FILTER, cover="hidden")
    host.wait_frames(3)
    yield Moment("panic, hidden", host.shot(), ("hidden",), False, BACKDROP_BGR)
    host.set(FILTER, cover="color")
    host.press(PANIC)
    host.wait_for(lambda: not host.seen()["panic"], "the end of panic")
    yield _masked("the end of panic", host)


def _loaded_again(host: ObsHost) -> Iterator[Moment]:
    host.do("reload", str(host.script))
    again = ("covered", "other model")
    yield Moment("while the script is loaded again", host.shot(), again)
    yield _masked("loaded again", host)


def _end(host: ObsHost) -> Iterator[Moment]:
    _add_scene_filter(host)
    scenes.settle_mask(host)
    yield Moment("scene filter", host.shot(), ("scene",), True, COVER_BGR)
    host.do("unfilter", scenes.SCENE_FILTER)
    host.wait_frames(3)
    yield _masked("scene filter removed", host)


def _workers(host: ObsHost) -> list[str]:
    """Return the numbers of the worker's processes: a launcher and the interpreter."""
    found = [word.split(":") for word in host.do("children").split()]
    return [number for number, name in found if name.startswith("python")]


def _hang(host: ObsHost, worker: str, hung: bool) -> None:
    for number in {*_workers(host), worker}:
        host.do("hang", number, "1" if hung else "0")
