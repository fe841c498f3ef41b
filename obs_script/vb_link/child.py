"""What every process that we start has in common, whatever its own task is."""

from __future__ import annotations

import json
import sys
from typing import Any

# Windows gives a console program a window of its own where its parent has none, as OBS has none.
# Its children share what it has.
QUIET: dict[str, Any] = {"creationflags": 0x08000000} if sys.platform == "win32" else {}

# Text crosses processes in UTF-8, not in the system's code page; no error is lost for a character.
TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": "replace"}
UTF8_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
# The options of a Python that heeds no variable: those above neither.
ISOLATED = ("-X", "utf8", "-I")


def last_object(out: str) -> dict[str, Any] | None:
    """Return the JSON object of the last line that holds one: what a module of ours answers with.

    Libraries may have written lines of their own before.
    """
    for line in reversed(out.splitlines()):
        try:
            found = json.loads(line) if line.startswith("{") else None
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None
