"""Reading a filter's settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.fake_obspython import World
from vb_link.settings import defaults
from vb_script import obs_filters


@pytest.mark.parametrize("odd", [1, "true", None, {}, []], ids=repr)
def test_a_filter_with_settings_of_the_wrong_type_counts_as_its_defaults(
    world: World, odd: Any
) -> None:
    filter_ = world.inputs[0].filters[0]
    filter_.settings = dict.fromkeys(defaults(), odd)
    filter_.settings["threshold"] = True
    read = obs_filters.values(filter_)
    assert (read["active"], read["lock"], read["threshold"]) == (True, False, 0.5)
    assert all(type(read[key]) is type(default) for key, default in defaults().items())


def test_settings_are_read_with_their_defaults(world: World) -> None:
    with obs_filters.camera_filter("Second", "Virtual Background") as filter_:
        assert obs_filters.values(filter_) == {**defaults(), "shadow": 0.5}
    assert world.balanced()
