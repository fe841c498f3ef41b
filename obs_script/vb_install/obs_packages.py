"""Installs OBS and what a headless machine needs to run it, by apt."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from vb_install import obs_installations
from vb_install.progress import Progress
from vb_install.system import InstallError, System

# package -> program that shows that it is already installed, by whatever means
_PACKAGES = {
    "obs-studio": "obs",
    "xvfb": "Xvfb",
    "xauth": "xauth",
    "libgl1-mesa-dri": "",
    "dbus": "dbus-daemon",
}
# What some tests need: without it they are skipped and say so.
TEST_TOOLS = {
    "gcc": "cc",
    "libc6-dev": "",
    "xdotool": "xdotool",
    "gdb": "gdb",
    "obs-move-transition": "",
    "glslang-tools": "glslangValidator",
    "spirv-tools": "spirv-opt",
    "qemu-user": "qemu-x86_64",
    # Window manager, and AT-SPI to read the names and positions of a window's rows (tests/by_hand).
    "openbox": "openbox",
    "at-spi2-core": "",
    "python3-gi": "",
    "gir1.2-atspi-2.0": "",
}
# Plugins that some tests load into their OBS beside ours.
PLUGINS = (
    "obs-source-clone",
    "obs-downstream-keyer",
    "obs-advanced-scene-switcher",
    "obs-advanced-scene-switcher-data",
    "obs-scene-collection-manager",
)
PLUGINS_VARIABLE = "OBS_TEST_PLUGINS"  # names their folder to the tests
_NEEDED = {"obs-studio": "OBS Studio", "xvfb": "Xvfb"}
_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")


def ensure(
    system: System, more: Sequence[str] = (), tools: Mapping[str, str] | None = None
) -> list[str]:
    """Install what is missing, with the packages ``more``; return what was installed.

    ``tools`` are optional packages such as :data:`TEST_TOOLS`.

    Raises InstallError with the one command to run if the rights to install are lacking.
    """
    if system.which("apt-get") is None or system.which("dpkg-query") is None:
        _refuse_without_apt(system)
        return []
    missing = [*_missing(system, {**_PACKAGES, **(tools or {})}), *more]
    if not missing:
        return []
    rights = _rights(system)
    if rights is None:
        wanted = f"apt-get update && {shlex.join([*_INSTALL, *missing])}"
        raise InstallError(
            f"These packages are missing and only root may install them; run\n"
            f"    sudo sh -c {shlex.quote(wanted)}\n"
            "and then this again."
        )
    quiet = [*rights, "env", "DEBIAN_FRONTEND=noninteractive"]
    with Progress(f"Installing {', '.join(missing)}") as progress:
        lines: list[str] = []

        def hear(line: str) -> None:
            lines.append(line)
            if line.startswith(("Get:", "Unpacking ", "Setting up ")):
                progress.note(line[:70])

        system.stream([*quiet, "apt-get", "update"], lines.append)  # an outdated list may still do
        code = system.stream([*quiet, *_INSTALL, *missing], hear)
        if code != 0:
            last = next((line for line in reversed(lines) if line.strip()), "no reason given")
            raise InstallError(
                f"apt-get could not install {', '.join(missing)} ({last}): "
                f"run `{shlex.join(['sudo', *_INSTALL, *missing])}` and mend what it says."
            )
    return missing


def fetch_plugins(system: System, folder: Path) -> list[str]:
    """Unpack this release's :data:`PLUGINS` into ``folder``; return those that apt lacks.

    They are not installed, as then every OBS would load them. Existing ones are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lacking = []
    for name in PLUGINS:
        done = folder / f"{name}.done"
        if done.exists():
            continue
        with tempfile.TemporaryDirectory() as passing:
            fetch = 'cd "$1" && apt-get download "$2" && dpkg-deb -x ./*.deb "$3"'
            command = ["sh", "-c", fetch, "sh", passing, name, str(folder)]
            if system.which("apt-get") and system.run(command, timeout=120).code == 0:
                done.touch()
            else:
                lacking.append(name)
    return lacking


def _missing(system: System, packages: Mapping[str, str]) -> list[str]:
    return [
        package
        for package, program in packages.items()
        if not (program and system.which(program)) and not _has_package(system, package)
    ]


def _has_package(system: System, package: str) -> bool:
    done = system.run(["dpkg-query", "-W", "-f", "${Status}", package])
    return done.code == 0 and "install ok installed" in done.out


def _rights(system: System) -> list[str] | None:
    if system.is_root():
        return []
    if system.which("sudo") and system.run(["sudo", "-n", "true"]).code == 0:
        return ["sudo", "-n"]
    return None


def _refuse_without_apt(system: System) -> None:
    if system.name != "linux":
        raise InstallError(
            "This drives an OBS of its own, which it can do on Linux only: here, "
            f"{obs_installations.how_to_get(system)}, then run install.py and add the filter "
            "in OBS."
        )
    absent = [package for package in _NEEDED if system.which(_PACKAGES[package]) is None]
    has_display = system.environment.get("DISPLAY") or system.environment.get("WAYLAND_DISPLAY")
    if has_display and "xvfb" in absent:
        absent.remove("xvfb")
    if absent:
        names = " and ".join(_NEEDED[package] for package in absent)
        raise InstallError(
            f"{names} must be installed first, with this system's package manager "
            f"(only apt is known here): {obs_installations.how_to_get(system)}, then run this "
            "again."
        )
