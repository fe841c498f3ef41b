"""A current folder whose files are named as modules are: whoever imports them is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

WORDS = "a module was taken from the current folder"


def lay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``folder`` the current one and put the traps into it.

    PYTHONSAFEPATH is taken away: Python 3.10 does not know it.
    """
    folder.mkdir()
    for name in ("json", "numpy", "cv2", "vb_worker", "vb_link"):
        (folder / f"{name}.py").write_text(f"raise SystemExit({WORDS!r})\n")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
