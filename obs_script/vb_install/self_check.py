"""Checks that what was set up works, by using it."""

from __future__ import annotations

from pathlib import Path

from vb_install import scene_collections, worker_environment
from vb_install.obs_installations import ObsInstallation
from vb_install.system import System
from vb_link import child

_IMPORTS = "import av, cv2, numpy, onnxruntime"


def faults(system: System, obs: ObsInstallation, collections: list[Path]) -> list[str]:
    """Return a sentence for each thing that does not work; none if all is well.

    ``collections`` are the scene collections that must load the script.
    """
    found = []
    if not obs.script.is_file():
        found.append(f"{obs.script} is missing: run install.py again.")
    python = worker_environment.of(system, obs).command
    again = f"delete {obs.venv} and run install.py again"
    done = system.run([*python, *child.ISOLATED, "-c", _IMPORTS], timeout=120)
    if done.code != 0:
        found.append(f"The worker's packages do not load ({_last(done.err)}): {again}.")
    else:
        done = system.run([*python, *child.ISOLATED, "-m", "vb_worker", "models"], timeout=120)
        if done.code != 0:
            found.append(f"The worker finds no model ({_last(done.err or done.out)}): {again}.")
    for path in collections:
        try:
            registered = scene_collections.is_registered(path.read_bytes(), obs.script)
        except OSError:
            registered = False
        if not registered:
            found.append(f"{path} does not load the script: add it in OBS, Tools > Scripts.")
    return found


def _last(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason")
