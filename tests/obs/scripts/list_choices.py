"""Writes what the filter's lists offer to CHOICES_FOLDER/choices.json, twice a second."""

import json
import os
from pathlib import Path

import obspython as obs

_FILE = Path(os.environ["CHOICES_FOLDER"]) / "choices.json"
_LISTS = ("model", "compute")


def _names(properties: object, key: str) -> list[str]:
    found = obs.obs_properties_get(properties, key)
    count = obs.obs_property_list_item_count(found)
    return [obs.obs_property_list_item_name(found, index) for index in range(count)]


def _write() -> None:
    camera = obs.obs_get_source_by_name("Camera")
    if camera is None:
        return
    ours = obs.obs_source_get_filter_by_name(camera, "Virtual Background")
    if ours is not None:
        properties = obs.obs_source_properties(ours)
        choices = {key: _names(properties, key) for key in _LISTS}
        obs.obs_properties_destroy(properties)
        obs.obs_source_release(ours)
        part = _FILE.with_suffix(".part")
        part.write_text(json.dumps(choices))
        part.replace(_FILE)
    obs.obs_source_release(camera)


def script_load(settings: object) -> None:
    obs.timer_add(_write, 500)


def script_unload() -> None:
    obs.timer_remove(_write)
