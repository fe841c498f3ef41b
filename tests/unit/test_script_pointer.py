"""Asking an X server for the mouse's buttons tells them, and ends OBS whatever the server does."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PACKAGES = Path(__file__).resolve().parents[2] / "obs_script"
FIRST_PORT, DISPLAYS = 6000, range(200, 260)
ROOT, QUERY_POINTER = 0x1234, 38

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="others have no X server of their own"
)


def _setup() -> bytes:
    """Return what a server with one small screen says at first."""
    screen = struct.pack("<5I6H I4B", ROOT, 1, 0, 0, 0, 64, 64, 16, 16, 1, 1, 1, 0, 0, 24, 0)
    body = struct.pack("<4I2H8B4x", 1, 1 << 21, 0x1FFFFF, 0, 0, 0xFFFF, 1, 0, 0, 0, 32, 32, 8, 255)
    return struct.pack("<BBHHH", 1, 0, 11, 0, len(body + screen) // 4) + body + screen


def _pointer(mask: int) -> Callable[[int], bytes]:
    return lambda sequence: struct.pack(
        "<BBHIII4HH6x", 1, 1, sequence, 0, ROOT, 0, 0, 0, 0, 0, mask
    )


@contextmanager
def _server(answer: Callable[[int], bytes] | None) -> Iterator[str]:
    """Be an X server for one client: greet it, answer its first question or hang up."""
    listening = socket.socket()
    for display in DISPLAYS:
        try:
            listening.bind(("127.0.0.1", FIRST_PORT + display))
            break
        except OSError:
            continue
    listening.listen()

    def serve() -> None:
        client, _ = listening.accept()
        with client, client.makefile("rb") as said:
            said.read(12)
            client.sendall(_setup())
            asked = said.read(8)
            if answer is not None and asked[:1] == bytes((QUERY_POINTER,)):
                client.sendall(answer(1))
                said.read()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{display}"
    finally:
        listening.close()
        thread.join(5)


def _ask(display: str) -> subprocess.CompletedProcess[str]:
    code = "from vb_script.pointer import button_down; print(button_down())"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False,
        env={**os.environ, "DISPLAY": display, "XAUTHORITY": os.devnull,
             "PYTHONPATH": str(PACKAGES)},
    )  # fmt: skip


@pytest.mark.parametrize(("mask", "down"), [(0, False), (0x100, True), (0x1004, True), (4, False)])
def test_a_button_that_is_held_is_told_from_a_key(mask: int, down: bool) -> None:
    with _server(_pointer(mask)) as display:
        done = _ask(display)
    assert (done.returncode, done.stdout) == (0, f"{down}\n"), done.stderr


def test_a_server_that_goes_away_ends_nothing() -> None:
    with _server(None) as display:
        done = _ask(display)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


@pytest.mark.parametrize("display", ["", "127.0.0.1:1", "nonsense"])
def test_no_server_is_no_button(display: str) -> None:
    assert _ask(display).stdout == "False\n"
