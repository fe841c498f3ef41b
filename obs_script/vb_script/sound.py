"""Lets the sound wait for the picture: an audio source's Sync Offset, and the way back.

What was there before is kept in the filter's own settings, so it outlives OBS. For OBS's UI
thread.
"""

from __future__ import annotations

import json
from typing import Any

import obspython as obs

from vb_script import libobs, obs_filters
from vb_script.obs_filters import SYNC_UNDO
from vb_script.texts import SaidError, say

LONGEST_MS = 20_000.0  # what OBS's own window allows
_NS = 1_000_000  # of a millisecond


def set_sync(texts: dict[str, str], source: str, name: str, audio: str, delay_ms: str) -> str:
    """Delay an audio source, beyond what it was delayed by before, as the filter's picture is."""
    try:
        delay = float(delay_ms)
    except ValueError as error:
        raise SaidError("Request.Unknown", request=delay_ms) from error
    if not 0.0 < delay <= LONGEST_MS:
        raise SaidError("Sync.NoDelay")
    if not audio:
        raise SaidError("Sync.NoSource")
    with obs_filters.camera_filter(source, name) as one, obs_filters.source(audio) as chosen:
        if not obs.obs_source_get_output_flags(chosen) & libobs.SOURCE_AUDIO:
            raise SaidError("Sync.NoSound", name=audio)
        kept = _kept(one)
        if kept is not None and kept["source"] != audio:
            _restore(kept)
        if kept is None or kept["source"] != audio:
            kept = {"source": audio, "offset": int(obs.obs_source_get_sync_offset(chosen))}
        offset = kept["offset"] + round(delay) * _NS
        obs_filters.change(one, {SYNC_UNDO: json.dumps(kept)})
        obs.obs_source_set_sync_offset(chosen, offset)
    return say(texts, "Sync.Done", name=audio, ms=round(offset / _NS))


def undo_sync(texts: dict[str, str], source: str, name: str) -> str:
    """Give the audio source the Sync Offset back that it had before."""
    with obs_filters.camera_filter(source, name) as one:
        kept = _kept(one)
        if kept is None:
            raise SaidError("Sync.NothingToUndo")
        found = _restore(kept)
        obs_filters.change(one, {SYNC_UNDO: ""})
    if not found:
        raise SaidError("Request.NoSource", name=kept["source"])
    return say(texts, "Sync.Undone", name=kept["source"], ms=round(kept["offset"] / _NS))


def _kept(one: Any) -> dict[str, Any] | None:
    """Return what a filter remembers of the audio source it delayed, or None."""
    try:
        kept = json.loads(str(obs_filters.stored(one).get(SYNC_UNDO) or "null"))
        return {"source": str(kept["source"]), "offset": int(kept["offset"])} if kept else None
    except (ValueError, KeyError, TypeError):
        return None


def _restore(kept: dict[str, Any]) -> bool:
    """Give a source its former offset back; False: there is no such source any more."""
    try:
        with obs_filters.source(kept["source"]) as former:
            obs.obs_source_set_sync_offset(former, kept["offset"])
    except SaidError:
        return False
    return True
