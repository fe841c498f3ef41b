"""What all child processes of the product have in common."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

# CREATE_NO_WINDOW: otherwise Windows opens a console window for a console program whose parent has
# none, as OBS. Its own children inherit its console.
QUIET: dict[str, Any] = {"creationflags": 0x08000000} if sys.platform == "win32" else {}

# Text between processes is UTF-8, not the system's code page, and undecodable bytes never raise.
TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": "replace"}
UTF8_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
# The options of a Python that ignores all PYTHON variables, those above included.
ISOLATED = ("-X", "utf8", "-I")


def environment() -> dict[str, str]:
    """Return the environment for a Python that is not OBS's: without PYTHONHOME, which is set for
    OBS's and would mislead another, and with UTF-8."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
    return {**kept, **UTF8_ENVIRONMENT}


def last_object(out: str) -> dict[str, Any] | None:
    """Return the JSON object in the last line that holds one: the answer of one of our modules.

    Libraries may have written other lines before it.
    """
    for line in reversed(out.splitlines()):
        try:
            found = json.loads(line) if line.startswith("{") else None
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None
