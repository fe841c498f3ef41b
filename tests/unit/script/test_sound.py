"""The delay of a sound that follows the picture's."""

from __future__ import annotations

import json

import pytest

from tests.unit.fake_obspython import Source, World
from tests.unit.script.requests import refused, run
from vb_link import texts

ENGLISH = texts.load("en-US")
pytestmark = pytest.mark.usefixtures("data")


MS = 1_000_000


def test_a_sound_is_delayed_as_the_picture_is_and_given_back(world: World) -> None:
    microphone = world.inputs[2]
    microphone.sync_offset = 40 * MS
    assert "107 ms" in run("set_sync", "Camera", "Virtual Background", "Microphone", "66.667")
    assert microphone.sync_offset == 107 * MS
    # Again, with another delay: beyond what was there before the first time.
    run("set_sync", "Camera", "Virtual Background", "Microphone", "100.000")
    assert microphone.sync_offset == 140 * MS
    # Neither a preset nor a copy of settings loses the way back.
    run("copy", "Second", "Virtual Background")
    assert "40 ms" in run("undo_sync", "Camera", "Virtual Background")
    assert microphone.sync_offset == 40 * MS
    assert refused("undo_sync", "Camera", "Virtual Background") == "Sync.NothingToUndo"


def test_another_sound_chosen_gives_the_first_one_its_offset_back(world: World) -> None:
    first = world.inputs[2]
    other = Source("Desktop", flags=2, sync_offset=5 * MS)
    world.inputs.append(other)
    run("set_sync", "Camera", "Virtual Background", "Microphone", "33")
    run("set_sync", "Camera", "Virtual Background", "Desktop", "33")
    assert (first.sync_offset, other.sync_offset) == (0, 38 * MS)
    world.inputs.remove(other)
    assert refused("undo_sync", "Camera", "Virtual Background") == "Request.NoSource"
    assert refused("undo_sync", "Camera", "Virtual Background") == "Sync.NothingToUndo"


def test_two_filters_delay_one_sound_once_and_the_users_own_offset_comes_back(world: World) -> None:
    microphone = world.inputs[2]
    microphone.sync_offset = 40 * MS
    for first, then in ((("Camera", 66), ("Second", 100)), (("Second", 100), ("Camera", 66))):
        for source, delay in (first, then):
            run("set_sync", source, "Virtual Background", "Microphone", delay)
        assert microphone.sync_offset == 140 * MS
        # The picture of the other is still late.
        assert f"{40 + then[1]} ms" in run("undo_sync", first[0], "Virtual Background")
        assert microphone.sync_offset == (40 + then[1]) * MS
        assert "40 ms again" in run("undo_sync", then[0], "Virtual Background")
        assert microphone.sync_offset == 40 * MS


def test_a_sound_that_another_filter_delays_stays_so_when_one_chooses_another(world: World) -> None:
    microphone, desktop = world.inputs[2], Source("Desktop", flags=2, sync_offset=5 * MS)
    world.inputs.append(desktop)
    for source in ("Camera", "Second"):
        run("set_sync", source, "Virtual Background", "Microphone", "33")
    run("set_sync", "Camera", "Virtual Background", "Desktop", "33")
    assert (microphone.sync_offset, desktop.sync_offset) == (33 * MS, 38 * MS)
    # What an earlier version kept has no delay.
    kept = json.dumps({"source": "Microphone", "offset": 0})
    world.inputs[1].filters[1].settings["sync_undo"] = kept
    run("undo_sync", "Second", "Virtual Background")
    assert microphone.sync_offset == 0


def test_sounds_that_cannot_be_delayed_are_refused_in_words(world: World) -> None:
    request = ("set_sync", "Camera", "Virtual Background")
    assert refused(*request, "Microphone", "0.000") == "Sync.NoDelay"
    assert refused(*request, "Microphone", "nan") == "Sync.NoDelay"
    assert refused(*request, "Microphone", "much") == "Request.Unknown"
    assert refused(*request, "", "33") == "Sync.NoSource"
    assert refused(*request, "Second", "33") == "Sync.NoSound"
    assert refused(*request, "Nobody", "33") == "Request.NoSource"
    world.inputs[0].filters[0].settings["sync_undo"] = "{broken"
    assert refused("undo_sync", "Camera", "Virtual Background") == "Sync.NothingToUndo"
