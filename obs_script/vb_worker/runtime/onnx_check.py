"""Validating an ONNX file before onnxruntime reads it.

onnxruntime is native code that trusts files too much: a few bytes can refer to another file on the
disk (external data) or declare a tensor of terabytes. Here the file's Protocol Buffers are parsed
with every length checked (field numbers: onnx.proto of ONNX 1.20); files that exceed ``limits`` or
refer to others are refused. What only shows at run time, such as an endless loop, is left to
``quarantine``.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

from vb_link import bounded, limits
from vb_worker.errors import ModelError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_EXTERNAL = 1
# Bytes per element by TensorProto.DataType; for a string, of its std::string object.
_SIZES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 8: 32, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8,
          14: 8, 15: 16, 16: 2}  # fmt: skip
# Operators that read files, refused in any domain.
_REACHING_OUT = frozenset({"EPContext"})

Value = int | memoryview


class _Damaged(Exception):
    pass


def check(data: bytes, path: Path) -> None:
    """Raise ModelError, one sentence, unless ``data`` is an ONNX file within the limits.

    ``path`` is for the message.
    """
    try:
        _Walk(path).model(memoryview(data))
    except _Damaged as error:
        raise ModelError("ModelDamaged", path=path) from error


def read(path: Path) -> bytes:
    """Return a model file's bytes. Raises OSError and, where it is too large, ModelError."""
    try:
        return bounded.read(path, limits.MODEL_BYTES)
    except bounded.TooLargeError as error:
        largest = bounded.size_text(limits.MODEL_BYTES)
        raise ModelError("ModelTooLarge", path=path, what="bytes", limit=largest) from error


def load(path: Path) -> bytes:
    """Return a model file's bytes. Raises ModelError, one sentence, if they cannot be read."""
    try:
        return read(path)
    except OSError as error:
        raise ModelError("FileUnreadable", path=path, reason=error.strerror) from error


