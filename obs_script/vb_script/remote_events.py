"""Tells clients of obs-websocket what changed in the filters, as events of a vendor.

Whoever changed it: a hotkey, a panel, a preset or another client. obs-websocket offers plugins a
procedure handler (lib/obs-websocket-api.h), which is called here. For OBS's UI thread.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping
from typing import Any

import obspython as obs

from vb_link import layout
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID, Value
from vb_script import libobs, obs_filters
from vb_script.reload_state import survivors

VENDOR = "obs_virtual_background"
STATES = {
    layout.STATE_MASK: "masks",
    layout.STATE_COVER: "covers",
    layout.STATE_OFF: "off",
}

Snapshot = dict[tuple[str, str, str], dict[str, Value]]


class _CallData(ctypes.Structure):
    """``calldata_t``: the named arguments and results of a procedure."""

    _fields_ = (
        ("stack", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
        ("fixed", ctypes.c_bool),
    )


class RemoteEvents:
    """The events, and what was told last."""

    def __init__(self) -> None:
        self._known: Snapshot | None = None
        self._state: dict[str, Any] = {}

    def look(self, segment: Any) -> None:
        """Send an event for each filter whose settings changed since the last call, and one if
        what the filters show did.
        """
        if not self._vendor():
            return
        before, self._known = self._known, _snapshot()
        for (source, filter_, kind), now in self._known.items() if before is not None else ():
            old = (before or {}).get((source, filter_, kind), {})
            changed = {key: value for key, value in now.items() if old.get(key) != value}
            if changed:
                self._emit(
                    "SettingsChanged",
                    {"sourceName": source, "filterName": filter_, "filterKind": kind,
                     "changed": changed},
                )  # fmt: skip
        state = _state(segment)
        if state != self._state:
            self._state = state
            self._emit("StateChanged", state)

    @staticmethod
    def _vendor() -> int:
        """Return our handle at obs-websocket, which keeps it until OBS ends; 0 without it."""
        kept = survivors()
        if not kept.vendor:
            found = _call(libobs.libobs().obs_get_proc_handler(), "obs_websocket_api_get_ph", {})
            kept.websocket = found.get("ph", 0)
            if kept.websocket:
                found = _call(kept.websocket, "vendor_register", {"name": VENDOR})
                kept.vendor = found.get("vendor", 0)
        return int(kept.vendor)

    @staticmethod
    def _emit(event: str, content: Mapping[str, Any]) -> None:
        library = libobs.libobs()
        data = library.obs_data_create_from_json(json.dumps(content).encode())
        try:
            kept = survivors()
            _call(
                kept.websocket, "vendor_event_emit",
                {"vendor": kept.vendor, "type": event, "data": data},
            )  # fmt: skip
        finally:
            library.obs_data_release(data)


def _call(handler: int, name: str, arguments: Mapping[str, str | int]) -> dict[str, int]:
    """Call a procedure; numbers are pointers. Returns the pointers among its results."""
    library, data = libobs.libobs(), _CallData()
    place = ctypes.addressof(data)
    for key, value in arguments.items():
        if isinstance(value, str):
            text = ctypes.create_string_buffer(value.encode())
            library.calldata_set_data(place, key.encode(), ctypes.addressof(text), len(text))
        else:
            pointer = ctypes.c_void_p(value)
            library.calldata_set_data(
                place, key.encode(), ctypes.addressof(pointer), ctypes.sizeof(pointer)
            )  # fmt: skip
    found = {}
    if library.proc_handler_call(handler, name.encode(), place):
        for key in ("ph", "vendor"):
            pointer, size = ctypes.c_void_p(), ctypes.sizeof(ctypes.c_void_p)
            at = ctypes.addressof(pointer)
            if library.calldata_get_data(place, key.encode(), at, size):
                found[key] = pointer.value or 0
    library.bfree(data.stack)
    return found


def _snapshot() -> Snapshot:
    """Return the settings of all our filters by source, filter and kind."""
    found: Snapshot = {}
    with obs_filters.inputs() as inputs, obs_filters.scenes() as scenes:
        for parent in (*inputs, *scenes):
            for kind in (FILTER_ID, SCENE_FILTER_ID):
                with obs_filters.filters_of(parent, kind) as filters:
                    for filter_ in filters:
                        names = obs.obs_source_get_name(parent), obs.obs_source_get_name(filter_)
                        found[(*names, kind)] = obs_filters.values(filter_)
    return found


def _state(segment: Any) -> dict[str, Any]:
    """Return what the filters show: how many of them do what, and the emergency cover."""
    used = [channel for channel in segment.channels if channel.used]
    states = [channel.state for channel in used]
    return {
        "panic": bool(segment.panic),
        "filters": len(used),
        **{word: states.count(number) for number, word in STATES.items()},
        "away": sum(bool(channel.away) for channel in used),
    }
