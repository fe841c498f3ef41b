"""Every setting of the filter, declared once.

This table generates the Lua half's properties and defaults, the memory the worker reads, the
locale check and the table in the documentation. Keys are what obs-websocket's
``SetSourceFilterSettings`` takes and what OBS saves: renaming one breaks users' scenes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Union

from vb_link.ready_backgrounds import READY_BACKGROUNDS

Kind = Literal[
    "bool", "float", "color", "choice", "model", "compute", "depth_model", "image", "video",
    "source", "scene", "audio",
]  # fmt: skip
Reader = Literal["filter", "worker", "script"]
Value = Union[bool, float, int, str]


@dataclass(frozen=True)
class Elsewhere:
    """The row of a setting in another group: under another name, for other values of the setting
    that decides whether it is visible.
    """

    group: str
    text: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """One setting.

    ``kind``: ``color`` is OBS's integer 0xAABBGGRR; ``choice``, the models and ``compute``
    (a compute unit of this computer) are strings, the last two with "auto";
    ``image`` and ``video`` are files, ``source`` is the name of an OBS source or scene, ``scene``
    that of a scene, ``audio`` that of a source with sound.
    ``choices`` holds the values of a ``choice``; the text key of value *v* is ``<text>.<v>``.
    ``shown_for`` is (key, values): the property is visible only while that other setting has one
    of those values (a bool counts as "true" or "false"); ``hidden_for`` is the reverse.
    ``reader`` says who acts on it: what the worker or the script reads is in the link.
    ``group``: the panel group it is in; "main" is always open, all others fold.
    ``scene``: a scene may have its own value. ``number`` distinguishes rows with the same text.
    ``unit`` SHARE: a share, which the panel shows in percent.
    """

    key: str
    kind: Kind
    default: Value
    text: str
    reader: Reader = "filter"
    minimum: float = 0.0
    maximum: float = 1.0
    step: float = 0.01
    unit: str = ""
    choices: tuple[str, ...] = ()
    shown_for: tuple[str, tuple[str, ...]] | None = None
    hidden_for: tuple[str, tuple[str, ...]] | None = None
    elsewhere: Elsewhere | None = None
    group: str = "main"
    scene: bool = False
    number: int = 0


# The name of the built-in filter that hides a camera in an OBS without the script.
LOCK = "Virtual Background: lock"

ANYTHING = "*"  # in ``shown_for``: any value but none
SHARE = " %"
_PICTURED: tuple[Kind, ...] = ("image", "video", "source")
_NOBODY: tuple[Kind, ...] = ("image", "source")
_IF_PLACED = ("background_fit", ("cover", "contain"))


def _share(key: str, text: str, default: float, group: str) -> Setting:
    return Setting(key, "float", default, text, unit=SHARE, group=group)


def _position(
    key: str,
    text: str,
    group: str,
    shown_for: tuple[str, tuple[str, ...]] | None = None,
    default: float = 0.5,
) -> Setting:
    return replace(_share(key, text, default, group), shown_for=shown_for, scene=True)


def _pictures(key: str, text: str, kinds: tuple[Kind, ...], group: str) -> tuple[Setting, ...]:
    """Return what is asked for where the choice ``key`` is a picture of one of these kinds."""
    return tuple(
        Setting(f"{key}_{kind}", kind, "", f"{text}{kind.capitalize()}", shown_for=(key, (kind,)),
                group=group)
        for kind in kinds
    )  # fmt: skip


def _layer(name: str, text: str) -> tuple[Setting, ...]:
    """Return the settings of a layer: an OBS source, its position, scale and opacity."""
    made = (
        Setting(f"{name}_source", "source", "", text),
        _share(f"{name}_x", "LayerX", 0.5, "layers"),
        _share(f"{name}_y", "LayerY", 0.5, "layers"),
        replace(_share(f"{name}_scale", "LayerScale", 1.0, "layers"), minimum=0.05, maximum=4.0),
        _share(f"{name}_opacity", "LayerOpacity", 1.0, "layers"),
    )
    chosen = (f"{name}_source", (ANYTHING,))  # a button adds the next layer
    return tuple(replace(row, group="layers", scene=True, shown_for=chosen) for row in made)


# A rectangle is kept or dropped itself, or is a stroke on an object to keep or drop as a whole.
ZONES = ("off", "keep", "drop", "keep_thing", "drop_thing")


def _zone(number: int) -> tuple[Setting, ...]:
    """Return the settings of a rectangle, as shares of the picture's width and height."""
    key = f"zone{number}"
    shown = (key, ZONES[1:])
    return (
        Setting(
            key,
            "choice",
            "off",
            "Zone",
            choices=ZONES,
            shown_for=shown,  # a button adds the next zone
            group="zones",
            scene=True,
            number=number,
        ),
        _position(f"{key}_left", "ZoneLeft", "zones", shown, 0.4),
        _position(f"{key}_top", "ZoneTop", "zones", shown, 0.4),
        _position(f"{key}_right", "ZoneRight", "zones", shown, 0.6),
        _position(f"{key}_bottom", "ZoneBottom", "zones", shown, 0.6),
    )


