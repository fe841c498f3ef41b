"""Which states the twins are compared in."""

from __future__ import annotations

import itertools

from tests.twins import states

AXES = {"a": ("1", "2", "3"), "b": ("x", "y"), "c": ("p", "q", "r"), "d": ("0",)}


def test_pairwise_states_hold_every_pair_and_are_far_fewer_than_all() -> None:
    found = states.pairwise(AXES, 1)
    for first, other in itertools.combinations(AXES, 2):
        pairs = {(state[first], state[other]) for state in found}
        assert pairs == set(itertools.product(AXES[first], AXES[other]))
    assert 9 <= len(found) < 18


def test_the_same_seed_gives_the_same_states() -> None:
    assert states.short(3) == states.short(3)
    assert states.by_chance(20, 1) == states.by_chance(20, 1) != states.by_chance(20, 2)


def test_every_state_has_something_to_compare() -> None:
    for state in states.by_chance(2000, 1):
        over = states.NOTHING_OVER.get(state["colour"], ())
        assert state["mode"] not in over
        if state["camera"] in states.TRANSLUCENT and state["background"] in states.FILLED:
            assert (state["background"], state["mode"]) == ("color", "NORMAL")


def test_each_state_is_looked_at_once_on_its_canvas() -> None:
    wanted = states.by_chance(200, 1)
    groups = states.by_canvas(wanted)
    assert sum(map(len, groups.values())) == len(wanted)
    assert all(state["canvas"] == canvas for canvas, group in groups.items() for state in group)
