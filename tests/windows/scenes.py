"""What is drawn: every background, output and look, the same on each renderer.

The room is one flat secret colour: if it turns up outside the person, the room was shown.

A scene's filter draws with the same shaders as a camera's: it gets each background with each part
that it can have of its own, alone and together, in one output. Each picture that ships is drawn
once, and so is what is shown while nobody is there, and a person in the dark who is brightened.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from onnx import TensorProto

from tests.obs import stage
from tests.unit.onnx_graphs import Graph, manifest_for
from tests.windows import pictures
from tests.windows.obs_host import Image
from tests.windows.wine import BenchError
from vb_link import folders
from vb_link.ready_backgrounds import MOVING_BACKGROUNDS, READY_BACKGROUNDS
from vb_link.settings import SCENE_FILTER_ID

FILTER, SCENE_FILTER = "Camera/VB", "Scene/SB"
DEPTH_MODEL, DEPTH_SIZE = "near_in_the_middle", (64, 36)
COVER_COLOR = 0xFFC86432
COLOR = 0xFFB43CB4
# frame.lua's: for so many frames the last picture may be drawn while there is no mask for another.
HELD_FRAMES = 15

BACKGROUNDS = ("transparent", "color", "image", "source", "blur", "room")
READY, NOBODY, DARK = "ready", "nobody", "dark"
GROUPS = (*BACKGROUNDS, READY, NOBODY, DARK)  # each is drawn by an OBS of its own
OUTPUTS = ("cutout", "background", "alpha", "inverted")
LOOKS: dict[str, dict[str, Any]] = {
    "none": {},
    "wrap": {"light_wrap": 0.7},
    "clean": {"decontaminate": 0.7},
    "match": {"match": 0.7},
    "shadow": {"shadow": 0.7},
    "edge": {"grow": 2.0, "feather": 2.0},
    "behind": {"behind_source": "Layer", "behind_scale": 0.4},
    "depth": {
        "behind_source": "Layer",
        "behind_scale": 0.9,
        "depth_model": DEPTH_MODEL,
        "behind_depth": 0.5,
    },
    "front": {"front_source": "Layer", "front_scale": 0.3, "front_x": 0.2},
    "zone": {
        "zone1": "keep",
        "zone1_left": 0.0,
        "zone1_right": pictures.ZONE_WIDTH,
        "zone1_top": 0.0,
        "zone1_bottom": pictures.ZONE_HEIGHT,
    },
}
_NO_PARTS = {"behind_source": "", "front_source": "", "zone1": "off"}
OFF = {"brighten": 0.0, "light_wrap": 0.0, "decontaminate": 0.0, "match": 0.0, "shadow": 0.0,
       "grow": 0.0, "feather": 0.0, "depth_model": "", **_NO_PARTS}  # fmt: skip
_ALL = {key: value for look in LOOKS.values() for key, value in look.items()}
_LOOK_NAMES = (*LOOKS, "all", "none-locked", "all-locked")
SCENE_LOOKS = ("none", "behind", "depth", "front", "zone", "all")  # those with parts of a scene
_SCENE_OFF = {"background": "default", "own_layers": False, "own_zones": False}


class Actor(Protocol):
    """An OBS that can be told what to draw: :class:`ObsHost`, or one of Linux."""

    def backdrop(self, color: int) -> None: ...
    def picture(self, name: str, image: Image) -> None: ...
    def save(self, name: str, image: Image) -> str: ...
    def add_filter(self, source: str, name: str, kind: str = ..., **settings: Any) -> None: ...
    def set(self, name: str, **settings: Any) -> None: ...
    def press(self, hotkey: str) -> None: ...
    def masks(self) -> int: ...
    def models(self) -> list[str]: ...
    def wait_for(self, condition: Callable[[], Any], what: str) -> Any: ...
    def wait_frames(self, frames: int) -> None: ...
    def wait_for_answers(self, depth: bool) -> None: ...
    def masks_made(self) -> int: ...
    def is_away(self) -> bool: ...
    def settle(self) -> None: ...
    def shot(self) -> Image: ...


@dataclass(frozen=True)
class Look:
    """A name and the settings it needs, ``scene`` those of the scene's filter.

    ``shows_room``: the picture is made of the room; ``keeps_zone``: the user wants a corner of it;
    ``passes_by``: the file of a background that moves, so that no two pictures are the same.
    ``empty``: nobody is there.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    scene: dict[str, Any] = field(default_factory=lambda: dict(_SCENE_OFF))
    shows_room: bool = False
    keeps_zone: bool = False
    passes_by: Path | None = None
    empty: bool = False

    @property
    def of_pairs(self) -> bool:
        """Whether it is one of the half in which every two of background, output and look meet."""
        background, output, look = self.name.split("-", 2)
        if background not in BACKGROUNDS:
            return True
        where = BACKGROUNDS.index(background), (*OUTPUTS, "scene").index(output)
        return (sum(where) + _LOOK_NAMES.index(look)) % 2 == 0

    def room_pixels(self, picture: Image) -> int:
        """Count the pixels of the room where this look must not show it."""
        if self.empty:
            return pictures.room_pixels(picture, np.ones(picture.shape[:2], np.bool_))
        if self.shows_room:
            return 0
        return pictures.room_pixels(picture, pictures.hidden(self.keeps_zone))

    def differing(self, picture: Image, other: Image) -> int:
        """Count the pixels that differ from another OBS's picture of this look."""
        if self.passes_by is None:
            return pictures.differing(picture, other)
        height, width = picture.shape[:2]
        return 0 if pictures.shows_part_of(picture, self.passes_by) else height * width


