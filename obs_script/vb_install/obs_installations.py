"""Finds OBS, its configuration folder and the folder for our files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vb_install.system import InstallError, System
from vb_link import folders

FLATPAK_ID = "com.obsproject.Studio"


@dataclass(frozen=True)
class ObsInstallation:
    """One OBS of this user.

    ``config`` is its folder ``obs-studio``; ``data`` is the product's folder for it;
    ``program`` is where OBS was found, empty if only its configuration was; ``product`` is the
    folder its script is loaded from, None for the usual one.
    """

    kind: Literal["native", "flatpak", "windows", "macos"]
    config: Path
    data: Path
    program: str
    product: Path | None = None

    @property
    def scenes(self) -> Path:
        """The folder of the scene collections."""
        return self.config / "basic" / "scenes"

    @property
    def app(self) -> Path:
        """The folder that holds the product, where it is copied to unless OBS loads another."""
        return self.product or self.data / "app"

    @property
    def script(self) -> Path:
        """The script that the user would add in Tools > Scripts."""
        return self.app / "obs_script" / "virtual_background.py"

    @property
    def venv(self) -> Path:
        """The folder of the worker's environment."""
        return self.data / "venv"

    def inside(self, program: str) -> tuple[str, ...]:
        """Return the command that starts a program where this OBS's children run."""
        if self.kind == "flatpak":
            return ("flatpak", "run", f"--command={program}", FLATPAK_ID)
        return (program,)


def around_us(system: System, product: Path) -> ObsInstallation:
    """Return the OBS whose script, in the folder ``product``, started this process."""
    # Not "flatpak" even in OBS's Flatpak: all of this runs where the worker will.
    kinds: dict[str, Literal["native", "windows", "macos"]]
    kinds = {"linux": "native", "win32": "windows", "darwin": "macos"}
    return ObsInstallation(kinds[system.name], native_config(system), system.data, "", product)


def find(system: System, config: Path | None = None) -> list[ObsInstallation]:
    """Return every OBS of this user, or the one whose configuration folder is given.

    Raises InstallError when there is none.
    """
    if config is not None:
        return [_told(system, config.absolute())]
    if system.name == "win32":
        found = _if_any(system, "windows", _windows_program(system))
    elif system.name == "darwin":
        found = _if_any(system, "macos", _macos_program(system))
    else:
        found = [*_native_linux(system), *_flatpak(system)]
    if not found:
        raise InstallError(
            f"OBS Studio was not found: {how_to_get(system)}, start it once, then run this again "
            "(or name its configuration folder with --obs-config)."
        )
    return found


def how_to_get(system: System) -> str:
    """Return how to install OBS on this system."""
    if system.name == "linux":
        if system.which("apt-get"):
            return "install it with `sudo apt-get install obs-studio`"
        if system.which("dnf"):
            return "install it with `sudo dnf install obs-studio`"
        if system.which("pacman"):
            return "install it with `sudo pacman -S obs-studio`"
        return f"install it with your package manager or `flatpak install {FLATPAK_ID}`"
    return "install it from obsproject.com"


def flatpak_data(system: System) -> Path:
    """Return the product's folder for OBS's Flatpak, which is the same path in the sandbox."""
    return system.home / ".var" / "app" / FLATPAK_ID / "data" / folders.APP


def flatpak_config(system: System) -> Path:
    """Return the folder where OBS's Flatpak keeps its configuration."""
    return system.home / ".var" / "app" / FLATPAK_ID / "config" / "obs-studio"


def native_config(system: System) -> Path:
    """Return the folder where this system's OBS keeps its configuration."""
    if system.name == "win32":
        roaming = system.environment.get("APPDATA")
        return Path(roaming or system.home / "AppData" / "Roaming") / "obs-studio"
    if system.name == "darwin":
        return system.home / "Library" / "Application Support" / "obs-studio"
    base = system.environment.get("XDG_CONFIG_HOME")
    return Path(base or system.home / ".config") / "obs-studio"


def _told(system: System, config: Path) -> ObsInstallation:
    if not config.is_dir():
        raise InstallError(f"{config} is not a folder: give --obs-config OBS's own, `obs-studio`.")
    if (config / "obs-studio").is_dir():  # a portable OBS: its `config` folder was named
        config = config / "obs-studio"
    if system.name == "win32":
        return ObsInstallation("windows", config, system.data, _windows_program(system))
    if system.name == "darwin":
        return ObsInstallation("macos", config, system.data, _macos_program(system))
    if FLATPAK_ID in config.parts:
        return ObsInstallation("flatpak", config, flatpak_data(system), f"Flatpak {FLATPAK_ID}")
    return ObsInstallation("native", config, system.data, system.which("obs") or "")


def _native_linux(system: System) -> list[ObsInstallation]:
    config, program = native_config(system), system.which("obs")
    if program is None and (not config.is_dir() or _flatpak(system)):
        return []  # a configuration without a program may be left over from before the Flatpak
    return [ObsInstallation("native", config, system.data, program or "")]


def _flatpak(system: System) -> list[ObsInstallation]:
    if system.which("flatpak") is None:
        return []
    if system.run(["flatpak", "info", FLATPAK_ID]).code != 0:
        return []
    program = f"Flatpak {FLATPAK_ID}"
    return [ObsInstallation("flatpak", flatpak_config(system), flatpak_data(system), program)]


def _windows_program(system: System) -> str:
    folders = []
    for key in (r"SOFTWARE\OBS Studio", r"SOFTWARE\WOW6432Node\OBS Studio"):
        told = system.registry(key)
        if told:
            folders.append(Path(told))
    for variable in ("ProgramW6432", "ProgramFiles"):
        base = system.environment.get(variable)
        if base:
            folders.append(Path(base) / "obs-studio")
    steam = system.environment.get("ProgramFiles(x86)")
    if steam:
        folders.append(Path(steam) / "Steam" / "steamapps" / "common" / "OBS Studio")
    programs = [folder / "bin" / "64bit" / "obs64.exe" for folder in folders]
    return next((str(path) for path in programs if path.exists()), "")


def _macos_program(system: System) -> str:
    bundles = [base / "Applications" / "OBS.app" for base in (system.root, system.home)]
    return next((str(path) for path in bundles if path.exists()), "")


def _if_any(
    system: System, kind: Literal["windows", "macos"], program: str
) -> list[ObsInstallation]:
    config = native_config(system)
    if not program and not config.is_dir():
        return []
    return [ObsInstallation(kind, config, system.data, program)]