QUALITIES = ("fast", "balanced", "best")
# The value of "model" that leaves the choice to the worker, the network that always ships, and the
# better one that the set-up fetches.
AUTO_MODEL = "auto"
SHIPPED_MODEL = "selfie_square"
RECOMMENDED_MODEL = "pphumanseg"
# Clockwise rotation of the camera's picture, in degrees.
TURNS = ("0", "90", "180", "270")

SETTINGS: tuple[Setting, ...] = (
    Setting("active", "bool", True, "Active", group="main"),
    Setting(
        "background",
        "choice",
        "blur",
        "Background",
        choices=("transparent", "color", "blur", *READY_BACKGROUNDS, *_PICTURED, "room"),
        group="main",
        scene=True,
    ),
    *(replace(row, scene=True) for row in _pictures("background", "Background", _PICTURED, "main")),
    Setting(
        "background_color",
        "color",
        0xFF3A2E26,
        "BackgroundColor",
        shown_for=("background", ("color",)),
        elsewhere=Elsewhere("place", "BackgroundColor.Behind", (*READY_BACKGROUNDS, *_PICTURED)),
        group="main",
        scene=True,
    ),
    Setting(
        "blur_strength",
        "float",
        24.0,
        "BlurStrength",
        minimum=2.0,
        maximum=100.0,
        step=1.0,
        unit=" px",
        shown_for=("background", ("blur",)),
        group="main",
        scene=True,
    ),
    _share("softness", "Softness", 0.5, "main"),
    Setting(
        "quality", "choice", "balanced", "Quality", reader="worker", choices=QUALITIES, group="main"
    ),
    Setting(
        "background_fit",
        "choice",
        "cover",
        "BackgroundFit",
        choices=("cover", "contain", "stretch"),
        shown_for=("background", (*READY_BACKGROUNDS, *_PICTURED)),
        group="place",
        scene=True,
    ),
    *(
        _position(f"background_{axis}", f"Background{axis.upper()}", "place", _IF_PLACED)
        for axis in "xy"
    ),
    Setting(
        "person",
        "choice",
        "all",
        "Person",
        reader="worker",
        choices=("all", "largest", "central", "follow"),
        group="person",
    ),
    *(
        replace(
            _share(f"person_{axis}", f"Person{axis.upper()}", 0.5, "person"),
            reader="worker",
            shown_for=("person", ("follow",)),
        )
        for axis in "xy"
    ),
    _share("threshold", "Threshold", 0.5, "person"),
    Setting("clean_plate", "bool", False, "CleanPlate", group="person"),
    Setting(
        "grow",
        "float",
        0.0,
        "Grow",
        minimum=-30.0,
        maximum=30.0,
        step=0.5,
        unit=" px",
        group="look",
    ),
    Setting(
        "feather",
        "float",
        0.0,
        "Feather",
        minimum=-30.0,
        maximum=30.0,
        step=0.5,
        unit=" px",
        group="look",
    ),
    replace(_share("brighten", "Brighten", 0.0, "look"), reader="worker"),
    _share("decontaminate", "Decontaminate", 0.0, "look"),
    _share("light_wrap", "LightWrap", 0.0, "look"),
    _share("shadow", "Shadow", 0.0, "look"),
    _share("match", "Match", 0.0, "look"),
    *_layer("behind", "BehindSource"),
    Setting(
        "depth_model",
        "depth_model",
        "",
        "DepthModel",
        reader="worker",
        shown_for=("behind_source", (ANYTHING,)),
        group="layers",
    ),
    *(
        replace(
            _share(key, text, default, "layers"),
            shown_for=("depth_model", (ANYTHING,)),
            scene=True,
        )
        for key, default, text in (
            ("behind_depth", 0.5, "BehindDepth"),
            ("behind_depth_edge", 0.1, "BehindDepthEdge"),
        )
    ),
    *_layer("front", "FrontSource"),
    Setting("zone_picture", "image", "", "ZonePicture", group="zones", scene=True),
    *(setting for number in range(1, 5) for setting in _zone(number)),
    Setting(
        "cover",
        "choice",
        "blur",
        "Cover",
        choices=("blur", "color", "image", "hidden", "camera"),
        group="cover",
    ),
    Setting(
        "cover_color",
        "color",
        0xFF3A2E26,
        "CoverColor",
        shown_for=("cover", ("color",)),
        group="cover",
    ),
    *_pictures("cover", "Cover", ("image",), "cover"),
    Setting(
        "nobody",
        "choice",
        "nothing",
        "Nobody",
        choices=("nothing", "cover", *_NOBODY, "scene"),
        group="cover",
    ),
    *_pictures("nobody", "Nobody", (*_NOBODY, "scene"), "cover"),
    Setting(
        "nobody_seconds",
        "float",
        5.0,
        "NobodySeconds",
        minimum=1.0,
        maximum=60.0,
        step=1.0,
        unit=" s",
        shown_for=("nobody", ("cover", *_NOBODY, "scene")),
        group="cover",
    ),
    Setting("lock", "bool", False, "Lock", group="cover"),
    Setting("timing", "choice", "latest", "Timing", choices=("latest", "locked"), group="time"),
    Setting(
        "sync_source", "audio", "", "SyncSource", shown_for=("timing", ("locked",)), group="time"
    ),
    Setting(
        "governor",
        "choice",
        "balanced",
        "Governor",
        reader="script",
        choices=("off", "balanced"),
        group="time",
    ),
    Setting(
        "lowest_rate",
        "float",
        10.0,
        "LowestRate",
        reader="script",
        minimum=5.0,
        maximum=60.0,
        step=1.0,
        unit=" /s",
        shown_for=("governor", ("balanced",)),
        hidden_for=("timing", ("locked",)),  # each picture needs a mask of its own
        group="time",
    ),
    Setting(
        "output",
        "choice",
        "cutout",
        "Output",
        choices=("cutout", "background", "alpha", "inverted"),
        group="advanced",
    ),
    Setting("turned", "choice", "0", "Turned", reader="worker", choices=TURNS, group="advanced"),
    Setting("mirrored", "bool", False, "Mirrored", reader="worker", group="advanced"),
    Setting("advice", "bool", True, "Advice", reader="worker", group="advanced"),
    Setting("model", "model", AUTO_MODEL, "Model", reader="worker", group="advanced"),
    Setting("compute", "compute", "auto", "Compute", reader="worker", group="advanced"),
)

