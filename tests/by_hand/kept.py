"""What a filter saves for what a person chose in a row of its panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vb_link.settings import SCENE_SETTINGS, SETTINGS, SHARE, Setting

NEAR = 0.51  # a number field shows whole percents, or hundredths
# The list of scenes in the camera's panel, which is no setting. OBS shows the first item of a list
# without saving it.
SCENE_LIST = "scene"
_NAMED = ("source", "scene", "audio")  # lists of names, with an item for none


class Kept:
    """The rows of the camera's panel, or of the scene's; ``read`` returns the settings by key.

    A row is known only by its text, which several settings may share: one of them must have what
    was chosen.
    """

    def __init__(
        self, texts: Mapping[str, str], scene: bool, read: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._texts = texts
        self._read = read
        self._rows: dict[str, list[Setting]] = {}
        for setting in SCENE_SETTINGS if scene else SETTINGS:
            number = f" {setting.number}" if setting.number else ""
            self._rows.setdefault(texts[setting.text] + number, []).append(setting)
            if setting.elsewhere:
                self._rows.setdefault(texts[setting.elsewhere.text], []).append(setting)

    def settings(self, text: str) -> list[Setting]:
        return self._rows.get(text, [])

    def word(self, text: str, item: str) -> bool:
        """Whether ``item`` of a list is saved. Not for models and compute units."""
        if text == self._texts["Scene"] and self._read().get(SCENE_LIST, "") in ("", item):
            return True
        for setting in self.settings(text):
            value = self._read()[setting.key]
            if setting.kind == "choice":
                if self._texts[f"{setting.text}.{value}"] == item:
                    return True
            elif setting.kind not in _NAMED or (value or self._texts["None"]) == item:
                return True
        return not self.settings(text)

    def number(self, text: str, shown: float) -> bool:
        def is_shown(value: Any, scale: float) -> bool:
            return not isinstance(value, str) and abs(value * scale - shown) <= NEAR

        return self._any(text, is_shown)

    def same(self, text: str, value: Any) -> bool:
        return self._any(text, lambda kept, _: bool(kept == value))

    def color(self, text: str, color: str) -> bool:
        """Whether a colour, as #rrggbb, is saved in OBS's 0xAABBGGRR."""
        wanted = int(color[5:7] + color[3:5] + color[1:3], 16)
        return self._any(text, lambda kept, _: kept & 0xFFFFFF == wanted)

    def _any(self, text: str, fits: Callable[[Any, float], bool]) -> bool:
        settings = self.settings(text)
        values = self._read()
        return not settings or any(
            fits(values[setting.key], 100.0 if setting.unit == SHARE else 1.0)
            for setting in settings
        )
