"""Every setting of the filter, declared once.

From this table come the Lua half's properties and defaults, the memory the worker reads, the
locale check and the table in the documentation. Keys are what obs-websocket's
``SetSourceFilterSettings`` takes and what OBS saves: renaming one breaks users' scenes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Union

Kind = Literal["bool", "float", "color", "choice", "model", "path"]
Reader = Literal["filter", "worker"]
Value = Union[bool, float, int, str]


@dataclass(frozen=True)
class Setting:
    """One setting.

    ``kind``: ``color`` is OBS's integer 0xAABBGGRR; ``choice`` and ``model`` are strings;
    ``path`` is a file. ``choices`` holds the values of a ``choice``; the text of value *v* is
    found under the text key ``<text>.<v>``. ``shown_for`` is (key, values): the property is
    visible only while that other setting has one of those values. ``reader`` says who acts on
    it: what the worker reads travels through the link.
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
    group: str = field(default="mask")


QUALITIES = ("fast", "balanced", "best")

SETTINGS: tuple[Setting, ...] = (
    Setting("active", "bool", True, "Active", group="main"),
    Setting("model", "model", "selfie_landscape", "Model", reader="worker", group="mask"),
    Setting(
        "quality",
        "choice",
        "balanced",
        "Quality",
        reader="worker",
        choices=QUALITIES,
        group="mask",
    ),
    Setting("threshold", "float", 0.5, "Threshold", group="mask"),
    Setting("softness", "float", 0.5, "Softness", group="mask"),
    Setting(
        "background",
        "choice",
        "blur",
        "Background",
        choices=("transparent", "color", "blur"),
        group="background",
    ),
    Setting(
        "background_color",
        "color",
        0xFF3A2E26,
        "BackgroundColor",
        shown_for=("background", ("color",)),
        group="background",
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
        group="background",
    ),
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
    Setting(
        "cover_image", "path", "", "CoverImage", shown_for=("cover", ("image",)), group="cover"
    ),
)

FILTER_ID = "obs_virtual_background"


def defaults() -> dict[str, Value]:
    """Return every setting's default by key."""
    return {setting.key: setting.default for setting in SETTINGS}
