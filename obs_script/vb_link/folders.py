"""Where the product's files are on each system.

Only paths are computed here: nothing is created, and nothing read but whether it is there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

APP = "obs-virtual-background"
HOTKEYS = "hotkeys.json"  # in the data folder: the keys that were used last
OBS_PYTHON = "obs-python.json"  # there too: which Python OBS had before install.py set one
UNFINISHED = "venv.unfinished"  # there too, while the worker's environment is being made
DATA_VARIABLE = "OBS_VIRTUAL_BACKGROUND_DATA"
PACKAGES = Path(__file__).resolve().parents[1]  # the folder of all vb_ packages


def data_dir() -> Path:
    """Return the user's folder for the worker's environment, logs and own models.

    The environment variable ``OBS_VIRTUAL_BACKGROUND_DATA`` overrides it. Inside a Flatpak
    ``XDG_DATA_HOME`` already points into the sandbox's own folder.
    """
    override = os.environ.get(DATA_VARIABLE)
    if override:
        return Path(override)
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / APP
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / APP
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / APP


def venv_dir() -> Path:
    """Return the folder of the worker's virtual environment."""
    return data_dir() / "venv"


def venv_python() -> Path:
    """Return the interpreter inside the worker's virtual environment."""
    if sys.platform == "win32":
        return venv_dir() / "Scripts" / "python.exe"
    return venv_dir() / "bin" / "python"


def venv_is_whole() -> bool:
    """Return whether the worker's virtual environment is there and not half made."""
    return venv_python().exists() and not (data_dir() / UNFINISHED).exists()


def models_dir() -> Path:
    """Return the folder of the models shipped with the product."""
    shipped = PACKAGES / "vb_worker" / "shipped_models"
    return shipped if shipped.is_dir() else PACKAGES.parent / "models"


def ready_background(name: str) -> Path:
    """Return the picture of a ready background."""
    return PACKAGES / "vb_filter" / "backgrounds" / f"{name}.jpg"


def state_dir() -> Path:
    """Return the only folder that the worker writes to."""
    return data_dir() / "state"


def user_models_dir() -> Path:
    """Return the folder for models that the user adds."""
    return data_dir() / "models"