def looks(background: str, background_image: str) -> Iterator[Look]:
    """Give the looks of one of :data:`GROUPS`."""
    if background == READY:
        yield from _ready_looks()
    elif background == NOBODY:
        yield from _nobody_looks(background_image)
    elif background == DARK:
        yield from _dark_looks(background_image)
    else:
        yield from _looks_of(background, background_image)


def _ready_looks() -> Iterator[Look]:
    """Give each picture that ships; the first of them by the scene's filter, too."""
    for name in READY_BACKGROUNDS:
        moves = folders.ready_background(name) if name in MOVING_BACKGROUNDS else None
        settings = {**OFF, "background": name, "output": "cutout", "timing": "latest"}
        yield Look(f"{READY}-cutout-{name}", settings, passes_by=moves)
        if name == READY_BACKGROUNDS[0]:
            yield Look(f"{READY}-background-{name}", {**settings, "output": "background"})
            camera = {**settings, "background": "color", "background_color": COVER_COLOR}
            yield Look(f"{READY}-scene-{name}", camera, {**_SCENE_OFF, "background": name})


def _nobody_looks(background_image: str) -> Iterator[Look]:
    """Give what is shown while nobody is there: a picture, a source, each cover, the background."""
    settings = {**OFF, "background": "color", "background_color": COLOR, "output": "cutout",
                "timing": "latest", "nobody_seconds": 1.0, "nobody_image": background_image,
                "nobody_source": "Layer", "cover_image": background_image}  # fmt: skip
    for shown, cover in (
        ("image", "color"), ("source", "color"), ("cover", "color"), ("cover", "image"),
        ("cover", "hidden"), ("nothing", "color"),
    ):  # fmt: skip
        more = {"nobody": shown, "cover": cover}
        yield Look(f"{NOBODY}-{shown}-{cover}", {**settings, **more}, empty=True)
    yield Look(f"{NOBODY}-image-back", {**settings, "nobody": "image", "cover": "color"})


def _dark_looks(background_image: str) -> Iterator[Look]:
    """Give a person in the dark: as she is, brightened, matched, both, and with all other looks."""
    settings = {**OFF, "background": "image", "background_image": background_image,
                "output": "cutout", "timing": "latest"}  # fmt: skip
    light: dict[str, Any] = {"brighten": 1.0}
    looks = {"none": {}, "brighten": light, "match": LOOKS["match"],
             "both": {**LOOKS["match"], **light}, "all": {**_ALL, **light},
             "half": {"brighten": 0.5}}  # fmt: skip
    for name, more in looks.items():
        keeps = "zone1" in more
        look = Look(f"{DARK}-cutout-{name}", {**settings, **more}, keeps_zone=keeps)
        yield from _both_timings(look, name == "both")
    transparent = {**settings, **light, "background": "transparent"}
    yield Look(f"{DARK}-cutout-transparent", transparent)


def _looks_of(background: str, background_image: str) -> Iterator[Look]:
    """Give ``background`` with each output and each look, alone and all together."""
    every = {**LOOKS, "all": _ALL}
    backgrounds = {"background_image": background_image, "background_source": "Layer",
                   "background_color": COLOR}  # fmt: skip
    for output, (name, more) in itertools.product(OUTPUTS, every.items()):
        if output in ("alpha", "inverted") and name not in ("none", "edge", "zone", "all"):
            continue  # other looks do not change them
        settings = {
            **OFF, **more, **backgrounds, "background": background, "output": output,
            "timing": "latest",
        }  # fmt: skip
        # A blur of a flat room is the room's colour; these outputs show the room by their name.
        shows = background in ("blur", "room") and output in ("cutout", "background")
        look = Look(f"{background}-{output}-{name}", settings,
                    shows_room=shows or output == "inverted",
                    keeps_zone="zone1" in more)  # fmt: skip
        yield from _both_timings(look, name in ("none", "all"))
    for name in SCENE_LOOKS:
        own = {**_NO_PARTS, **every[name], **backgrounds, "background": background,
               "own_layers": name != "zone", "own_zones": name in ("zone", "all")}  # fmt: skip
        # What is the camera's alone stays with its filter, whose background must not be seen.
        camera = {**OFF, **(every[name] if name == "all" else {}), **_NO_PARTS,
                  "background": "color", "background_color": COVER_COLOR, "output": "cutout",
                  "timing": "latest", "depth_model": own.get("depth_model", "")}  # fmt: skip
        look = Look(f"{background}-scene-{name}", camera, own,
                    shows_room=background in ("blur", "room"),
                    keeps_zone=name in ("zone", "all"))  # fmt: skip
        yield from _both_timings(look, name in ("none", "all"))