# A scene's own settings, held by a filter of its own kind on the scene. "default" and off leave a
# part to the camera's filter.
DEFAULT_BACKGROUND = "default"


def _of_scene(setting: Setting) -> Setting:
    if setting.key == "background":
        choices = (DEFAULT_BACKGROUND, *setting.choices)
        return replace(setting, default=DEFAULT_BACKGROUND, choices=choices)
    if setting.shown_for is not None and setting.shown_for[0] == "depth_model":
        # It is chosen in the camera's filter.
        return replace(setting, shown_for=("behind_source", (ANYTHING,)))
    return setting


def _scene_settings() -> tuple[Setting, ...]:
    made: list[Setting] = []
    for group in ("main", "place", "layers", "zones"):
        if group in ("layers", "zones"):
            made.append(Setting(f"own_{group}", "bool", False, f"Own.{group}", group=group))
        made += [_of_scene(s) for s in SETTINGS if s.scene and s.group == group]
    return tuple(made)


SCENE_SETTINGS: tuple[Setting, ...] = _scene_settings()

FILTER_ID = "obs_virtual_background"
SCENE_FILTER_ID = "obs_virtual_background_scene"


def defaults() -> dict[str, Value]:
    """Return every setting's default by key."""
    return {setting.key: setting.default for setting in SETTINGS}


def scene_defaults() -> dict[str, Value]:
    """Return the default of every setting of the scene's filter by key."""
    return {setting.key: setting.default for setting in SCENE_SETTINGS}
