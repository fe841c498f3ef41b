"""Presses a button of a filter's own panel as a user does, on OBS's UI thread.

When PANEL_FOLDER/press appears (JSON: source, filter, a button's key, a list's key), the next
frontend event makes the panel, presses, and leaves the list's entries in ``shown`` and the status
line in ``status``.
"""

import json
import os
from pathlib import Path

import obspython as obs

_FOLDER = Path(os.environ["PANEL_FOLDER"])


def _on_event(_event: int) -> None:
    press = _FOLDER / "press"
    if not press.exists():
        return
    asked = json.loads(press.read_text())
    press.unlink()
    source = obs.obs_get_source_by_name(asked["source"])
    filter_ = obs.obs_source_get_filter_by_name(source, asked["filter"])
    panel = obs.obs_source_properties(filter_)
    entries = obs.obs_properties_get(panel, asked["list"])
    shown = [
        obs.obs_property_list_item_name(entries, index)
        for index in range(obs.obs_property_list_item_count(entries))
    ]
    status = obs.obs_properties_get(panel, "status")
    (_FOLDER / "status").write_text(obs.obs_property_description(status), "utf-8")
    obs.obs_property_button_clicked(obs.obs_properties_get(panel, asked["button"]), filter_)
    obs.obs_properties_destroy(panel)
    obs.obs_source_release(filter_)
    obs.obs_source_release(source)
    (_FOLDER / "shown.new").write_text(json.dumps(shown))
    (_FOLDER / "shown.new").rename(_FOLDER / "shown")


def script_load(settings: object) -> None:
    obs.obs_frontend_add_event_callback(_on_event)


def script_unload() -> None:
    obs.obs_frontend_remove_event_callback(_on_event)
