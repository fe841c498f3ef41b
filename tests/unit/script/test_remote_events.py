"""What the clients of obs-websocket are told; obs-websocket itself is made up."""

from __future__ import annotations

import ctypes
import json
from typing import Any

import pytest

from tests.unit.fake_obspython import World
from tests.unit.script.filters import camera_filter
from vb_link import layout
from vb_link.settings import SCENE_FILTER_ID
from vb_script import libobs, remote_events
from vb_script.reload_state import survivors


def _text(field: bytes) -> str:
    """Return a C string, which has to end with a zero."""
    assert field[-1:] == b"\0"
    return field[:-1].decode()


class Library:
    """libobs with the procedures of obs-websocket, if it is ``there``."""

    def __init__(self, *, there: bool = True) -> None:
        self.there = there
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.vendors: list[str] = []
        self.texts: dict[int, dict[str, Any]] = {}
        self._data: dict[bytes, bytes] = {}

    def obs_get_proc_handler(self) -> int:
        return 1

    def obs_data_create_from_json(self, text: bytes) -> int:
        number = 100 + len(self.texts)
        self.texts[number] = json.loads(text)
        return number

    def obs_data_release(self, number: int) -> None:
        del self.texts[number]

    def calldata_set_data(self, _data: int, key: bytes, value: int, size: int) -> None:
        self._data[key] = ctypes.string_at(value, size)

    def calldata_get_data(self, _data: int, key: bytes, into: int, size: int) -> bool:
        value = self._data.get(key)
        if value is None or len(value) != size:
            return False
        ctypes.memmove(into, value, size)
        return True

    def bfree(self, _stack: int | None) -> None:
        self._data.clear()

    def proc_handler_call(self, handler: int, name: bytes, _data: int) -> bool:
        if not self.there:
            return False
        if (handler, name) == (1, b"obs_websocket_api_get_ph"):
            self._data[b"ph"] = (2).to_bytes(8, "little")
        elif (handler, name) == (2, b"vendor_register"):
            self.vendors.append(_text(self._data[b"name"]))
            self._data[b"vendor"] = (3).to_bytes(8, "little")
        elif (handler, name) == (2, b"vendor_event_emit"):
            assert int.from_bytes(self._data[b"vendor"], "little") == 3
            content = self.texts[int.from_bytes(self._data[b"data"], "little")]
            self.events.append((_text(self._data[b"type"]), content))
        return True


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library()
    monkeypatch.setattr(libobs, "libobs", lambda: made)
    monkeypatch.setattr(survivors(), "vendor", 0)
    monkeypatch.setattr(survivors(), "websocket", 0)
    return made


def test_only_what_changed_is_told_whoever_changed_it(world: World, library: Library) -> None:
    segment = layout.Segment()
    events = remote_events.RemoteEvents()
    events.look(segment)
    events.look(segment)
    assert [name for name, _ in library.events] == ["StateChanged"]
    camera = world.inputs[0].filters[0]
    camera.settings["softness"] = 0.25
    own = camera_filter(SCENE_FILTER_ID, background="blur")
    world.scenes[1].filters.append(own)
    events.look(segment)
    told = [content for name, content in library.events if name == "SettingsChanged"]
    assert told[0]["sourceName"] == world.inputs[0].name
    assert told[0]["changed"] == {"softness": 0.25}
    assert told[1]["filterKind"] == SCENE_FILTER_ID
    assert told[1]["changed"]["background"] == "blur"
    assert world.balanced()
    assert not library.texts, "what was sent is released"


def test_the_state_is_told_when_it_changes(world: World, library: Library) -> None:
    segment = layout.Segment()
    events = remote_events.RemoteEvents()
    events.look(segment)
    channel = segment.channels[2]
    channel.used, channel.state, channel.away = 7, layout.STATE_MASK, 1
    segment.panic = 1
    events.look(segment)
    assert library.events[-1] == (
        "StateChanged",
        {"panic": True, "filters": 1, "masks": 1, "covers": 0, "off": 0, "away": 1},
    )


def test_the_vendor_is_registered_once_even_if_the_script_is_reloaded(
    world: World, library: Library
) -> None:
    for _ in range(3):
        remote_events.RemoteEvents().look(layout.Segment())
    assert library.vendors == [remote_events.VENDOR]


def test_without_obs_websocket_nothing_is_done(world: World, library: Library) -> None:
    library.there = False
    remote_events.RemoteEvents().look(layout.Segment())
    assert not library.vendors
    assert not library.events
