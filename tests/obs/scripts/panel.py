"""Presses a button of the product's panel as a user does, on OBS's UI thread.

When PANEL_FOLDER/press appears (JSON: what is chosen, and a button's key or nothing), the next
frontend event makes the panel, presses, and leaves what it then shows in ``shown``.
"""

import json
import os
import sys
from pathlib import Path

import obspython as obs

_FOLDER = Path(os.environ["PANEL_FOLDER"])
_LISTS, _LINES = ("scene", "camera"), ("summary", "backgrounds", "news")


def _on_event(_event: int) -> None:
    press = _FOLDER / "press"
    if not press.exists():
        return
    asked = json.loads(press.read_text())
    press.unlink()
    module = sys.modules["virtual_background"]
    data = obs.obs_data_create_from_json(json.dumps(asked["chosen"]))
    module.script_update(data)
    obs.obs_data_release(data)
    panel = module.script_properties()
    if asked["button"]:
        obs.obs_property_button_clicked(obs.obs_properties_get(panel, asked["button"]), None)
    shown = {}
    for key in _LINES:
        shown[key] = obs.obs_property_description(obs.obs_properties_get(panel, key))
    for key in _LISTS:
        entries = obs.obs_properties_get(panel, key)
        shown[key] = [
            obs.obs_property_list_item_name(entries, index)
            for index in range(obs.obs_property_list_item_count(entries))
        ]
    obs.obs_properties_destroy(panel)
    (_FOLDER / "shown.new").write_text(json.dumps(shown))
    (_FOLDER / "shown.new").rename(_FOLDER / "shown")


def script_load(settings: object) -> None:
    obs.obs_frontend_add_event_callback(_on_event)


def script_unload() -> None:
    obs.obs_frontend_remove_event_callback(_on_event)
