"""Looks to start from: each sets the daily settings at once.

The title of the start *name* is the text ``Start.<name>``.
"""

from __future__ import annotations

from vb_link.settings import Value

# What every start sets; what one does not name gets its default.
DAILY = ("background", "background_color", "blur_strength", "softness", "quality", "decontaminate",
         "light_wrap", "shadow", "match")  # fmt: skip
STARTS: dict[str, dict[str, Value]] = {
    "meeting": {"background": "blur", "blur_strength": 20.0, "decontaminate": 0.3,
                "light_wrap": 0.1},
    "game": {"background": "transparent", "softness": 0.4, "decontaminate": 0.5},
    "lesson": {"background": "studio_light", "decontaminate": 0.4, "light_wrap": 0.15,
               "shadow": 0.15},
    "studio": {"background": "studio_dark", "softness": 0.6, "quality": "best",
               "decontaminate": 0.4, "light_wrap": 0.25, "match": 0.3},
    "evening": {"background": "room_evening", "decontaminate": 0.4, "light_wrap": 0.2,
                "match": 0.5},
    "green": {"background": "color", "background_color": 0xFF00FF00, "softness": 0.2,
              "decontaminate": 0.8},
}  # fmt: skip
