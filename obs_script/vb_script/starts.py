"""Looks to start from: each sets the daily settings at once. For OBS's UI thread.

The settings before are kept in the filter's own, so that one press takes a start back.
"""

from __future__ import annotations

import json

from vb_link.setting_values import in_effect
from vb_link.settings import SETTINGS, SHARE, Setting, Value, defaults
from vb_link.starts import DAILY, STARTS
from vb_link.texts import SaidError, say
from vb_script import obs_filters

Texts = dict[str, str]
UNDO = "start_undo"  # in a filter's settings, but not in the table nor in presets

_ROWS = {row.key: row for row in SETTINGS}


def start(texts: Texts, source: str, name: str, which: str) -> str:
    """Set a filter's daily settings as a start has them and say which it has changed."""
    if which not in STARTS:
        raise SaidError("Request.Unknown", request=which)
    chosen = {**{key: defaults()[key] for key in DAILY}, **STARTS[which]}
    with obs_filters.camera_filter(source, name) as filter_:
        now = obs_filters.values(filter_)
        before = {key: now[key] for key in DAILY}
        changed = [key for key in DAILY if before[key] != chosen[key]]
        if changed:
            obs_filters.change(filter_, {**chosen, UNDO: json.dumps(before)})
    title = texts[f"Start.{which}"]
    if not changed:
        return say(texts, "Start.Same", name=title)
    said = ", ".join(_words(texts, _ROWS[key], chosen[key]) for key in changed)
    return say(texts, "Start.Done", name=title, what=said)


def undo(texts: Texts, source: str, name: str) -> str:
    """Set what the last start has changed back to what it was before."""
    with obs_filters.camera_filter(source, name) as filter_:
        try:
            kept = dict(json.loads(str(obs_filters.stored(filter_).get(UNDO) or "{}")))
        except (ValueError, TypeError):
            kept = {}
        before = {key: in_effect(_ROWS[key], kept[key]) for key in DAILY if key in kept}
        if not before:
            raise SaidError("Start.NothingToUndo")
        obs_filters.change(filter_, {**before, UNDO: ""})
    return texts["Start.Undone"]


def _words(texts: Texts, row: Setting, value: Value) -> str:
    title = texts[row.text]
    if row.kind == "choice":
        return f"{title}: {texts[f'{row.text}.{value}']}"
    if row.kind == "color":
        color = int(value)
        return f"{title}: #{color & 255:02x}{color >> 8 & 255:02x}{color >> 16 & 255:02x}"
    if row.unit == SHARE:
        return f"{title}: {round(float(value) * 100)} %"
    return f"{title}: {float(value):g}{row.unit}"
