"""Opening an ONNX file in onnxruntime, with errors of one sentence."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from vb_worker.errors import ModelError, first_line
from vb_worker.runtime import loaded, onnx_check
from vb_worker.runtime.providers import CPU, ComputeUnit, provider_list, session_options


def open_session(
    weights: bytes, path: Path, unit: ComputeUnit, threads: int
) -> onnxruntime.InferenceSession:
    """Return a session on a compute unit. Raises ModelError, which names ``path``."""
    onnx_check.check(weights, path)
    try:
        return onnxruntime.InferenceSession(
            weights, session_options(threads), providers=provider_list(unit, threads)
        )
    except Exception as error:  # onnxruntime's errors share no other base class
        wrong = loaded.elsewhere()
        if wrong:
            raise ModelError("WrongLibrary", files=", ".join(wrong)) from error
        raise ModelError("CannotLoad", path=path, reason=first_line(error)) from error


def plain_session(weights: bytes, path: Path) -> onnxruntime.InferenceSession:
    """Return a session on the CPU with one thread. Raises ModelError."""
    return open_session(weights, path, ComputeUnit("cpu", "CPU", CPU), 1)
