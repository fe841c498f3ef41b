"""Optional parts of the worker's environment: other compute units, the converters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vb_install.system import InstallError, System

CONVERT = "convert"
CPU = "cpu"


@dataclass(frozen=True)
class Unit:
    """A build of onnxruntime: the systems it exists for, and what else it needs."""

    systems: tuple[str, ...]
    needs: str


# Each has a lock file of its name beside worker.lock.
UNITS = {
    "cuda": Unit(("linux", "win32"), "NVIDIA's driver (about 2 GB are downloaded)"),
    "directml": Unit(("win32",), "Windows 10 or newer"),
    "migraphx": Unit(("linux",), "ROCm"),
    "openvino": Unit(("linux", "win32"), "Intel's drivers for GPU and NPU"),
}
# The units in the ordinary build, by system.
_BUILT_IN = {"darwin": ("coreml",)}
CHOICES = (CPU, *UNITS, "coreml")


def wanted(
    system: System, *, compute: str | None, convert: bool, now: Iterable[str]
) -> tuple[str, ...]:
    """Return the additions that the environment shall have, sorted.

    ``now`` are its current ones: without ``compute`` its unit stays, and the converters always
    stay. Raises InstallError for a unit that this system cannot have.
    """
    kept = set(now)
    if compute is not None:
        there = [CPU, *_available(system)]
        if compute not in there:
            raise InstallError(
                f"There is no onnxruntime with {compute} for this system: "
                f"choose {', '.join(there)}."
            )
        kept = (kept - UNITS.keys()) | ({compute} & UNITS.keys())
    if convert:
        kept.add(CONVERT)
    return tuple(sorted(kept))


def _available(system: System) -> list[str]:
    built_in = list(_BUILT_IN.get(system.name, ()))
    return built_in + [name for name, unit in UNITS.items() if system.name in unit.systems]


def text_of(name: str) -> str:
    """Return a short description of an addition."""
    unit = UNITS.get(name)
    return f"onnxruntime with {name}; needs {unit.needs}" if unit else "the converters of models"
