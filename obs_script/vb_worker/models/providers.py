"""Compute units: what onnxruntime calls execution providers, under names a user reads."""

from __future__ import annotations

from dataclasses import dataclass

import onnxruntime

from vb_worker.models.errors import ModelError


@dataclass(frozen=True)
class ComputeUnit:
    """One way to run a model: the name in settings, the text shown, onnxruntime's name."""

    name: str
    title: str
    provider: str


# Providers that run elsewhere than on this machine (Azure's) are left out on purpose.
_KNOWN = (
    ComputeUnit("cpu", "CPU", "CPUExecutionProvider"),
    ComputeUnit("cuda", "NVIDIA GPU (CUDA)", "CUDAExecutionProvider"),
    ComputeUnit("tensorrt", "NVIDIA GPU (TensorRT)", "TensorrtExecutionProvider"),
    ComputeUnit("directml", "GPU (DirectML)", "DmlExecutionProvider"),
    ComputeUnit("coreml", "Apple GPU or Neural Engine (Core ML)", "CoreMLExecutionProvider"),
    ComputeUnit("openvino", "Intel CPU, GPU or NPU (OpenVINO)", "OpenVINOExecutionProvider"),
    ComputeUnit("rocm", "AMD GPU (ROCm)", "ROCMExecutionProvider"),
    ComputeUnit("migraphx", "AMD GPU (MIGraphX)", "MIGraphXExecutionProvider"),
)
_LOG_ERRORS_ONLY = 3


def available_units() -> list[ComputeUnit]:
    """Return the compute units that this onnxruntime offers, the CPU first."""
    offered = set(onnxruntime.get_available_providers())
    return [unit for unit in _KNOWN if unit.provider in offered]


def find_unit(name: str) -> ComputeUnit:
    """Return the compute unit called ``name``. Raises ModelError naming those there are."""
    units = available_units()
    for unit in units:
        if unit.name == name:
            return unit
    there = ", ".join(unit.name for unit in units)
    raise ModelError("NoUnit", name=name, there=there)


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """Return options for a session beside a busy OBS: few threads that never spin."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = _LOG_ERRORS_ONLY
    return options
