"""Looks to start from: what they set, what they say, and that one press takes one back."""

from __future__ import annotations

import pytest

from tests.unit.fake_obspython import World
from tests.unit.script.requests import refused, run
from vb_link.setting_values import suits
from vb_link.settings import SETTINGS
from vb_link.starts import DAILY, STARTS
from vb_script import obs_filters

pytestmark = pytest.mark.usefixtures("data")
CAMERA = ("Camera", "Virtual Background")
ROWS = {row.key: row for row in SETTINGS}


@pytest.mark.parametrize("name", STARTS)
def test_a_start_holds_daily_settings_with_valid_values(name: str) -> None:
    assert set(STARTS[name]) <= set(DAILY) <= set(ROWS)
    assert [key for key, value in STARTS[name].items() if not suits(ROWS[key], value)] == []


def test_no_two_starts_are_alike() -> None:
    assert len({str(sorted(start.items())) for start in STARTS.values()}) == len(STARTS) >= 6


def test_a_start_sets_the_daily_settings_alone_and_says_what_it_set(world: World) -> None:
    filter_ = world.inputs[0].filters[0]
    said = run("start", *CAMERA, "studio")
    now = obs_filters.values(filter_)
    assert {key: now[key] for key in STARTS["studio"]} == STARTS["studio"]
    assert now["threshold"] == 0.25
    for words in ("Soft studio has set: Background: Studio, dark", "Edge softness: 60 %",
                  "Quality: Best"):  # fmt: skip
        assert words in said
    assert "Shadow" not in said, "it was so before"
    assert "already" in run("start", *CAMERA, "studio")


def test_one_press_takes_the_last_one_back(world: World) -> None:
    filter_ = world.inputs[0].filters[0]
    before = obs_filters.values(filter_)
    assert refused("undo_start", *CAMERA) == "Start.NothingToUndo"
    run("start", *CAMERA, "green")
    assert obs_filters.values(filter_)["background_color"] == 0xFF00FF00
    assert "as they were" in run("undo_start", *CAMERA)
    assert obs_filters.values(filter_) == before
    assert refused("undo_start", *CAMERA) == "Start.NothingToUndo"


@pytest.mark.parametrize("kept", ["no JSON", "[1]", '{"softness": "wide"}', '{"gone": 1}', 7])
def test_what_another_program_wrote_harms_nothing(world: World, kept: object) -> None:
    filter_ = world.inputs[0].filters[0]
    filter_.settings["start_undo"] = kept
    try:
        run("undo_start", *CAMERA)
    except Exception as error:
        assert getattr(error, "key", "") == "Start.NothingToUndo"
    assert all(suits(ROWS[key], value) for key, value in obs_filters.values(filter_).items())


def test_an_unknown_start_is_refused(world: World) -> None:
    before = dict(world.inputs[0].filters[0].settings)
    assert refused("start", *CAMERA, "no such") == "Request.Unknown"
    assert world.inputs[0].filters[0].settings == before
