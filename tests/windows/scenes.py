"""What is drawn and looked at: looks, compared between renderers, and what happens in a life.

The room is one flat secret colour: where it turns up outside the person it was shown.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from tests.obs import stage
from tests.windows.obs_host import SIZE, Image, ObsHost
from vb_link import layout

FILTER = "Camera/VB"
COVER_COLOR = 0xFFC86432
COLOR = 0xFFB43CB4
ROOM_MARGIN = 10  # pixels round the person where the room may still shine through an edge
RIM_LEVELS = 2

BACKGROUNDS = ("transparent", "color", "image", "source", "blur", "room")
OUTPUTS = ("cutout", "background", "alpha", "inverted")
LOOKS: dict[str, dict[str, Any]] = {
    "none": {},
    "wrap": {"light_wrap": 0.7},
    "clean": {"decontaminate": 0.7},
    "match": {"match": 0.7},
    "shadow": {"shadow": 0.7},
    "edge": {"grow": 2.0, "feather": 2.0},
    "behind": {"behind_source": "Layer", "behind_scale": 0.4},
    "front": {"front_source": "Layer", "front_scale": 0.3, "front_x": 0.2},
    "zone": {"zone1": "keep", "zone1_left": 0.0, "zone1_right": 0.2},
}
_OFF = {"light_wrap": 0.0, "decontaminate": 0.0, "match": 0.0, "shadow": 0.0, "grow": 0.0,
        "feather": 0.0, "behind_source": "", "front_source": "", "zone1": "off"}  # fmt: skip
_ALL = {key: value for look in LOOKS.values() for key, value in look.items() if key != "zone1"}


class Actor(Protocol):
    """An OBS that can be told what to draw: :class:`ObsHost`, or one of Linux."""

    def backdrop(self, color: int) -> None: ...
    def picture(self, name: str, image: Image) -> None: ...
    def save(self, name: str, image: Image) -> str: ...
    def add_filter(self, source: str, name: str, **settings: Any) -> None: ...
    def set(self, name: str, **settings: Any) -> None: ...
    def settle(self) -> None: ...
    def shot(self) -> Image: ...


@dataclass(frozen=True)
class Look:
    """A name and the settings it needs; ``shows_room``: the picture is made of the room."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    shows_room: bool = False


def looks(background_image: str) -> Iterator[Look]:
    """Give each background with each output, and each background with each look."""
    every = {"all": _ALL, **LOOKS}
    for background, output in itertools.product(BACKGROUNDS, OUTPUTS):
        for name, more in every.items():
            if output in ("alpha", "inverted") and name not in ("none", "edge", "zone"):
                continue  # other looks do not change them
            settings = {
                **_OFF, **more, "background": background, "output": output,
                "background_image": background_image, "background_source": "Layer",
                "background_color": COLOR,
            }  # fmt: skip
            # A blur of a flat room is the room's colour; a kept zone is the user's own choice.
            shows = background in ("blur", "room") and output in ("cutout", "background")
            yield Look(f"{background}-{output}-{name}", settings, shows or name == "zone")


def camera() -> tuple[Image, Image]:
    """Return the camera's picture with the secret room, and the person's true alpha."""
    return stage.person(0.0, SIZE, room=stage.SECRET)


def background() -> Image:
    """Return a background with structure in all three colours, none of them the room's."""
    x, y = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    checks = (np.floor(x * 16) + np.floor(y * 9)) % 2
    return np.stack([60 + 60 * x, 40 + 60 * y, 90 + 80 * checks], axis=2).astype(np.uint8)


def layer() -> Image:
    image = background()[..., ::-1].copy()
    cv2.circle(image, (SIZE[0] // 2, SIZE[1] // 2), SIZE[1] // 4, (30, 30, 200), -1)
    return image


def set_stage(actor: Actor) -> str:
    """Put camera, layer and filter on the stage; return the background's file."""
    picture, _ = camera()
    actor.picture("Layer", layer())
    actor.backdrop(stage.BACKDROP)
    actor.picture("Camera", picture)
    return actor.save("background", background())


def draw(actor: Actor, wanted: str) -> Iterator[tuple[Look, Image]]:
    """Draw every look whose name contains ``wanted``."""
    file = set_stage(actor)
    actor.add_filter("Camera", "VB", cover="color", cover_color=COVER_COLOR)
    for look in looks(file):
        if wanted not in look.name:
            continue
        actor.set(FILTER, **look.settings)
        actor.settle()
        yield look, actor.shot()


def room_pixels(picture: Image) -> int:
    return stage.room_pixels(picture, camera()[1], ROOM_MARGIN)


def differing(one: Image, other: Image) -> int:
    """Count pixels that differ by more than :data:`RIM_LEVELS` and are no rim.

    A rim is at most two pixels wide, one on either side of an edge: it vanishes where only pixels
    count whose eight neighbours differ, too.
    """
    levels = np.abs(one[..., :3].astype(int) - other[..., :3]).max(axis=2)
    beyond: npt.NDArray[np.uint8] = (levels > RIM_LEVELS).astype(np.uint8)
    return int(cv2.erode(beyond, np.ones((3, 3), np.uint8)).sum())


# A life, each moment with the picture then


def life(host: ObsHost) -> Iterator[tuple[str, Image]]:
    """Give the picture at each moment when a room could be shown. The person must not matter."""
    yield "before the first mask", host.shot(1)
    host.settle()
    yield "the first mask", host.shot()
    host.set(FILTER, timing="locked")
    host.settle()
    yield "frame-locked", host.shot()
    host.set(FILTER, timing="latest", model="selfie_landscape")
    yield "model changing", host.shot(1)
    host.settle()
    yield "model changed", host.shot()
    worker = str(host.seen()["worker"])
    _hang(host, worker, True)
    host.wait_for(lambda: not host.masks(), "the hung worker's masks are too old")
    yield "worker hung", host.shot(1)
    _hang(host, worker, False)
    host.settle()
    yield "worker goes on", host.shot()
    for number in _workers(host):
        host.do("kill", number)
    yield "worker killed", host.shot(1)
    host.wait_for(lambda: not host.masks(), "the filter sees that the worker ended")
    yield "no worker", host.shot(1)
    host.wait_for(lambda: host.seen()["epoch"] > 1, "another worker")
    host.settle()
    yield "another worker", host.shot()
    host.do("reload", str(host.script))
    yield "while the script is loaded again", host.shot(1)
    host.settle()
    yield "loaded again", host.shot()
    host.do("filter", "Scene", "obs_virtual_background_scene", "SB",
            json.dumps({"background": "color", "background_color": COVER_COLOR}))  # fmt: skip
    host.settle()
    yield "scene filter", host.shot()
    small = cv2.resize(camera()[0], (SIZE[0] // 2, SIZE[1] // 2), interpolation=cv2.INTER_NEAREST)
    host.set("Camera", file=host.save("smaller", np.asarray(small, np.uint8)))
    yield "another size", host.shot(1)
    host.settle()


def _workers(host: ObsHost) -> list[str]:
    """Return the numbers of the worker's processes: a launcher and the interpreter."""
    found = [word.split(":") for word in host.do("children").split()]
    return [number for number, name in found if name.startswith("python")]


def _hang(host: ObsHost, worker: str, hung: bool) -> None:
    for number in {*_workers(host), worker}:
        host.do("hang", number, "1" if hung else "0")


def covered(host: ObsHost) -> bool:
    states = [channel["state"] for channel in host.seen()["channels"]]
    return layout.STATE_COVER in states
