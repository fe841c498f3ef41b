"""Trying a compute unit in a child process with a time limit.

A driver may hang or crash the process that loads it; neither may happen to the worker. Run as
``python -m vb_worker.units.probe NAME UNIT THREADS``, it prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

from vb_link import child, exit_status, folders, isolated
from vb_worker.errors import ModelError, first_line
from vb_worker.models import registry, sample_check
from vb_worker.models.kinds import open_model
from vb_worker.models.manifest import Manifest
from vb_worker.units import timing

SECONDS = 60.0  # TensorRT and OpenVINO compile a network before they run it


@dataclass(frozen=True)
class Probe:
    """The result of a unit with a model: its own time for a run and that until the first answer,
    in ms, or why it failed.
    """

    ms: float = 0.0
    first_ms: float = 0.0
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Return whether it ran."""
        return not self.reason


def probe(
    manifest: Manifest, unit: str, *, threads: int = timing.THREADS, seconds: float = SECONDS
) -> Probe:
    """Run a model on a unit in a child process; ``seconds``: time limit. Never raises."""
    words = (manifest.name, unit, str(threads))
    try:
        done = subprocess.run(
            isolated.command(sys.executable, folders.PACKAGES, __name__, *words),
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=seconds, check=False, **child.TEXT, **child.QUIET,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Probe(reason=f"no answer within {seconds:.0f} seconds")
    except OSError as error:
        return Probe(reason=f"could not be tried: {error.strerror}")
    return _read(done.returncode, done.stdout, done.stderr)


def _read(code: int, out: str, said: str) -> Probe:
    found = child.last_object(out) if code == 0 else None
    if found is not None:
        return Probe(found.get("ms", 0.0), found.get("first_ms", 0.0), found.get("reason", ""))
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
    name = exit_status.name(code)
    if exit_status.is_crash(code):
        return Probe(reason=f"it ended the process ({name}): a fault of its driver")
    return Probe(reason=f"it ended the process (status {name}): {last or 'no reason given'}")


def run_here(manifest: Manifest, unit: str, threads: int) -> Probe:
    """Run a model on a unit in this process."""
    picture, _ = sample_check.sample()
    try:
        begin = time.perf_counter()
        model = open_model(manifest, compute=unit, threads=threads)
        sample_check.check(model)
        first = (time.perf_counter() - begin) * 1e3
        feed = model.prepare(model.shrink(picture))
        by_cpu = unit == "cpu" and threads == 1
        own = timing.own_ms(lambda: model.infer(feed), by_cpu=by_cpu)
    except ModelError as error:
        return Probe(reason=str(error))
    except Exception as error:  # drivers may raise anything
        return Probe(reason=first_line(error))
    return Probe(round(own, 3), round(first, 1))


def main(arguments: list[str]) -> int:
    """Print one probe as JSON and end the process, with exit status 0."""
    name, unit, threads = arguments
    try:
        models = registry.find_models(registry.default_folders(), on_error=lambda _error: None)
        found = run_here(registry.choose_model(models, name), unit, int(threads))
    except ModelError as error:
        found = Probe(reason=str(error))
    print(json.dumps(vars(found)), flush=True)
    # Some drivers crash at exit: leave without clean-up, the result is printed.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