class _Walk:
    """The walk through one file, with running totals."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._nodes = 0
        self._tensors = 0
        self._tensor_bytes = 0

    def model(self, data: memoryview) -> None:
        graphs = []
        opsets = 0
        for field, value in _fields(data):
            if field == 7:
                graphs.append(_message(value))
            elif field == 8:
                opsets += 1
                self._opset(_message(value))
            elif field == 25:
                raise self._operators("functions of its own")
        if len(graphs) != 1 or not opsets:
            raise _Damaged
        self._graph(graphs[0], 1)

    def _opset(self, data: memoryview) -> None:
        domain, version = "", 0
        for field, value in _fields(data):
            if field == 1:
                domain = _text(value)
            elif field == 2:
                version = _number(value)
        # A file may import opsets that none of its nodes use.
        low, high = limits.OPSETS
        if domain in ("", "ai.onnx") and not low <= version <= high:
            raise ModelError(
                "ModelOpset", path=self._path, found=version, lowest=low, highest=high
            )  # fmt: skip

    def _graph(self, data: memoryview, depth: int) -> None:
        if depth > limits.GRAPH_DEPTH:
            raise self._too_large("graphs in graphs", limits.GRAPH_DEPTH)
        for field, value in _fields(data):
            if field == 1:
                self._node(_message(value), depth)
            elif field == 5:
                self._tensor(_message(value))
            elif field == 15:
                self._sparse(_message(value))
            elif field in (11, 12):
                self._value_info(_message(value))

    def _node(self, data: memoryview, depth: int) -> None:
        self._nodes += 1
        if self._nodes > limits.GRAPH_NODES:
            raise self._too_large("nodes", limits.GRAPH_NODES)
        for field, value in _fields(data):
            if field == 4 and _text(value) in _REACHING_OUT:
                raise self._operators(_text(value))
            if field == 7 and _text(value) not in limits.OPERATOR_DOMAINS:
                raise self._operators(_text(value))
            if field == 5:
                self._attribute(_message(value), depth)

    def _attribute(self, data: memoryview, depth: int) -> None:
        # Protocol Buffers merge a repeated singular field, so neither copy would be the real value.
        seen: set[int] = set()
        for field, value in _fields(data):
            if field in (5, 6, 22):
                if field in seen:
                    raise _Damaged
                seen.add(field)
            if field in (5, 10):
                self._tensor(_message(value))
            elif field in (6, 11):
                self._graph(_message(value), depth + 1)
            elif field in (22, 23):
                self._sparse(_message(value))

    def _tensor(self, data: memoryview) -> None:
        self._tensors += 1
        if self._tensors > limits.GRAPH_INITIALISERS:
            raise self._too_large("tensors", limits.GRAPH_INITIALISERS)
        sides: list[int] = []
        kind = 0
        for field, value in _fields(data):
            if field == 1:
                sides += _numbers(value)
            elif field == 2:
                kind = _number(value)
            elif field == 13 or (field == 14 and _number(value) == _EXTERNAL):
                raise ModelError("ModelElsewhere", path=self._path)
        self._space(sides, _SIZES.get(kind, 1))

    def _sparse(self, data: memoryview) -> None:
        sides: list[int] = []
        for field, value in _fields(data):
            if field in (1, 2):
                self._tensor(_message(value))
            elif field == 3:
                sides += _numbers(value)
        self._space(sides, 8)

    def _value_info(self, data: memoryview) -> None:
        """Check the shape of an input or output; a dynamic side may be any number."""
        sides = []
        for kind in _inside(data, 2):
            for tensor in _inside(kind, 1):
                for shape in _inside(tensor, 2):
                    for side in _inside(shape, 1):
                        sides += [_number(value) for field, value in _fields(side) if field == 1]
        self._space([max(side, 1) for side in sides if side >> 63 == 0], 4)

    def _space(self, sides: list[int], size: int) -> None:
        if any(side >> 63 for side in sides):  # negative
            raise _Damaged
        if len(sides) > limits.TENSOR_SIDES:
            raise self._too_large("sides of a tensor", limits.TENSOR_SIDES)
        needed = prod(sides) * size
        self._tensor_bytes += needed
        if self._tensor_bytes > limits.TENSOR_BYTES:
            raise self._too_large("bytes of tensors", bounded.size_text(limits.TENSOR_BYTES))

    def _too_large(self, what: str, limit: object) -> ModelError:
        return ModelError("ModelTooLarge", path=self._path, what=what, limit=limit)

    def _operators(self, name: str) -> ModelError:
        shown = name if name.isprintable() and len(name) <= 60 else "unreadable"
        return ModelError("ModelOperators", path=self._path, name=shown)


def _inside(data: memoryview, number: int) -> Iterator[memoryview]:
    for field, value in _fields(data):
        if field == number:
            yield _message(value)


def _fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield (field number, value) of a message. Raises _Damaged."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        field, wire = tag >> 3, tag & 7
        if wire == _BYTES:
            length, at = _varint(data, at)
            if length > end - at:
                raise _Damaged
            yield field, data[at : at + length]
            at += length
        elif wire == _VARINT:
            value, at = _varint(data, at)
            yield field, value
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
            if at > end:
                raise _Damaged
        else:
            raise _Damaged


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise _Damaged
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise _Damaged


def _message(value: Value) -> memoryview:
    if isinstance(value, int):
        raise _Damaged
    return value


def _number(value: Value) -> int:
    if not isinstance(value, int):
        raise _Damaged
    return value


def _numbers(value: Value) -> list[int]:
    """Return one number as a list, or those of a packed field."""
    if isinstance(value, int):
        return [value]
    found = []
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(number)
        if len(found) > limits.TENSOR_SIDES:
            break
    return found


def _text(value: Value) -> str:
    return bytes(_message(value)[:200]).decode("utf-8", "replace")
