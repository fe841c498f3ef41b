"""Has the filter's shaders compiled before OBS is started, on Windows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vb_install import obs_version, worker_environment
from vb_install.obs_installations import ObsInstallation
from vb_install.system import System
from vb_link import child

_OLDEST = (30, 0, 0)  # the first OBS that keeps compiled shaders on disk


def is_there(obs: ObsInstallation) -> bool:
    """Return whether this OBS keeps compiled shaders; one whose version is unknown may."""
    version = obs_version.of(obs)
    keeps = version is None or version >= _OLDEST
    return obs.kind == "windows" and obs.program != "" and keeps


def fill(system: System, obs: ObsInstallation) -> None:
    """Compile every effect into OBS's cache; OBS must not be running. Prints what came of it.

    A failure is no fault: OBS then compiles each effect when it is first used.
    """
    if not is_there(obs):
        return
    print("Compiling the filter's shaders for OBS, which takes up to a minute ...", flush=True)
    python = worker_environment.of(system, obs).command
    folder = str(Path(obs.program).parent)
    done = system.run(
        [*python, *child.ISOLATED, "-m", "vb_script.compile_ahead", folder], timeout=600
    )
    told = child.last_object(done.out) or {}
    why = _lack(told, done.code)
    if why:
        print(f"  not done ({why}): OBS compiles each one when it is first used.")
    else:
        print(f"Compiled {told['effects']} effects in {told['seconds']} s")


def _lack(told: Mapping[str, Any], code: int) -> str:
    """Return what is wrong with a compilation, or ""."""
    if not told.get("effects"):
        return str(told.get("error") or f"the process ended with {code}")
    if told["failed"]:
        return f"{len(told['failed'])} of {told['effects']} failed"
    if told["kept"] < told["effects"]:  # each has a shader of its own
        return (
            f"{told['folder']} holds {told['kept']} shaders of {told['effects']} effects, as it "
            "may not be written or the disk is full"
        )
    return ""
