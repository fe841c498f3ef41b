"""Rebuilds the panel of the camera's filter each second, as a script with live figures would."""

import obspython as obs


def _rebuild() -> None:
    source = obs.obs_get_source_by_name("Camera")
    one = obs.obs_source_get_filter_by_name(source, "Virtual Background")
    if one is not None:
        obs.obs_source_update_properties(one)
    obs.obs_source_release(one)
    obs.obs_source_release(source)


def script_load(_settings: object) -> None:
    obs.timer_add(_rebuild, 1000)
