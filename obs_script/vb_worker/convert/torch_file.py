"""Reading the weights in a PyTorch file without PyTorch, and without running code from it.

Both formats are read: the zip archives of PyTorch 1.6 and newer and the older plain pickles
(described in the comments of torch/serialization.py). A pickle can call any function; only those
that build tensors are allowed.
"""

from __future__ import annotations

import collections
import io
import pickle
import struct
import zipfile
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_link import limits
from vb_worker.convert.errors import ConversionError

_DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "DoubleStorage": np.dtype("<f8"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ByteStorage": np.dtype("u1"),
}
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


class _Storage:
    """A tensor's data, filled in after the pickle was read."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.data = b""


class _Tensor:
    def __init__(
        self, storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
    ) -> None:
        self._of = (storage, offset, size, stride)

    def array(self) -> NDArray[Any]:
        storage, offset, size, stride = self._of
        flat = np.frombuffer(storage.data, storage.dtype)
        steps = [step * storage.dtype.itemsize for step in stride]
        reach = offset + sum((side - 1) * step for side, step in zip(size, stride)) + 1
        inside = len(size) == len(stride) and min((offset, *stride)) >= 0
        # A stride of 0 could expand a small file without limit.
        if not inside or min(size, default=1) < 1 or max(reach, prod(size)) > flat.size:
            raise ConversionError("The PyTorch file is damaged: a tensor is longer than its data.")
        view = np.lib.stride_tricks.as_strided(flat[offset:], size, steps)
        return np.array(view)


def _rebuild(storage: _Storage, offset: int, size: Any, stride: Any, *_: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError
    return _Tensor(storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)))


def _parameter(data: _Tensor, *_: Any) -> _Tensor:
    return data


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, encoding="utf-8")
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        allowed: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
            ("torch._utils", "_rebuild_parameter"): _parameter,
        }
        if module == "torch" and name in _DTYPES:
            return name
        if (module, name) not in allowed:
            raise ConversionError(
                f"The PyTorch file holds a {module}.{name}, not weights alone: save the model's "
                "state_dict, or export it to ONNX with PyTorch."
            )
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key = pid[:3]
        if key not in self.storages:
            self.storages[key] = _Storage(_DTYPES[str(kind)])
        return self.storages[key]


def read_weights(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors of a saved state_dict by name. Raises ConversionError."""
    try:
        found = _zipped(data) if data[:2] == b"PK" else _legacy(data)
    except ConversionError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise ConversionError("The file is not a PyTorch file that can be read.") from error
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not isinstance(found, dict):
        raise ConversionError("The PyTorch file holds no weights by name.")
    return {
        str(name).removeprefix("module."): value.array()
        for name, value in found.items()
        if isinstance(value, _Tensor)
    }


def _zipped(data: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        listing = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        root = listing[: -len("data.pkl")]
        if sum(member.file_size for member in archive.infolist()) > limits.MODEL_BYTES:
            raise ConversionError("The PyTorch file is too large once it is unpacked.")
        unpickler = _Unpickler(io.BytesIO(archive.read(listing)))
        found = unpickler.load()
        for key, storage in unpickler.storages.items():
            storage.data = archive.read(f"{root}data/{key}")
    return found


def _legacy(data: bytes) -> Any:
    file = io.BytesIO(data)
    if _Unpickler(file).load() != _LEGACY_MAGIC:
        raise ConversionError("The file is not a PyTorch file that can be read.")
    for _ in ("protocol version", "system"):
        _Unpickler(file).load()
    unpickler = _Unpickler(file)
    found = unpickler.load()
    keys = _Unpickler(file).load()
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        storage = unpickler.storages[key]
        storage.data = file.read(count * storage.dtype.itemsize)
    return found
