"""Wine in a Debian of its own, and the drive C that the bench fills."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PREFIX = "/bench/prefix"
_ENTER = """
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --rbind /sys "$1/sys"  # without it Windows has no processors, and OpenCV's threads fail
root=$1
folder=$2
shift 2
exec chroot "$root" /usr/bin/env --chdir="$folder" "$@"
"""
# A crash ends the process; no prompts for .NET or a browser; Microsoft's compiler and C runtime.
_ENVIRONMENT = {
    "PATH": "/usr/lib/wine:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "WINEPREFIX": PREFIX,
    "WINEDEBUG": "-all",
    "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=;d3dcompiler_47,ucrtbase=n,b",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "PIP_USE_DEPRECATED": "legacy-certs",
}
# Root may write wherever the mode of a folder forbids it; without these rights it may not.
_NO_RIGHTS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
_HANDED_ON = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")


class BenchError(Exception):
    """The bench cannot go on; the message is one sentence that says what to do."""


class Wine:
    """``root`` is the folder of a Debian with Wine, ``display`` an X server's name.

    Each command runs in mount and process namespaces of its own: what it started ends with it.
    """

    def __init__(self, root: Path, display: str) -> None:
        self.root = root
        self.drive = root / PREFIX.lstrip("/") / "drive_c"
        self.environment = {
            **_ENVIRONMENT,
            "DISPLAY": display,
            "HOST_PYTHON": "C:/Python312",
            "OBS_VIRTUAL_BACKGROUND_DATA": "C:\\data",
            **{name: os.environ[name] for name in _HANDED_ON if name in os.environ},
        }

    def popen_in_debian(
        self, words: Sequence[str], folder: str = "/", **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a Linux command inside."""
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child",
                 "sh", "-c", _ENTER, "sh", str(self.root), folder, *words]  # fmt: skip
        return subprocess.Popen(enter, env=self.environment, **options)

    def popen(
        self, words: Sequence[str], folder: str = "C:/", **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a Windows program, which lies in ``folder`` or is named by its path.

        It may write only where Linux lets its user, as one of Windows without more rights.
        """
        # Wine must start on drive C: on Z: whatever reads /proc would find Linux's.
        inside = f"{PREFIX}/drive_c/{folder.removeprefix('C:/')}"
        return self.popen_in_debian([*_NO_RIGHTS, "wine64", *words], inside, **options)

    def run(
        self, words: Sequence[str], folder: str = "C:/", *, timeout: float = 600.0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a Windows program to its end. Raises BenchError where it takes too long."""
        return _finish(
            self.popen(words, folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT), timeout)  # fmt: skip

    def run_beside(self, words: Sequence[str], *, timeout: float = 600.0) -> str:
        """Run a Windows program whose standard input stays open; return what it prints.

        Raises BenchError where it takes too long.
        """
        process = self.popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        with process.stdin, process.stdout:
            told = process.stdout.read()
        if process.wait() and not timer.is_alive():
            raise BenchError(f"A command did not end within {timeout:.0f} s.")
        timer.cancel()
        return told.decode("utf-8", "replace")

    def run_in_debian(
        self, words: Sequence[str], folder: str = "/", *, timeout: float = 1800.0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a Linux command inside to its end. Raises BenchError where it takes too long."""
        return _finish(
            self.popen_in_debian(words, folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT), timeout)  # fmt: skip


def _finish(process: subprocess.Popen[bytes], timeout: float) -> subprocess.CompletedProcess[bytes]:
    try:
        told, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.wait()
        raise BenchError(f"A command did not end within {timeout:.0f} s.") from error
    return subprocess.CompletedProcess(process.args, process.returncode, told)
