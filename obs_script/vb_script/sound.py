"""Delays the sound to match the picture by an audio source's Sync Offset, and undoes it.

The original offset is kept in the filter's own settings, so it outlives OBS. For OBS's UI thread.
"""

from __future__ import annotations

import json
from typing import Any

import obspython as obs

from vb_link.texts import SaidError, say
from vb_script import libobs, obs_filters
from vb_script.obs_filters import SYNC_UNDO

LONGEST_MS = 20_000.0  # the limit in OBS's own dialog
_NS = 1_000_000  # in a millisecond

# ``source``: the audio source's name, ``offset``: the user's own, ``delay``: the filter's; in ns.
# If several filters delay one audio source, the largest delay counts.
Kept = dict[str, Any]


def set_sync(texts: dict[str, str], source: str, name: str, audio: str, delay_ms: str) -> str:
    """Add the delay of the filter's picture to an audio source's own Sync Offset."""
    try:
        delay = float(delay_ms)
    except ValueError as error:
        raise SaidError("Request.Unknown", request=delay_ms) from error
    if not 0.0 < delay <= LONGEST_MS:
        raise SaidError("Sync.NoDelay")
    if not audio:
        raise SaidError("Sync.NoSource")
    with obs_filters.camera_filter(source, name) as filter_, obs_filters.source(audio) as chosen:
        if not obs.obs_source_get_output_flags(chosen) & libobs.SOURCE_AUDIO:
            raise SaidError("Sync.NoSound", name=audio)
        held = _all_kept()
        before = held.pop((source, name), None)
        if before is not None and before["source"] != audio:
            _set(before["source"], _offset(before, held))
            before = None
        known = [kept for kept in (before, *held.values()) if kept and kept["source"] == audio]
        own = known[0]["offset"] if known else int(obs.obs_source_get_sync_offset(chosen))
        kept = {"source": audio, "offset": own, "delay": round(delay) * _NS}
        offset = _offset(kept, {**held, (source, name): kept})
        obs_filters.change(filter_, {SYNC_UNDO: json.dumps(kept)})
        obs.obs_source_set_sync_offset(chosen, offset)
    return say(texts, "Sync.Done", name=audio, ms=round(offset / _NS))


def undo_sync(texts: dict[str, str], source: str, name: str) -> str:
    """Restore the audio source's Sync Offset, or what other filters need it to be."""
    with obs_filters.camera_filter(source, name) as filter_:
        held = _all_kept()
        kept = held.pop((source, name), None)
        if kept is None:
            raise SaidError("Sync.NothingToUndo")
        offset = _offset(kept, held)
        found = _set(kept["source"], offset)
        obs_filters.change(filter_, {SYNC_UNDO: ""})
    if not found:
        raise SaidError("Request.NoSource", name=kept["source"])
    done = "Sync.Undone" if offset == kept["offset"] else "Sync.Done"
    return say(texts, done, name=kept["source"], ms=round(offset / _NS))


def _all_kept() -> dict[tuple[str, str], Kept]:
    """Return what each filter remembers, by (source name, filter name)."""
    with obs_filters.camera_filters() as pairs:
        found = {
            (obs.obs_source_get_name(parent), obs.obs_source_get_name(filter_)): _kept(filter_)
            for parent, filter_ in pairs
        }
    return {who: kept for who, kept in found.items() if kept is not None}


def _kept(filter_: Any) -> Kept | None:
    """Return what a filter remembers of the audio source it delayed, or None."""
    try:
        kept = json.loads(str(obs_filters.stored(filter_).get(SYNC_UNDO) or "null"))
        return {
            "source": str(kept["source"]),
            "offset": int(kept["offset"]),
            "delay": int(kept.get("delay", 0)),
        }
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _offset(kept: Kept, held: dict[tuple[str, str], Kept]) -> int:
    """Return the offset for the largest delay among the filters that delay this audio source."""
    delays = [other["delay"] for other in held.values() if other["source"] == kept["source"]]
    return int(kept["offset"]) + max(delays, default=0)


def _set(name: str, offset: int) -> bool:
    """Set a source's Sync Offset; returns False if the source no longer exists."""
    try:
        with obs_filters.source(name) as former:
            obs.obs_source_set_sync_offset(former, offset)
    except SaidError:
        return False
    return True
