"""Checks that the worker's environment matches its lock files, byte for byte."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from vb_doctor import packages
from vb_doctor.findings import Finding, finding
from vb_link import child, exit_status

STAMP = "complete.json"  # the installer writes it once an environment is complete
_PIN = re.compile(r"(?m)^([a-z0-9][\w.-]*)==([^\s;\\]+)")
_NEEDED = ("av", "numpy", "opencv-python-headless")


def check(folder: Path, python: Path, locks: Path) -> Finding:
    """Check the environment in ``folder`` against the lock files in the folder ``locks``."""
    if not python.exists():
        return finding("EnvironmentMissing")
    pins = _pins(folder, locks)
    command = [str(python), *child.ISOLATED, packages.__file__, *pins]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=120, check=False, env=child.environment(),
            stdin=subprocess.DEVNULL, **child.TEXT, **child.QUIET,
        )  # fmt: skip
        told = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError) as error:
        return finding("EnvironmentBroken", reason=type(error).__name__)
    except ValueError:
        lines = done.stderr.strip().splitlines()
        reason = lines[-1] if lines else f"exit status {exit_status.name(done.returncode)}"
        return finding("EnvironmentBroken", reason=reason)
    versions: dict[str, str] = told["versions"]
    other = [f"{name} {version}" for name, version in versions.items() if version not in pins[name]]
    other += [f"no {name}" for name in _NEEDED if name not in versions]
    if not any(name.startswith("onnxruntime") for name in versions):
        other.append("no onnxruntime")
    if other:
        return finding("EnvironmentOther", names=", ".join(sorted(other)))
    if told["damaged"]:
        return finding("EnvironmentDamaged", names=", ".join(told["damaged"]))
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return finding("Environment", version=told["python"], packages=listed)


def _pins(folder: Path, locks: Path) -> dict[str, set[str]]:
    """Return the versions that the environment's lock files allow, by package."""
    try:
        added = json.loads((folder / STAMP).read_text(encoding="utf-8")).get("added", [])
    except (OSError, ValueError, AttributeError):
        added = []
    pins: dict[str, set[str]] = {}
    for name in ["worker", *added]:
        path = locks / f"{name}.lock"
        if path.is_file():
            for package, version in _PIN.findall(path.read_text(encoding="utf-8")):
                pins.setdefault(packages.normal(package), set()).add(version)
    return pins
