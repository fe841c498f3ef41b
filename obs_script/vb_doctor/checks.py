"""The checks that need no OBS. ``python -m vb_doctor.checks`` prints them as JSON."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

from vb_doctor import environment, models, round_trip, sandbox
from vb_doctor.findings import Finding, checked, finding, to_plain
from vb_link import folders
from vb_link.version import VERSION


def all_of_them() -> list[Finding]:
    """Return all findings; takes seconds, or a minute if the worker does not answer."""
    venv, python = folders.venv_dir(), folders.venv_python()
    packages = checked(environment.check, venv, python, folders.PACKAGES / "vb_install" / "locks")
    found = [
        finding("Product", version=VERSION),
        *checked(system),
        *packages,
        *checked(models.check, folders.models_dir(), folders.user_models_dir()),
        *checked(round_trip.check_memory),
    ]
    # A worker with damaged packages may still start, and how it does says more.
    if packages[0].key in ("EnvironmentMissing", "EnvironmentBroken"):
        return [*found, finding("WorkerSkipped")]
    found += checked(sandbox.check, python, folders.PACKAGES)
    if found[-1].key == "Processor":  # no worker can start
        return found
    return [*found, *checked(round_trip.check_worker, python, folders.PACKAGES)]


def system() -> Finding:
    """Return the operating system, the machine type and the number of processors."""
    name = platform.platform()
    try:
        told = Path("/etc/os-release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        told = ""
    for line in told.splitlines():
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            name += " (" + value.strip("\"'") + ")"
    return finding(
        "System", system=name, machine=platform.machine(), processors=os.cpu_count() or 1
    )


if __name__ == "__main__":
    print(json.dumps(to_plain(all_of_them())))
