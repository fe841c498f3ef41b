"""Creates the worker's environment where an OBS looks for it."""

from __future__ import annotations

from pathlib import Path

from vb_install import environment, files, interpreters
from vb_install.environment import Environment
from vb_install.interpreters import Interpreter
from vb_install.obs_installations import ObsInstallation
from vb_install.system import InstallError, System
from vb_link import folders


def of(system: System, obs: ObsInstallation, added: tuple[str, ...] | None = None) -> Environment:
    """Return the environment of an OBS's worker, whether it exists or not.

    ``added`` names its additions to the worker's own packages; None: the current ones.
    """
    lock = environment.LOCKS / "worker.lock"
    now = Environment(system, obs.venv, lock, wrap=obs.inside)
    names = now.has_added() if added is None else list(added)
    # Ignore lock files that this version no longer has.
    locks = [
        path for path in (environment.LOCKS / f"{name}.lock" for name in names) if path.is_file()
    ]
    return Environment(system, obs.venv, lock, tuple(locks), obs.inside)


def choose_python(system: System, obs: ObsInstallation, asked: str | None) -> Interpreter:
    """Return the Python to build it with. Raises InstallError when none is suitable.

    OBS in a Flatpak starts its worker inside the sandbox, which has only its own Python.
    """
    if obs.kind != "flatpak":
        return interpreters.choose(system, asked)
    if asked is not None:
        raise InstallError("OBS from Flatpak uses the Flatpak's own Python: leave --python out.")
    python = interpreters.probe(system, obs.inside("python3"))
    reason = (
        "has no Python that runs"
        if python is None
        else interpreters.objection(system, python, pip_is_lent=True)
    )
    if python is None or reason:
        raise InstallError(
            f"The Python inside OBS's Flatpak does not do ({reason}): "
            "update OBS with `flatpak update` or use your distribution's package of it."
        )
    return python


def make(
    system: System, obs: ObsInstallation, python: Interpreter, added: tuple[str, ...] | None = None
) -> bool:
    """Build the environment unless it is complete; return whether it was built.

    Raises InstallError.
    """
    venv = of(system, obs, added)
    made = not venv.is_complete(python)
    if made:
        lent = None if python.ensurepip else _lend(system, obs.data / "pip")
        # A running OBS starts no worker in an environment that is half made.
        unfinished = obs.data / folders.UNFINISHED
        files.write_atomically(unfinished, b"")
        venv.make(python, obs.data / "logs" / "environment.log", lent)
        files.remove(unfinished)
        files.remove(obs.data / "pip")
    venv.add_product(obs.app / "obs_script")
    return made


def _lend(system: System, folder: Path) -> Path:
    wheel = environment.lend_pip(system, interpreters.choose(system, None), folder)
    if wheel is None:
        raise InstallError(
            "No pip was found for the Flatpak's Python: install your distribution's "
            "python3-venv (Debian and Ubuntu: `sudo apt-get install python3-venv`), then run again."
        )
    return wheel
