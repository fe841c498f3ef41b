"""Rebuilds the panel of the camera's filter each second, as a script with live figures would."""

import obspython as obs


def _rebuild() -> None:
    source = obs.obs_get_source_by_name("Camera")
    filter_ = obs.obs_source_get_filter_by_name(source, "Virtual Background")
    if filter_ is not None:
        obs.obs_source_update_properties(filter_)
    obs.obs_source_release(filter_)
    obs.obs_source_release(source)


def script_load(_settings: object) -> None:
    obs.timer_add(_rebuild, 1000)
