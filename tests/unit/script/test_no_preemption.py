"""Other scripts' threads are not interrupted where they may hold a lock of OBS's."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from vb_script.no_preemption import no_preemption

HELD_SECONDS, ROUNDS, TRIES = 0.02, 25, 3


class Stranger:
    """A thread that holds something over many lines of Python, again and again."""

    def __init__(self) -> None:
        self.holds = self.stop = False
        self.thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        while not self.stop:
            self.holds = True
            end = time.monotonic() + HELD_SECONDS
            while time.monotonic() < end:
                pass
            self.holds = False
            time.sleep(0.001)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    stranger = Stranger()
    stranger.thread.start()
    yield stranger
    stranger.stop = True
    stranger.thread.join()


def _times_held(stranger: Stranger, *, kindly: bool) -> int:
    held = 0
    for _ in range(ROUNDS):
        with no_preemption() if kindly else nullcontext():
            held += stranger.holds
        time.sleep(0.002)
    return held


def test_nobody_is_interrupted_while_holding_something(stranger: Stranger) -> None:
    assert _times_held(stranger, kindly=False) > 0, "the test would not notice"
    # A thread that a busy computer stops for a second while it holds the lock is interrupted.
    assert any(_times_held(stranger, kindly=True) == 0 for _ in range(TRIES))


def test_the_interval_is_as_it_was_whatever_happens() -> None:
    before = sys.getswitchinterval()
    with pytest.raises(RuntimeError), no_preemption():
        assert sys.getswitchinterval() == pytest.approx(1.0)
        raise RuntimeError
    assert sys.getswitchinterval() == pytest.approx(before)
