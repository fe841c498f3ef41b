"""What OBS keeps of an unloaded script calls nothing and holds nothing."""

from __future__ import annotations

import types
import weakref

from vb_script import callbacks


class Heavy:
    def __init__(self) -> None:
        self.called: list[int] = []

    def act(self, number: int) -> bool:
        self.called.append(number)
        return True


def test_a_held_function_is_a_plain_one_that_passes_all_on() -> None:
    heavy = Heavy()
    callback = callbacks.releasable(heavy.act)
    assert isinstance(callback, types.FunctionType), "obspython takes nothing else"
    assert callback(3) is True
    assert heavy.called == [3]
    callbacks.let_go()


def test_what_is_let_go_does_nothing_and_can_be_freed() -> None:
    heavy = Heavy()
    alive = weakref.ref(heavy)
    kept_by_obs = [callbacks.releasable(heavy.act), callbacks.releasable(heavy.called.append)]
    callbacks.let_go()
    del heavy
    assert alive() is None
    assert [callback() for callback in kept_by_obs] == [None, None]
