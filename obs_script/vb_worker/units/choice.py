"""Opening a model on the compute unit that a user chose, with the CPU as the fallback."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

from vb_link import child, folders, isolated
from vb_worker.errors import ModelError
from vb_worker.models import sample_check
from vb_worker.models.kinds import open_model
from vb_worker.models.manifest import Manifest
from vb_worker.models.model import Model
from vb_worker.runtime.providers import available_units
from vb_worker.units import results

_NICE = 15


def open_chosen(manifest: Manifest, chosen: str) -> tuple[Model, str]:
    """Open a model on the unit a user chose; return it and the unit's name.

    "auto" is the fastest unit measured for the model. If a unit is missing, does not start or was
    set aside, the CPU is used and the model's ``refused`` says why. Raises ModelError if the CPU
    cannot run the model either.
    """
    unit = results.fastest(manifest) if chosen in ("", results.AUTO) else chosen
    if unit == results.CPU:
        return open_model(manifest), unit
    if results.is_set_aside(unit):
        problem = ModelError("UnitSetAside", unit=unit, times=results.MOST_STARTS)
    else:
        try:
            # If the driver crashes this process, the next one knows by this count.
            results.note_start(unit)
            # The first run compiles the network: better here than on a camera frame.
            return sample_check.open_checked(manifest, compute=unit), unit
        except ModelError as error:
            problem = error
            with contextlib.suppress(OSError):
                results.note_mask(unit)  # a clean error, not a crash
        except OSError as error:
            problem = ModelError(f"{error.strerror}")
    model = open_model(manifest)
    model.refused = problem
    return model, results.CPU


class Survey:
    """Measures a model on every unit, in a child process, one model at a time."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None
        self._asked: set[str] = set()
        self._name = ""

    @property
    def running(self) -> bool:
        """Whether a model is being measured."""
        return self._running is not None

    def asked(self, name: str) -> bool:
        """Return whether the model of this name was or is being measured here."""
        return name in self._asked

    def measures(self, name: str) -> bool:
        """Return whether the model of this name is being measured."""
        return self.running and self._name == name

    def want(self, manifest: Manifest, *, alone: bool = False, again: bool = False) -> bool:
        """Measure ``manifest`` unless it is measured already; return whether one is being measured.

        ``alone``: even if there is only one unit. ``again``: even if it was measured by an earlier
        worker.
        """
        if self._running is not None:
            return True
        if manifest.name in self._asked or (results.is_known(manifest) and not again):
            return False
        if len(available_units()) < 2 and not alone:
            return False
        self._asked.add(manifest.name)
        command = isolated.command(
            sys.executable, folders.PACKAGES, results.__name__, manifest.name
        )
        if hasattr(os, "nice"):
            command = ["nice", "-n", str(_NICE), *command]
        try:
            self._running = subprocess.Popen(
                command, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **child.QUIET,
            )  # fmt: skip
        except OSError:
            self._running = None  # the model stays on the CPU
        self._name = manifest.name
        return self.running

    def finished(self) -> str:
        """Return the name of a model once, when its measurement has ended; else ""."""
        if self._running is None or self._running.poll() is None:
            return ""
        self._running = None
        return self._name
