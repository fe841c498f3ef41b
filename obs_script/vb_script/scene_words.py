"""A background in words, for lists a user reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PureWindowsPath

from vb_link.settings import DEFAULT_BACKGROUND, Value


def words(settings: Mapping[str, Value] | None, texts: dict[str, str]) -> str:
    """Return what a filter draws behind the person. ``None``: the scene has none of its own."""
    kind = str(settings["background"]) if settings is not None else DEFAULT_BACKGROUND
    named = texts.get(f"Background.{kind}", kind)
    if settings is None:
        return named
    if kind == "color":
        color = int(settings["background_color"])
        red, green, blue = color & 255, color >> 8 & 255, color >> 16 & 255
        return f"{named} #{red:02x}{green:02x}{blue:02x}"
    detail = str(settings.get(f"background_{kind}", ""))
    if kind in ("image", "video"):
        detail = PureWindowsPath(detail).name if "\\" in detail else Path(detail).name
    return f"{named}: {detail}" if detail else named
