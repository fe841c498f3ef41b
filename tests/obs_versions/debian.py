"""Folders that hold a Debian with its OBS, made with debootstrap; commands run inside them.

A command runs in mount and process namespaces of its own: when it ends, everything it started
ends and nothing stays mounted. Needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vb_demo.child_guard import Guarded
from vb_install import obs_packages

MIRROR = "http://deb.debian.org/debian"
# suite -> the OBS it had when this was written
SUITES = {"bookworm": "29.0", "trixie": "30.2", "sid": "32.2"}
_PACKAGES = ("obs-studio", "xvfb", "xauth", "libgl1-mesa-dri", "dbus", "python3", "python3-venv",
             *obs_packages.TEST_TOOLS)  # fmt: skip
_CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
# What a network of this machine's own may need is handed on.
_HANDED_ON = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")
_ENTER = """
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mkdir -p "$1/root/.cache/pip"
mount --bind "$2" "$1/root/.cache/pip"
root=$1
shift 2
exec chroot "$root" "$@"
"""


class VersionsError(Exception):
    """The matrix cannot go on; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Debian:
    """One folder. ``suite`` is a name in :data:`SUITES`; ``cache`` holds what pip downloaded."""

    suite: str
    root: Path
    cache: Path

    @property
    def _complete(self) -> Path:
        return self.root.with_name(f"{self.suite}.complete")

    def make(self, mirror: str, log: Path) -> None:
        """Make it unless it is complete. Raises VersionsError."""
        if self._complete.exists():
            return
        if shutil.which("debootstrap") is None:
            raise VersionsError(
                "debootstrap is missing: install it (`apt-get install debootstrap`)."
            )
        shutil.rmtree(self.root, ignore_errors=True)
        with log.open("wb") as out:
            bootstrap = ["debootstrap", "--variant=minbase", "--include=ca-certificates",
                         self.suite, str(self.root), mirror]  # fmt: skip
            if subprocess.run(bootstrap, stdout=out, stderr=out, check=False).returncode != 0:
                raise VersionsError(f"debootstrap could not make Debian {self.suite}: see {log}.")
            install = ["apt-get", "install", "-y", "--no-install-recommends", *_PACKAGES]
            # A mirror may be a snapshot of some day past.
            update = ["apt-get", "-o", "Acquire::Check-Valid-Until=false", "update"]
            for command in (update, install):
                if self.run(command, out=out.fileno()) != 0:
                    raise VersionsError(f"`{' '.join(command)}` failed there: see {log}.")
        self._complete.touch()

    def run(
        self, command: Sequence[str], more: Mapping[str, str] | None = None, out: int | None = None
    ) -> int:
        """Run a command inside, in ``/product`` if there is one; return its exit status."""
        self.cache.mkdir(parents=True, exist_ok=True)
        for path in (Path("etc/resolv.conf"), Path("etc/hosts"), _CERTIFICATES):
            if Path("/", path).is_file() and (self.root / path).parent.is_dir():
                shutil.copyfile(Path("/", path), self.root / path)
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **{name: os.environ[name] for name in _HANDED_ON if name in os.environ},
            **(more or {}),
        }
        (self.root / "product").mkdir(exist_ok=True)
        inside = ["/usr/bin/env", "--chdir=/product", *command]
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child",
                 "sh", "-c", _ENTER, "sh", str(self.root), str(self.cache), *inside]  # fmt: skip
        inside_it = Guarded(
            enter, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
        try:
            return inside_it.process.wait()
        finally:
            inside_it.end()

    def copy_in(self, checkout: Path, files: Sequence[str]) -> None:
        """Put ``files`` of the checkout, and nothing else, into ``/product``."""
        product = self.root / "product"
        shutil.rmtree(product, ignore_errors=True)
        for name in files:
            target = product / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, target)