def _both_timings(look: Look, locked: bool) -> Iterator[Look]:
    yield look
    if locked:
        settings = {**look.settings, "timing": "locked"}
        yield replace(look, name=f"{look.name}-locked", settings=settings)


def add_depth_model(folder: Path) -> None:
    """Put a depth model into a folder of models: for it the middle is near, whatever it sees."""
    width, height = DEPTH_SIZE
    graph = Graph()
    begin, end, axis = (graph.weight([value], np.int64) for value in (0, 1, 1))
    channel = graph.node("Slice", "picture", begin, end, axis)
    nothing = graph.node("Mul", channel, graph.weight([0.0], np.float32))
    near = 1 - np.abs(np.linspace(-1, 1, width, dtype=np.float32))
    graph.node("Add", nothing, graph.weight(np.tile(near, (1, 1, height, 1))), out="near")
    folder.mkdir(exist_ok=True)
    kind = TensorProto.FLOAT
    file = graph.save(
        folder / f"{DEPTH_MODEL}.onnx",
        [("picture", kind, [1, 3, height, width])],
        [("near", kind, [1, 1, height, width])],
    )
    manifest_for(file, 'kind = "depth"\nnear = "high"', width=width, height=height,
                 name=DEPTH_MODEL)  # fmt: skip


def set_stage(actor: Actor) -> str:
    """Put camera, layer and filter on the stage; return the background's file."""
    picture, _ = pictures.camera()
    actor.picture("Layer", pictures.layer())
    actor.backdrop(stage.BACKDROP)
    actor.picture("Camera", picture)
    return actor.save("background", pictures.background())


def settle_mask(actor: Actor) -> None:
    """Wait for a mask that no longer changes; the timing is then *latest*.

    The worker looks closer at a person whom an earlier mask has found (``close_look``). A still
    picture is sent to it once; another timing sends it again.
    """
    for timing in ("locked", "latest"):
        actor.set(FILTER, timing=timing)
        _settle_timing(actor)
    actor.wait_for_answers(depth=False)
    actor.settle()


def _settle_timing(actor: Actor) -> None:
    """Wait for a mask made after the timing was changed: until then the last one may be drawn."""
    actor.wait_frames(HELD_FRAMES + 3)
    actor.settle()


def draw(
    actor: Actor, background: str, wanted: Callable[[Look], bool]
) -> Iterator[tuple[Look, Image]]:
    """Draw every look of ``background`` that is ``wanted``."""
    file = set_stage(actor)
    if background == DARK:
        actor.set("Camera", file=actor.save("dark", pictures.dark_camera()))
    # With less than the best quality software OpenGL leaves out what Direct3D does.
    actor.add_filter("Camera", "VB", cover="color", cover_color=COVER_COLOR, quality="best")
    actor.add_filter("Scene", "SB", SCENE_FILTER_ID)
    settle_mask(actor)
    timing = "latest"
    empty = False
    for look in looks(background, file):
        if not wanted(look):
            continue
        actor.set(SCENE_FILTER, **look.scene)
        actor.set(FILTER, **look.settings)
        if look.empty != empty:
            empty = look.empty
            _empty(actor, empty)
        actor.settle()
        if empty:
            _wait_for_nobody(actor, look.settings["nobody"] != "nothing")
        if look.settings["timing"] != timing:
            timing = look.settings["timing"]
            _settle_timing(actor)
        yield look, _steady_shot(actor, look.settings["depth_model"] != "")


def _empty(actor: Actor, empty: bool) -> None:
    """Let the person leave the room, or come back."""
    picture = pictures.camera()[0]
    if empty:
        picture[:] = stage.SECRET
    actor.set("Camera", file=actor.save("empty" if empty else "camera", picture))
    settle_mask(actor)
    _wait_for_nobody(actor, empty)


def _wait_for_nobody(actor: Actor, away: bool) -> None:
    actor.wait_for(lambda: actor.is_away() == away, f"{'nobody' if away else 'somebody'} there")
    actor.wait_frames(3)


def _steady_shot(actor: Actor, depth: bool) -> Image:
    """Return a picture while no mask comes: late frames of OBS alone have everything made anew.

    Raises BenchError where masks do not stop.
    """
    for _ in range(20):
        actor.wait_for_answers(depth)
        made = actor.masks_made()
        actor.settle()
        picture = actor.shot()
        if actor.masks_made() == made:
            return picture
    raise BenchError("A still picture gets mask after mask.")
