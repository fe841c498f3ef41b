"""The fault of OBS 32's own is told from others."""

from __future__ import annotations

from tests.obs import lost_scenes

LOG = """info: OBS 32.2.2+ds-1+b2 (linux)
info: ==== Shutting down ====
error: Not all sources were cleared when clearing scene data:

- Stripes
- Sign

error: Tried to call obs_frontend_remove_event_callback with no callbacks!
"""


def test_only_what_is_elsewhere_and_only_in_obs_32_is_excused() -> None:
    assert lost_scenes.lost(LOG, {"Stripes", "Sign", "Camera"})
    assert not lost_scenes.lost(LOG, {"Stripes"})
    assert not lost_scenes.lost(LOG.replace("OBS 32.", "OBS 30."), {"Stripes", "Sign"})
    assert not lost_scenes.lost(LOG.split("error:", maxsplit=1)[0], {"Stripes", "Sign"})
