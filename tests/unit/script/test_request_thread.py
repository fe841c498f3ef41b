"""The request thread wakes for requests, survives errors and ends; UI tasks reach their thread."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from vb_link import layout, wake
from vb_script import reload_state as survivors_module
from vb_script.reload_state import survivors
from vb_script.request_thread import RequestThread
from vb_script.ui_tasks import UiTasks


class NoAssets:
    def __init__(self) -> None:
        self.closed = False

    def answer(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


def _thread(segment: Any, **callbacks: Any) -> RequestThread:
    given = {
        "on_request": lambda _text: None,
        "on_round": lambda: None,
        "on_error": lambda _error: None,
        "requests_done": 0,
        **callbacks,
    }
    return RequestThread(segment, wake.Wake(), NoAssets(), **given)  # type: ignore[arg-type]


def _send(segment: Any, text: str) -> None:
    segment.requests[segment.request_count % layout.REQUESTS].text = text.encode()
    segment.request_count += 1


def test_requests_come_once_and_in_order() -> None:
    segment = layout.Segment()
    requests = _thread(segment)
    assert requests.new_requests() == []
    _send(segment, "own_scene\nBühne")
    _send(segment, "copy\na\nb")
    assert requests.new_requests() == ["own_scene\nBühne", "copy\na\nb"]
    assert requests.new_requests() == []


def test_of_too_many_requests_the_newest_are_kept() -> None:
    segment = layout.Segment()
    requests = _thread(segment)
    for number in range(layout.REQUESTS + 3):
        _send(segment, str(number))
    assert requests.new_requests() == [str(number) for number in range(3, layout.REQUESTS + 3)]


def test_requests_done_before_a_reload_are_not_done_again() -> None:
    segment = layout.Segment()
    _send(segment, "old")
    assert _thread(segment, requests_done=1).new_requests() == []


def test_the_thread_wakes_for_a_request_and_lives_on_after_an_error() -> None:
    segment = layout.Segment()
    waker, assets = wake.Wake(), NoAssets()
    found: list[str] = []
    errors: list[str] = []
    came = threading.Event()

    def on_request(text: str) -> None:
        found.append(text)
        came.set()
        if text == "bad":
            raise ValueError(text)

    requests = RequestThread(
        segment, waker, assets, requests_done=0,  # type: ignore[arg-type]
        on_request=on_request, on_round=lambda: None,
        on_error=lambda error: errors.append(str(error)),
    )  # fmt: skip
    requests.start()
    for text in ("bad", "good"):
        came.clear()
        _send(segment, text)
        before = time.monotonic()
        waker.send()
        assert came.wait(1) and time.monotonic() - before < 0.5
    requests.stop()
    assert (found, errors, assets.closed) == (["bad", "good"], ["bad"], True)


def test_waiting_ends_by_a_wake_or_by_time() -> None:
    waker = wake.Wake()
    assert not waker.wait(0.01)
    waker.send()
    waker.send()
    assert waker.wait(5)
    assert not waker.wait(0.01)


# Tasks of the UI thread


class Queue:
    """libobs's task queue, run by hand."""

    def __init__(self) -> None:
        self.tasks: list[Any] = []

    def obs_queue_task(self, kind: int, task: Any, _parameter: None, wait: bool) -> None:
        assert kind == 0 and not wait
        self.tasks.append(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(task.value))

    def run(self) -> None:
        while self.tasks:
            self.tasks.pop(0)(None)


@pytest.fixture
def fresh_survivors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(survivors_module, "_NAME", "_test_survivors")
    yield survivors()


@pytest.mark.usefixtures("fresh_survivors")
def test_tasks_run_in_order_and_an_error_stops_none() -> None:
    queue, done, errors = Queue(), [], []
    tasks = UiTasks(queue, lambda error: errors.append(str(error)))
    tasks.post(lambda: done.append(1))
    tasks.post(lambda: done.append(1 // 0))
    tasks.post(lambda: done.append(3))
    assert done == []
    queue.run()
    assert done == [1, 3] and len(errors) == 1


@pytest.mark.usefixtures("fresh_survivors")
def test_a_task_that_comes_after_the_end_does_nothing() -> None:
    queue, done = Queue(), []
    tasks = UiTasks(queue, lambda _error: None)
    tasks.post(lambda: done.append("old"))
    tasks.close()
    again = UiTasks(queue, lambda _error: None)
    again.post(lambda: done.append("new"))
    queue.run()
    assert done == ["new"]
