"""Entering the sandbox: the worker drops network, files, other processes and excess memory.

Each part is a feature of the operating system and cannot be undone. A system that lacks one runs
without it; ``python -m vb_worker.sandbox`` (or ``sandbox_state``) reports which.
``OBS_VIRTUAL_BACKGROUND_SANDBOX=off`` in OBS's environment disables all of it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from vb_link import folders, limits
from vb_worker.sandbox import landlock, seccomp

VARIABLE = "OBS_VIRTUAL_BACKGROUND_SANDBOX"
PARTS = ("network", "files", "processes", "memory")

# Programs, libraries and their configuration; no user's files.
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys",
           "/nix", "/gnu", "/snap", "/app", "/run/opengl-driver", "/run/host")  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")
_GPU_DEVICES = ("nvidia*", "dri", "kfd", "dxg", "accel", "shm")
_GPUS = ("nvidia*", "dri/renderD*", "kfd", "dxg", "accel/*")  # any of these means a GPU

_MODPROBE_SECONDS = 10.0

_reasons: dict[str, str] = {}


def enter_command() -> None:
    """Drop access to the network and other processes: for commands that read untrusted pictures.

    Call it while the process is single-threaded.
    """
    if not _off():
        uses_gpu()  # creates its device files
    _reasons["processes"] = _off() or landlock.keep_apart() or _signals()
    enter_network()


def enter_network() -> None:
    """Drop access to the network."""
    _reasons["network"] = _off() or seccomp.refuse_network(local_sockets=uses_gpu())


def enter_memory() -> None:
    """Limit memory, unless a GPU driver may need more."""
    _reasons["memory"] = _off() or _memory()


def enter() -> None:
    """Drop access to the network, other processes, all files but the models and what runs them,
    and memory beyond a limit.

    For the worker and for trying models. Only ``folders.state_dir`` stays writable. Call it while
    the process is single-threaded.
    """
    if not _off():
        # Landlock's rules hold for existing folders: one that is made later is not allowed.
        for folder in (folders.state_dir(), folders.user_models_dir()):
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
    gpu = not _off() and uses_gpu()
    if gpu:
        _keep_drivers_files()
    # Open file descriptors are not restricted: the pipe and the shared memory keep working.
    _reasons["files"] = _off() or landlock.restrict(_readable(), _writable(gpu))
    _reasons["processes"] = _reasons["files"] or _signals()
    enter_network()
    enter_memory()


def state() -> dict[str, str]:
    """Return what is in force in this process: part -> "", or the reason why it is not."""
    return {part: _reasons.get(part, "not entered") for part in PARTS}


@lru_cache(maxsize=1)
def uses_gpu() -> bool:
    """Return whether there are a GPU and a provider for it; creates NVIDIA's device files.

    Without a GPU no device files are needed: OpenVINO then runs on the CPU.
    """
    if not has_gpu_provider():
        return False
    _make_devices()
    return any(True for name in _GPUS for _ in Path("/dev").glob(name))


def has_gpu_provider() -> bool:
    """Return whether the installed onnxruntime has more than the CPU, without importing it."""
    found = importlib.util.find_spec("onnxruntime")
    for folder in (found.submodule_search_locations or ()) if found else ():
        for path in Path(folder, "capi").glob("*onnxruntime_providers_*"):
            if "providers_shared" not in path.name:
                return True
    return False


def _off() -> str:
    return f"{VARIABLE} is off" if os.environ.get(VARIABLE, "").lower() == "off" else ""


def _signals() -> str:
    restricted = landlock.restricts_signals()
    return "" if restricted else "signals to other programs are restricted from Linux 6.12 on"


def _make_devices() -> None:
    """Run nvidia-modprobe, which creates the device files: CUDA could not do so in the sandbox."""
    program = shutil.which("nvidia-modprobe")
    if program is not None:
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                [program, "-u", "-c=0"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, timeout=_MODPROBE_SECONDS, check=False,
            )  # fmt: skip


def _keep_drivers_files() -> None:
    """Redirect the drivers' shader caches and temporary files to the worker's own folder.

    The user's caches are shared: a driver would run what another program left there.
    """
    caches = folders.state_dir().absolute() / "caches"
    temporary = caches.with_name("temporary")
    for folder in (caches, temporary):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    os.environ["XDG_CACHE_HOME"] = str(caches)
    os.environ["CUDA_CACHE_PATH"] = str(caches / "cuda")
    for name in ("MIOPEN_CUSTOM_CACHE_DIR", "MIOPEN_USER_DB_PATH"):
        os.environ[name] = str(caches / "miopen")
    os.environ["TMPDIR"] = str(temporary)


def _memory() -> str:
    if uses_gpu():
        return "a GPU's driver may need more"
    if not sys.platform.startswith("linux"):
        return "this system has no such limit"
    import resource  # noqa: PLC0415 - POSIX only

    try:
        _, highest = resource.getrlimit(resource.RLIMIT_DATA)
        limit = limits.WORKER_BYTES
        if highest != resource.RLIM_INFINITY:
            limit = min(limit, highest)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        # A core dump would contain pictures of the room.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _readable() -> Iterator[Path]:
    yield from map(Path, _SYSTEM)
    yield from (folders.PACKAGES, folders.models_dir(), folders.user_models_dir())
    yield from (Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent)
    yield from map(Path, sysconfig.get_paths().values())
    yield from _loaded()
    for path in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep):
        if path:
            yield Path(path)


def _loaded() -> Iterator[Path]:
    """Yield the folders of the shared libraries that this process has loaded."""
    with suppress(OSError):
        lines = Path("/proc/self/maps").read_text("utf-8", errors="replace").splitlines()
        found = {line.split(maxsplit=5)[5] for line in lines if " /" in line}
        yield from {Path(path).parent for path in found if ".so" in Path(path).name}


def _writable(gpu: bool) -> Iterator[Path]:
    yield folders.state_dir()
    yield from (Path("/dev", name) for name in _DEVICES)
    for name in _GPU_DEVICES if gpu else ():
        yield from Path("/dev").glob(name)


def sandbox_state() -> dict[str, str]:
    """Enter the sandbox, test each part, and return part -> "", or why it is not in force."""
    enter()
    found = state()
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM):
        found["network"] = found["network"] or "a socket could be opened all the same"
    if sys.platform.startswith("linux"):
        with suppress(OSError), Path(f"/proc/{os.getppid()}/mem").open("r+b"):
            found["processes"] = found["processes"] or "another one's memory opens all the same"
    probe = Path.home() / f".virtual-background-{os.getpid()}"
    with suppress(OSError):
        probe.touch()
        found["files"] = found["files"] or "a file could be written all the same"
        probe.unlink()
    return found
