"""Waking on Windows, against a kernel32 that is played."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

import pytest

from vb_link import wake

_SIGNALLED, _TIMED_OUT, _ENDLESS = 0, 258, 0xFFFFFFFF


class Kernel32:
    """Two kinds of handles: an automatic event and a process that lives or not."""

    def __init__(self) -> None:
        self.events: dict[int, bool] = {}
        self.inheritable: list[int] = []
        self.process_lives = True
        for name in ("CreateEventW", "OpenProcess"):
            setattr(self, name, _Function(getattr(self, f"_{name}")))

    def _CreateEventW(self, security: None, manual: bool, initial: bool, name: None) -> int:
        assert (security, manual, initial, name) == (None, False, False, None)
        self.events[4 * len(self.events) + 100] = False
        return max(self.events)

    def _OpenProcess(self, access: int, inherit: bool, pid: int) -> int:
        assert (access, inherit, pid) == (0x00100000, False, 42)
        return 9

    def SetEvent(self, event: Any) -> int:
        self.events[event.value] = True
        return 1

    def WaitForSingleObject(self, event: Any, milliseconds: Any) -> int:
        assert milliseconds.value < _ENDLESS
        if self.events[event.value]:
            self.events[event.value] = False
            return _SIGNALLED
        return _TIMED_OUT

    def WaitForMultipleObjects(self, count: int, handles: Any, every: bool, limit: int) -> int:
        assert (count, every, limit) == (2, False, _ENDLESS)
        if self.events[handles[0]]:
            self.events[handles[0]] = False
            return _SIGNALLED
        assert not self.process_lives and handles[1] == 9
        return _SIGNALLED + 1


class _Function:
    restype: Any = None

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        assert self.restype is ctypes.c_void_p, "a handle would be cut to 32 bits"
        return self._function(*arguments)


@pytest.fixture
def kernel32(monkeypatch: pytest.MonkeyPatch) -> Kernel32:
    made = Kernel32()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", lambda name, **_: made, raising=False)
    monkeypatch.setattr(
        os, "set_handle_inheritable", lambda handle, _: made.inheritable.append(handle),
        raising=False,
    )  # fmt: skip
    return made


def test_an_event_wakes_once_however_often_it_is_sent(kernel32: Kernel32) -> None:
    waker = wake.Wake()
    assert kernel32.inheritable == [waker.handle] and waker.token == str(waker.handle)
    assert not waker.wait(0.01)
    waker.send()
    waker.send()
    assert waker.wait(0.01) and not waker.wait(0.01)


def test_a_sleeper_wakes_for_work_and_for_the_end_of_obs(kernel32: Kernel32) -> None:
    waker = wake.Wake()
    sleeper = wake.Sleeper(waker.token, 42)
    waker.send()
    assert sleeper.wait()
    kernel32.process_lives = False
    assert not sleeper.wait()
