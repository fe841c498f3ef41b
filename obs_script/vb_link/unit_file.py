"""What is known about this computer's compute units: written by the worker, read by the script.

One JSON file in the user's folder. ``units`` lists what the installed onnxruntime offers,
``measured`` holds, by the model's SHA-256 and the unit's name, milliseconds or the reason why
not, and is valid only for the ``driver`` it was measured with. ``started`` counts a unit's starts
that were not followed by a mask.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vb_link import bounded, folders, limits, whole_file


def path() -> Path:
    """Return the file's path."""
    return folders.state_dir() / "compute.json"


def read() -> dict[str, Any]:
    """Return what is known; empty if there is no usable file."""
    try:
        known = json.loads(bounded.read(path(), limits.UNIT_FILE_BYTES).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def write(known: dict[str, Any]) -> None:
    """Replace the file atomically. Raises OSError."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    whole_file.write(file, json.dumps(known, indent=1).encode())
