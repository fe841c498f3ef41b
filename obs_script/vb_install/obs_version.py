"""The version of an OBS, and which Pythons it loads on Windows and macOS."""

from __future__ import annotations

import re

from vb_install.obs_installations import ObsInstallation

OLDEST_PYTHON, NEWEST_PYTHON = 10, 12  # of 3.x: what the script needs, what any OBS loads

Version = tuple[int, int, int]

# On Windows the system follows the architecture: "OBS 31.1.1 (64-bit, windows)".
_LINE = re.compile(
    r"OBS (\d+)\.(\d+)(?:\.(\d+))?\S* \((?:\d\d-bit, )?(?:windows|mac|linux|freebsd|openbsd)\)"
)


def of(obs: ObsInstallation) -> Version | None:
    """Return the version that this OBS's newest log names, or None."""
    for log in reversed(sorted((obs.config / "logs").glob("*.txt"))):
        try:
            match = _LINE.search(log.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if match:
            return int(match[1]), int(match[2]), int(match[3] or 0)
    return None


def newest_python(version: Version | None) -> int:
    """Return the newest minor version of Python 3 that an OBS of this version loads."""
    if version is None or version >= (30, 1, 0):
        return NEWEST_PYTHON
    return 11 if version >= (29, 1, 0) else 10
