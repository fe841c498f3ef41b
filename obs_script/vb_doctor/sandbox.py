"""Which parts of the sandbox are in force, by a process that enters it as the worker does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from vb_doctor.findings import Finding, finding
from vb_link import child, isolated, processor


def check(python: Path, packages: Path, seconds: float = 60.0) -> Finding:
    """Return what is in force for a worker of ``packages`` run with ``python``, and what is not.

    As the first of our processes to run there, it also finds missing instruction sets.
    """
    try:
        done = subprocess.run(
            isolated.command(python, packages, "vb_worker.sandbox"), cwd=packages,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False,
            **child.TEXT, **child.QUIET,
        )  # fmt: skip
        if done.returncode == processor.EXIT_STATUS:
            return finding("Processor", sets=", ".join(processor.lacking()))
        found = json.loads(done.stdout)
        parts = [f"{name}: {reason}" if reason else name for name, reason in found.items()]
    except (OSError, subprocess.TimeoutExpired, ValueError, AttributeError) as error:
        return finding("CheckFailed", reason=f"vb_worker.sandbox, {type(error).__name__}")
    missing = [text for text, reason in zip(parts, found.values()) if reason]
    if missing:
        return finding("RestrictedInPart", missing="; ".join(missing))
    return finding("Restricted", parts=", ".join(parts))
