"""The lock stands right below a filter of ours and goes with the last of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit import fake_library
from tests.unit import fake_obspython as fake
from tests.unit.fake_obspython import Source, World
from vb_link import texts
from vb_link.settings import FILTER_ID, LOCK
from vb_link.texts import SaidError
from vb_script import libobs, lock, panel_requests

ENGLISH = texts.load("en-US")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A camera with filters before and after ours, and one with a stranger's colour filter."""
    made = fake.fresh()
    monkeypatch.setattr(libobs, "libobs", fake_library.Library)
    camera = Source("Camera", filters=[Source("Crop", "crop_filter"), Source("VB", FILTER_ID)])
    camera.filters.append(Source("Sharp", "sharpness_filter"))
    made.inputs = [camera, Source("Second", filters=[Source("Mine", "color_filter")])]
    yield made
    assert made.balanced()


def _names(world: World) -> list[str]:
    return [filter_.name for filter_ in world.inputs[0].filters]


def _lock(wanted: str = "true", name: str = "VB") -> None:
    assert panel_requests.run(f"lock\nCamera\n{name}\n{wanted}", ENGLISH) == ""


def test_it_comes_right_below_the_filter_and_goes(world: World) -> None:
    _lock()
    _lock()
    assert _names(world) == ["Crop", LOCK, "VB", "Sharp"]
    assert world.inputs[0].filters[1].settings == {"opacity": 0.0, "brightness": -1.0}
    _lock("false")
    _lock("false")
    assert _names(world) == ["Crop", "VB", "Sharp"]


@pytest.mark.parametrize("place", [0, 2, 3])
def test_it_is_put_back_from_anywhere(world: World, place: int) -> None:
    _lock()
    filters = world.inputs[0].filters
    filters.insert(place, filters.pop(1))
    _lock()
    assert _names(world) == ["Crop", LOCK, "VB", "Sharp"]


def test_two_filters_share_one_lock(world: World) -> None:
    world.inputs[0].filters.append(Source("Again", FILTER_ID))
    _lock()
    _lock(name="Again")
    assert _names(world) == ["Crop", LOCK, "VB", "Sharp", "Again"]


def test_it_goes_with_the_last_filter_of_ours_and_no_other_does(world: World) -> None:
    _lock()
    assert panel_requests.run("tidy_locks", ENGLISH) == ""
    assert LOCK in _names(world)
    world.inputs[0].filters = [
        filter_ for filter_ in world.inputs[0].filters if filter_.name != "VB"
    ]
    assert panel_requests.run("tidy_locks", ENGLISH) == ""
    assert _names(world) == ["Crop", "Sharp"]
    assert [filter_.name for filter_ in world.inputs[1].filters] == ["Mine"]


@pytest.mark.usefixtures("world")
def test_a_filter_that_is_gone_is_said() -> None:
    with pytest.raises(SaidError):
        _lock(name="Nobody")


def test_a_lock_that_waited_is_put_in_once(world: World) -> None:
    ours = world.inputs[0].filters[1]
    assert not lock.put_missing()
    ours.settings = {"lock": True}
    assert lock.put_missing() and _names(world) == ["Crop", LOCK, "VB", "Sharp"]
    assert not lock.put_missing() and _names(world).count(LOCK) == 1
