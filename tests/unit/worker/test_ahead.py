"""Stages of work in threads of their own: order, bounds, errors and ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from vb_worker.offline.ahead import WAITING, Behind, ahead


class _Counted:
    """Counts what was made, and whether it was closed."""

    def __init__(self, length: int) -> None:
        self.made = 0
        self.closed = False
        self._length = length

    def __iter__(self) -> Iterator[int]:
        try:
            while self.made < self._length:
                self.made += 1
                yield self.made
        finally:
            self.closed = True


def test_all_come_in_order() -> None:
    assert list(ahead(range(100))) == list(range(100))
    assert list(ahead([])) == []


def test_no_more_than_a_few_are_made_ahead() -> None:
    counted = _Counted(100)
    with closing(ahead(counted)) as items:
        for number, item in enumerate(items, 1):
            assert item == number
            assert counted.made <= number + WAITING
            if number == 20:
                break
    assert counted.made <= 20 + WAITING


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("third")

    seen = []
    with pytest.raises(ValueError, match="third"):
        for item in ahead(failing()):
            seen.append(item)
    assert seen == [1, 2]


def test_calls_are_made_in_order_and_all_of_them() -> None:
    done: list[int] = []
    with Behind() as thread:
        for number in range(50):
            thread.call(partial(done.append, number))
    assert done == list(range(50))


def test_a_full_queue_holds_its_caller_up() -> None:
    gate = threading.Event()
    made: list[int] = []

    def work() -> None:
        with Behind() as thread:
            for number in range(100):
                made.append(number)
                thread.call(gate.wait)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        worker.join(0.5)  # with no bound it would get to its end
        assert worker.is_alive()
        assert len(made) <= WAITING + 1
    finally:
        gate.set()
        worker.join()
    assert len(made) == 100


def test_nothing_follows_on_a_failure_and_it_is_raised() -> None:
    done: list[int] = []

    def fail() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), Behind() as thread:
        thread.call(partial(done.append, 1))
        thread.call(fail)
        for number in range(2, 50):
            thread.call(partial(done.append, number))
    assert done == [1]
    with pytest.raises(OSError, match="disk full"), Behind() as thread:
        thread.call(fail)
