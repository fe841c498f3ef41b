"""TorchScript files to ONNX, by PyTorch's exporter (PyTorch has to be installed)."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from vb_worker.convert.checking import compare, refuse_inexact
from vb_worker.convert.errors import ConversionError, refusing
from vb_worker.convert.onnx_writer import OPSET
from vb_worker.runtime.session import plain_session


def is_script(data: bytes) -> bool:
    """Return whether a PyTorch file is a TorchScript network (and not only weights)."""
    if data[:2] != b"PK":
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any("/code/" in name for name in archive.namelist())
    except Exception:  # zipfile may raise anything on a damaged archive
        return False


@refusing("PyTorch cannot export the network")
def convert(data: bytes, size: tuple[int, int], *, check: bool) -> bytes:
    """Return the ONNX file for pictures of ``size`` (width, height): 1 x 3 x H x W in.

    Raises ConversionError if PyTorch is missing or cannot export the network.
    """
    try:
        import torch  # noqa: PLC0415 - optional and large
    except ImportError as error:
        raise ConversionError(
            "PyTorch is not installed: `pip install torch` in the environment of this command."
        ) from error
    width, height = size
    example = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))
    target = io.BytesIO()
    network: Any = torch.jit.load(io.BytesIO(data), map_location="cpu").eval()
    with torch.no_grad():
        expected = network(example)
    torch.onnx.export(
        network, (example,), target,
        input_names=["input"], opset_version=OPSET, dynamo=False,
    )  # fmt: skip
    made = target.getvalue()
    if check:
        session = plain_session(made, Path("The result"))
        first = expected[0] if isinstance(expected, (tuple, list)) else expected
        got = session.run(None, {session.get_inputs()[0].name: example.numpy()})[0]
        found = compare(lambda _: first.numpy(), lambda _: np.asarray(got), [0])
        print(f"against PyTorch: {found}")
        refuse_inexact(found)
    return made
