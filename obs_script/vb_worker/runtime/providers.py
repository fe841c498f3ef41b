"""Compute units: onnxruntime's execution providers, under names for users.

A provider with several devices is one unit per device: ``cuda``, ``cuda:1``, ``openvino:gpu``.
Providers that run on other machines (Azure's) are left out.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import onnxruntime

from vb_link import child, processor
from vb_worker.errors import ModelError

CPU = "CPUExecutionProvider"
_LOG_ERRORS_ONLY = 3
_DRIVER_SECONDS = 10.0


@dataclass(frozen=True)
class ComputeUnit:
    """One way to run a model: its name in settings, the title shown, onnxruntime's provider.

    ``options``: the provider's options, such as device and mode.
    """

    name: str
    title: str
    provider: str
    options: tuple[tuple[str, str], ...] = field(default=())


def _nvidia(name: str, maker: str, provider: str) -> list[ComputeUnit]:
    gpus = nvidia_gpus() or ("NVIDIA GPU",)
    return [
        ComputeUnit(
            name if index == 0 else f"{name}:{index}",
            f"{gpu} ({maker})",
            provider,
            (("device_id", str(index)),),
        )
        for index, gpu in enumerate(gpus)
    ]


def _openvino(provider: str) -> list[ComputeUnit]:
    try:
        found = onnxruntime.capi._pybind_state.get_available_openvino_device_ids()
    except (AttributeError, RuntimeError):
        found = ["CPU"]
    return [
        ComputeUnit(
            f"openvino:{device.lower()}",
            f"Intel {device} (OpenVINO)",
            provider,
            (("device_type", device),),
        )
        for device in found
    ]


def _directml(provider: str) -> list[ComputeUnit]:
    names = _device_names(provider) or ["GPU"]
    return [
        ComputeUnit(
            "directml" if index == 0 else f"directml:{index}",
            f"{text} (DirectML)",
            provider,
            (("device_id", str(index)),),
        )
        for index, text in enumerate(names)
    ]


def _coreml(provider: str) -> list[ComputeUnit]:
    ways = (("cpu", "CPU", "CPUOnly"), ("gpu", "CPU and GPU", "CPUAndGPU"),
            ("all", "CPU, GPU and Neural Engine", "ALL"))  # fmt: skip
    return [
        ComputeUnit(
            f"coreml:{name}",
            f"Apple {text} (Core ML)",
            provider,
            (("ModelFormat", "MLProgram"), ("MLComputeUnits", value)),
        )
        for name, text, value in ways
    ]


def _qnn(provider: str) -> list[ComputeUnit]:
    ways = (("npu", "NPU", "htp"), ("gpu", "GPU", "gpu"))
    return [
        ComputeUnit(f"qnn:{name}", f"Qualcomm {text} (QNN)", provider, (("backend_type", backend),))
        for name, text, backend in ways
    ]


_KNOWN: tuple[tuple[str, Callable[[str], list[ComputeUnit]]], ...] = (
    (CPU, lambda name: [ComputeUnit("cpu", "CPU", name)]),
    ("CUDAExecutionProvider", lambda name: _nvidia("cuda", "CUDA", name)),
    ("TensorrtExecutionProvider", lambda name: _nvidia("tensorrt", "TensorRT", name)),
    (
        "NvTensorRTRTXExecutionProvider",
        lambda name: _nvidia("tensorrt_rtx", "TensorRT RTX", name),
    ),
    (
        "MIGraphXExecutionProvider",
        lambda name: [ComputeUnit("migraphx", "AMD GPU (MIGraphX)", name)],
    ),
    ("ROCMExecutionProvider", lambda name: [ComputeUnit("rocm", "AMD GPU (ROCm)", name)]),
    ("DmlExecutionProvider", _directml),
    ("OpenVINOExecutionProvider", _openvino),
    ("CoreMLExecutionProvider", _coreml),
    ("QNNExecutionProvider", _qnn),
    ("XnnpackExecutionProvider", lambda name: [ComputeUnit("xnnpack", "CPU (XNNPACK)", name)]),
    ("WebGpuExecutionProvider", lambda name: [ComputeUnit("webgpu", "GPU (WebGPU)", name)]),
)


def available_units() -> list[ComputeUnit]:
    """Return the compute units that the installed onnxruntime offers, the CPU first."""
    offered = set(onnxruntime.get_available_providers())
    return [unit for name, units in _KNOWN if name in offered for unit in units(name)]


def find_unit(name: str) -> ComputeUnit:
    """Return the compute unit called ``name``. Raises ModelError, listing the available ones."""
    units = available_units()
    for unit in units:
        if unit.name == name:
            return unit
    there = ", ".join(unit.name for unit in units)
    raise ModelError("NoUnit", name=name, there=there)


def provider_list(unit: ComputeUnit, threads: int = 1) -> list[Any]:
    """Return the ``providers`` argument of onnxruntime's InferenceSession for a unit.

    ``threads``: for units that run on the CPU themselves.
    """
    if unit.provider == CPU:
        return [CPU]
    _preload()
    # The CPU is the fallback for operators that the unit lacks.
    options = dict(unit.options)
    if unit.name == "openvino:cpu":
        options["num_of_threads"] = str(threads)
    elif unit.name == "xnnpack":
        options["intra_op_num_threads"] = str(threads)
    return [(unit.provider, options), CPU]


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """Return session options for running beside a busy OBS: few threads that never spin."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = _LOG_ERRORS_ONLY
    return options


@lru_cache(maxsize=1)
def nvidia_gpus() -> tuple[str, ...]:
    """Return the names of the NVIDIA GPUs that nvidia-smi lists, by index."""
    return tuple(line for line in _nvidia_smi("name") if line)


@lru_cache(maxsize=1)
def driver() -> str:
    """Return what measured times depend on besides the model: runtime, drivers, processor."""
    parts = [f"onnxruntime {onnxruntime.__version__}", _processor()]
    parts += _nvidia_smi("driver_version")[:1]
    for name in sorted(onnxruntime.get_available_providers()):
        parts += [name, *(_device_names(name) or [])]
    return "; ".join(parts)


def _processor() -> str:
    """Return the processor's name and number of cores, as far as the system tells them."""
    name = os.environ.get("PROCESSOR_IDENTIFIER") or platform.machine()  # Windows has the former
    with contextlib.suppress(OSError):
        told = processor.CPUINFO.read_text(encoding="utf-8", errors="replace")
        names = [line.partition(":")[2].strip() for line in told.splitlines()
                 if line.startswith("model name")]  # fmt: skip
        name = names[0] if names else name
    return f"{name} ({os.cpu_count()})"


def _nvidia_smi(field_name: str) -> list[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        done = subprocess.run(
            [program, f"--query-gpu={field_name}", "--format=csv,noheader"],
            capture_output=True, timeout=_DRIVER_SECONDS, check=False, **child.TEXT, **child.QUIET,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in done.stdout.splitlines()] if done.returncode == 0 else []


def _device_names(provider: str) -> list[str]:
    """Return the names of a provider's devices; empty where onnxruntime does not list them."""
    try:
        devices = onnxruntime.get_ep_devices()
    except (AttributeError, RuntimeError):
        return []
    return [
        dict(device.device.metadata).get("Description") or str(device.device.vendor)
        for device in devices
        if device.ep_name == provider
    ]


@lru_cache(maxsize=1)
def _preload() -> None:
    # CUDA and cuDNN installed as Python packages are found only if they are preloaded.
    with contextlib.suppress(AttributeError, OSError, RuntimeError):
        onnxruntime.preload_dlls()
