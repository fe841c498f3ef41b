"""Reading PyTorch's files without running what they hold."""

from __future__ import annotations

import io
import pickle
import random
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fuzz.mutate import damaged
from vb_worker.convert import (
    from_espnetv2,
    torch_file,
)
from vb_worker.convert.errors import ConversionError


class _Storage:
    """Pickles as PyTorch's storages do: by a persistent id."""

    def __init__(self, key: str, values: NDArray[np.float32]) -> None:
        self.key, self.values = key, values


class _FloatStorage:
    pass


def _rebuild_tensor_v2(*_: Any) -> None:
    raise AssertionError("only its name is written")


class _Tensor:
    def __init__(self, storage: _Storage, size: tuple[int, ...]) -> None:
        self.storage, self.size = storage, size

    def __reduce__(self) -> Any:
        stride = tuple(int(np.prod(self.size[axis + 1 :])) for axis in range(len(self.size)))
        return _rebuild_tensor_v2, (self.storage, 0, self.size, stride, False, OrderedDict())


_PythonPickler: Any = pickle._Pickler


class _Pickler(_PythonPickler):  # type: ignore[misc]
    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return "storage", _FloatStorage, obj.key, "cpu", obj.values.size
        return None

    def save_global(self, obj: Any, name: str | None = None) -> None:
        names = {_rebuild_tensor_v2: "torch._utils\n_rebuild_tensor_v2\n",
                 _FloatStorage: "torch\nFloatStorage\n"}  # fmt: skip
        if obj in names:
            self.write(pickle.GLOBAL + names[obj].encode())
            self.memoize(obj)
            return
        super().save_global(obj, name)


_Pickler.dispatch = {**_PythonPickler.dispatch, type: _Pickler.save_global,
                     type(_rebuild_tensor_v2): _Pickler.save_global}  # fmt: skip


def _pickled(value: Any) -> bytes:
    target = io.BytesIO()
    _Pickler(target, 2).dump(value)
    return target.getvalue()


VALUES = np.arange(6, dtype=np.float32)


def _zip_file(path: Path) -> bytes:
    storage = _Storage("0", VALUES)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", _pickled({"module.w": _Tensor(storage, (2, 3))}))
        archive.writestr("m/data/0", VALUES.tobytes())
    return path.read_bytes()


def _legacy_file() -> bytes:
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    data = b"".join(pickle.dumps(part, 2) for part in parts)
    data += _pickled({"w": _Tensor(_Storage("0", VALUES), (2, 3))})
    return data + pickle.dumps(["0"], 2) + struct.pack("<q", VALUES.size) + VALUES.tobytes()


def test_both_of_pytorchs_containers_are_read(tmp_path: Path) -> None:
    for data in (_zip_file(tmp_path / "a.pth"), _legacy_file()):
        (name,) = weights = torch_file.read_weights(data)
        assert name == "w"
        np.testing.assert_array_equal(weights["w"], VALUES.reshape(2, 3))


def test_a_pickle_cannot_run_anything(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    begin: list[Any] = [0x1950A86A20F9469CFC6C, 1001, {}]
    data = b"".join(pickle.dumps(part, 2) for part in begin)
    with pytest.raises(ConversionError, match="not weights alone"):
        torch_file.read_weights(data + pickle.dumps({"w": Evil()}, 2))
    assert not (tmp_path / "ran").exists()
    for broken in (b"", b"PK\x03\x04", b"something else"):
        with pytest.raises(ConversionError):
            torch_file.read_weights(broken)


def test_a_damaged_pytorch_file_is_refused(tmp_path: Path) -> None:
    rng = random.Random(1)
    for data in (_zip_file(tmp_path / "a.pth"), _legacy_file()):
        for _ in range(200):
            with pytest.raises(ConversionError) as caught:
                from_espnetv2.convert(damaged(data, rng), "m", width=256, height=256)
            assert "\n" not in str(caught.value)


def test_other_weights_than_espnetv2s_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="lacks the weights"):
        from_espnetv2.convert(_zip_file(tmp_path / "a.pth"), "m", width=256, height=256)
    with pytest.raises(ConversionError, match="steps of 16"):
        from_espnetv2.convert(b"", "m", width=250, height=256)
