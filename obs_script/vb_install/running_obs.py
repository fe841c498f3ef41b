"""Finds a running OBS, which would overwrite our changes: it saves its scenes on exit."""

from __future__ import annotations

from pathlib import Path

from vb_install import obs_installations
from vb_install.obs_installations import ObsInstallation
from vb_install.system import InstallError, Process, System

_LINUX_NAMES = {"obs", "obs-studio", ".obs-wrapped"}
_CANNOT_TELL = (
    "Whether OBS is running could not be found out (`{}` failed): close OBS, mend that, run again."
)


def is_running(system: System, obs: ObsInstallation) -> bool:
    """Return whether an OBS that uses this configuration is running.

    Raises InstallError where that cannot be found out.
    """
    if system.name == "win32":
        return _on_windows(system)
    if system.name == "darwin":
        return _on_macos(system)
    return any(_uses(system, obs, process) for process in system.processes())


def refuse_while_running(system: System, obs: ObsInstallation) -> None:
    """Raise InstallError if an OBS that uses this configuration is running."""
    if is_running(system, obs):
        raise InstallError(
            "OBS is running and would overwrite its scene collections when it closes: "
            "close OBS, then run this again."
        )


def _uses(system: System, obs: ObsInstallation, process: Process) -> bool:
    if process.name not in _LINUX_NAMES:
        return False
    if process.environment is None or _is_told(system, obs):
        return True
    # Another OBS, such as the demo's, may have its configuration elsewhere.
    home = Path(process.environment.get("HOME") or system.home)
    base = Path(process.environment.get("XDG_CONFIG_HOME") or home / ".config")
    return (base / "obs-studio").resolve() == obs.config.resolve()


def _is_told(system: System, obs: ObsInstallation) -> bool:
    """Return whether the configuration is in none of the usual folders, e.g. a portable OBS's."""
    usual = (obs_installations.native_config(system), obs_installations.flatpak_config(system))
    return obs.config.resolve() not in [config.resolve() for config in usual]


def _on_windows(system: System) -> bool:
    done = system.run(["tasklist", "/FI", "IMAGENAME eq obs64.exe", "/FO", "CSV", "/NH"])
    if done.code != 0:
        raise InstallError(_CANNOT_TELL.format("tasklist"))
    return "obs64.exe" in done.out.lower()


def _on_macos(system: System) -> bool:
    done = system.run(["pgrep", "-x", "OBS"])
    if done.code not in (0, 1):
        raise InstallError(_CANNOT_TELL.format("pgrep"))
    return done.code == 0
