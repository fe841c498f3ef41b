"""Trying a user's model in a child process that may crash, before the worker opens it.

The child has a limit of time and memory (``limits``), no network and no files but the models.
Models that pass are remembered by a checksum of file and manifest, and of those of a companion.

Run as ``python -m vb_worker.catalogue.quarantine manifest|file PATH SECONDS PARENT`` it prints
one line of JSON: an empty object, or what is wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_link import bounded, child, exit_status, folders, isolated, limits
from vb_worker.errors import ModelError, first_line
from vb_worker.models import sample_check
from vb_worker.models.kinds import companion_of
from vb_worker.models.manifest import Manifest
from vb_worker.models.manifest_reader import load
from vb_worker.runtime import onnx_check
from vb_worker.runtime.session import plain_session
from vb_worker.sandbox import entry, watchdog
from vb_worker.units import results

_MORE_SECONDS = 5.0  # grace period before a child that should have ended is killed
_FREE_SIDE = 64
_DTYPES = {"tensor(float16)": np.float16, "tensor(uint8)": np.uint8, "tensor(int64)": np.int64,
           "tensor(int32)": np.int32, "tensor(bool)": np.bool_}  # fmt: skip
# Exit status of a child that its watchdog has ended: SIGALRM's, on Windows that of faulthandler.
_LATE = 1 if sys.platform == "win32" else -14


def needs_quarantine(manifest: Manifest) -> bool:
    """Return whether a model is the user's own, not one with a checksum in this version."""
    if not manifest.file:
        return False
    return manifest.path.parent == folders.user_models_dir() or not manifest.sha256


class Attempt:
    """A model that is being tried in a child process."""

    def __init__(
        self, path: Path, *, alone: bool = False, seconds: int = limits.QUARANTINE_SECONDS
    ) -> None:
        """Start it; ``path``: the manifest or, with ``alone``, a model file. Raises OSError."""
        self._path = path
        self._seconds = seconds
        self._due = time.monotonic() + seconds
        self._deadline = self._due + _MORE_SECONDS
        what = "file" if alone else "manifest"
        command = isolated.command(
            sys.executable, folders.PACKAGES, __name__, what, str(path.absolute()), str(seconds),
            str(os.getpid()),
        )  # fmt: skip
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        self._late = False
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, cwd=folders.PACKAGES, **child.QUIET,
        )  # fmt: skip

    def finished(self) -> bool:
        """Return whether it has ended; kills it after its time limit."""
        if self._process.poll() is not None:
            return True
        if time.monotonic() < self._deadline:
            return False
        self._end()
        return True

    def result(self) -> ModelError | None:
        """Wait for the end and return what is wrong with the model, or None."""
        try:
            self._process.wait(max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._end()
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            said = pipe.read(65536).decode("utf-8", "replace").strip()
        by_itself = self._process.returncode == _LATE and time.monotonic() >= self._due
        if self._late or by_itself:
            return ModelError("ModelTooSlow", path=self._path, seconds=self._seconds)
        return _read(self._process.returncode, said, self._path)

    def close(self) -> None:
        """Kill it."""
        self._end()

    def _end(self) -> None:
        self._late = True
        self._process.kill()
        self._process.wait()


def _read(code: int, said: str, path: Path) -> ModelError | None:
    found = child.last_object(said) if code == 0 else None
    if found == {}:
        return None
    if found is not None and isinstance(found.get("text"), str):
        arguments = found.get("arguments")
        if found.get("key") and isinstance(arguments, dict):
            return ModelError(str(found["key"]), **arguments)
        return ModelError(found["text"])
    return ModelError("ModelEndsProcess", path=path, status=exit_status.name(code))


class Quarantine:
    """Tries models in the background, one at a time."""

    def __init__(self) -> None:
        self._running: tuple[str, Attempt] | None = None
        self._found: dict[str, ModelError | None] = {}

    @property
    def running(self) -> bool:
        """Whether a model is being tried."""
        return self._running is not None

    def close(self) -> None:
        """Kill the child process, if there is one."""
        if self._running is not None:
            self._running[1].close()

    def allow(self, manifest: Manifest) -> None:
        """Return if the model may be opened. Raises ModelError if it may not, or not yet."""
        if not manifest.installed or not any(map(needs_quarantine, _together(manifest))):
            return
        key = key_of(manifest)
        if key not in self._found and key in results.tried():
            self._found[key] = None
        if key in self._found:
            problem = self._found[key]
            if problem is not None:
                raise problem
            return
        if self._running is None:
            self._running = key, Attempt(manifest.path)
        raise ModelError("BeingTried", title=manifest.title)

    def finished(self) -> bool:
        """Return True once for each child process that has ended."""
        if self._running is None or not self._running[1].finished():
            return False
        key, attempt = self._running
        self._running = None
        problem = self._found[key] = attempt.result()
        if problem is None:
            with contextlib.suppress(OSError):  # else the next worker tries it again
                results.note_tried(key)
        return True


def key_of(manifest: Manifest) -> str:
    """Return a SHA-256 over all files that the result depends on. Raises ModelError."""
    digest = hashlib.sha256()
    for model in _together(manifest):
        try:
            text = bounded.read(model.path, limits.MANIFEST_BYTES)
            weights = onnx_check.read(model.weights) if model.file else b""
        except OSError as error:
            raise ModelError("FileUnreadable", path=model.weights, reason=error.strerror) from error
        for data in (text, weights):
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()


def _together(manifest: Manifest) -> list[Manifest]:
    """Return this model and its companion, if any. Raises ModelError."""
    companion = companion_of(manifest)
    return [manifest] if companion is None else [manifest, companion]


def check_file(path: Path, seconds: int = limits.QUARANTINE_SECONDS) -> None:
    """Load and run a model file in a child process. Raises ModelError if it crashes that."""
    try:
        problem = Attempt(path, alone=True, seconds=seconds).result()
    except OSError as error:
        raise ModelError("FileUnreadable", path=path, reason=error.strerror) from error
    if problem is not None:
        raise problem


def _run_once(session: Any) -> None:
    """Run a network without a manifest on zeros; errors it reports do not matter, crashes do."""
    feeds: dict[str, NDArray[Any]] = {
        tensor.name: np.zeros(
            [side if isinstance(side, int) else _FREE_SIDE if place else 1
             for place, side in enumerate(tensor.shape)],
            _DTYPES.get(tensor.type, np.float32),
        )
        for tensor in session.get_inputs()
    }  # fmt: skip
    with contextlib.suppress(Exception):
        session.run(None, feeds)


def main(arguments: list[str]) -> int:
    """Try one model: the child process that :class:`Attempt` starts."""
    what, name, seconds, parent = arguments
    watchdog.end_with(int(parent))
    watchdog.arm()
    watchdog.begin(int(seconds))
    path = Path(name)
    problem: dict[str, Any] = {}
    # Read before the sandbox restricts access to files.
    try:
        alone = onnx_check.read(path) if what == "file" else None
        entry.enter()
        if alone is not None:
            _run_once(plain_session(alone, path))
        else:
            sample_check.open_checked(load(path))
    except ModelError as error:
        problem = {"text": str(error), "key": error.key, "arguments": error.arguments}
    except Exception as error:  # the worker would fail in the same way
        wrong = ModelError("CannotLoad", path=path, reason=first_line(error))
        problem = {"text": str(wrong), "key": wrong.key, "arguments": wrong.arguments}
    print(json.dumps(problem), flush=True)
    os._exit(0)  # some models crash at exit; the result is printed


if __name__ == "__main__":
    main(sys.argv[1:])
