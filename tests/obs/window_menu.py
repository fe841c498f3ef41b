"""Presses what is in the menus of OBS's window, by tests/obs/scripts/window.py in that OBS."""

from __future__ import annotations

from pathlib import Path

from tests.obs.stage import wait_for
from vb_demo.obs_session import ObsSession

SCRIPT = Path(__file__).resolve().parent / "scripts" / "window.py"
FOLDER_VARIABLE = "WINDOW_FOLDER"  # OBS's environment must have it

COPY_FILTERS = "on_actionCopyFilters_triggered"
PASTE_FILTERS = "on_actionPasteFilters_triggered"
UNDO, REDO = "on_actionMainUndo_triggered", "on_actionMainRedo_triggered"
ROTATE, FIT = "on_actionRotate90CW_triggered", "on_actionFitToScreen_triggered"
RESET = "on_actionResetTransform_triggered"


def select(name: str) -> str:
    """Return the command that selects the item of a source."""
    return f"select {name}"


def press(session: ObsSession, *commands: str) -> str:
    """Do the commands in turn up to the first that fails; return that one or ""."""
    folder = Path(session.environment[FOLDER_VARIABLE])
    (folder / "press.new").write_text("\n".join(commands))
    (folder / "press.new").rename(folder / "press")
    pressed = folder / "pressed"
    wait_for(pressed.exists, 60, f"OBS's window to do {commands}")
    failed = pressed.read_text()
    pressed.unlink()
    return failed
