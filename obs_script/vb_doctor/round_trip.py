"""Starts a worker of its own, gives it frames and waits for their masks."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from vb_doctor.findings import Finding, finding, without_paths
from vb_link import exit_status, folders, layout, memory, sentences, slots, spawn, tell, wake
from vb_link.settings import SETTINGS, SHIPPED_MODEL

_WIDTH, _HEIGHT = 256, 144  # until the worker says what size it wants
_FRAMES = 10


def check_memory() -> Finding:
    """Check that shared memory can be created and that only this user can open it."""
    try:
        made = memory.create()
    except OSError as error:
        return finding("MemoryFailed", reason=error.strerror or type(error).__name__)
    mode = 0
    if made.descriptor >= 0:
        told = os.fstat(made.descriptor)
        if told.st_nlink > 0:  # else it has no name to open it by, and its mode does not matter
            mode = stat.S_IMODE(told.st_mode)
    made.close()
    if mode & 0o077:
        return finding("MemoryOpen", mode=oct(mode))
    return finding("Memory", megabytes=round(layout.SEGMENT_BYTES / 1e6))


def check_worker(python: Path, packages: Path, seconds: float = 60.0) -> Finding:
    """Check a worker started with ``python``; it has ended when this returns."""
    try:
        shared = memory.create()
    except OSError as error:
        return finding("MemoryFailed", reason=error.strerror or type(error).__name__)
    waker = wake.Wake()
    started = time.monotonic()
    try:
        worker = spawn.spawn(shared, waker, python=python, packages=packages, epoch=1)
    except OSError as error:
        shared.close()
        waker.close()
        return finding("WorkerEnded", reason=error.strerror or type(error).__name__)
    trip = _RoundTrip(shared.segment, waker, worker.process)
    try:
        return trip.run(started, started + seconds)
    except TimeoutError:
        return finding("WorkerSilent", seconds=f"{seconds:.0f}", reason=trip.last_words())
    except EOFError:
        return finding("WorkerEnded", reason=trip.last_words())
    finally:
        _end(worker)
        shared.close()
        waker.close()


def _end(worker: spawn.Spawned) -> None:
    process = worker.process
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    worker.close()


class _RoundTrip:
    """Does what a filter does, without OBS."""

    def __init__(self, segment: Any, waker: wake.Wake, process: subprocess.Popen[bytes]) -> None:
        self._segment = segment
        self._channel = segment.channels[0]
        self._wake = waker
        self._process = process
        self._line = b""
        self._reader = threading.Thread(target=self._read_lines, daemon=True)
        self._reader.start()

    def run(self, started: float, until: float) -> Finding:
        """Raises TimeoutError, and EOFError if the worker ends."""
        self._choose_defaults()
        self._answer(1, until)
        first = time.monotonic() - started
        if self._channel.report_error:
            return finding("WorkerError", reason=_sentence(self._channel.report_error))
        times = []
        for number in range(2, _FRAMES + 2):
            begun = time.monotonic()
            self._answer(number, until)
            times.append(time.monotonic() - begun)
        return finding(
            "Worker",
            first=f"{first:.1f}",
            each=f"{sorted(times)[len(times) // 2] * 1000:.1f}",
            model=self._channel.report_model.decode("utf-8", "replace"),
            unit=self._channel.report_compute.decode("utf-8", "replace"),
        )

    def last_words(self) -> str:
        """Return the worker's last line, or how it ended."""
        code = self._process.poll()
        if code is not None:
            self._reader.join(1)
        said = self._line.decode("utf-8", "replace").strip()
        return said or (
            "no reason given" if code is None else f"exit status {exit_status.name(code)}"
        )

    def _choose_defaults(self) -> None:
        channel = self._channel
        for setting in SETTINGS:
            if setting.reader != "filter":
                value = setting.default
                setattr(channel, setting.key, value.encode() if isinstance(value, str) else value)
        # Measuring other units and models takes longer than a check may.
        channel.compute, channel.model = b"cpu", SHIPPED_MODEL.encode()
        channel.generation = 1
        channel.source_width, channel.source_height = _WIDTH, _HEIGHT
        tell.tell(channel)
        self._segment.alive = 1
        channel.used = 1
        self._wake.send()

    def _answer(self, number: int, until: float) -> None:
        """Hand over a frame and wait for its mask, or for the worker's error."""
        channel = self._channel
        width, height = int(channel.want_width) or _WIDTH, int(channel.want_height) or _HEIGHT
        if not 0 < width * height * 4 <= layout.FRAME_BYTES:
            width, height = _WIDTH, _HEIGHT
        row = bytes(value for x in range(width) for value in (x % 256, 255 - x % 256, 128, 255))
        channel.frame_newest = slots.write(
            channel.frames, int(channel.frame_newest), frame_id=number, generation=1,
            width=width, height=height, pixels=row * height,
        )  # fmt: skip
        channel.frame_count += 1
        self._wake.send()
        while True:
            alpha = slots.read(channel.alphas, int(channel.alpha_newest), 1)
            if alpha is not None and alpha.frame_id == number and channel.alpha_used == 1:
                return
            if channel.report_error and number == 1:
                return
            if self._process.poll() is not None:
                raise EOFError
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(0.0005 if number > 1 else 0.02)

    def _read_lines(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            # Complaints about the user's own models would reveal names and are not the reason.
            own = os.fsencode(folders.user_models_dir())
            for line in self._process.stderr or ():
                self._line = line if line.strip() and own not in line else self._line


def _sentence(field: bytes) -> str:
    """Return a worker's sentence without paths."""
    english = sentences.english(field)
    _, arguments = sentences.unpack(field)
    for told in sorted(arguments.values(), key=len, reverse=True):
        if without_paths(told) != told:
            english = english.replace(told, without_paths(told))
    return english
