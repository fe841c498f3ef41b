"""A small TFLite file, written here, answers the same as ONNX and, where it is, in LiteRT."""

from __future__ import annotations

import random
from typing import Any

import flatbuffers
import numpy as np
import onnxruntime
import pytest
import tflite
from numpy.typing import NDArray

from tests.fuzz.mutate import damaged
from vb_worker.convert import from_tflite
from vb_worker.convert.errors import ConversionError

Array = NDArray[Any]
Ops = tflite.BuiltinOperator
SIDE, CHANNELS = 9, 4


class _File:
    """A TFLite file being written: tensors with or without values, operators in order."""

    def __init__(self) -> None:
        self._builder = flatbuffers.Builder(1 << 16)
        self._buffers = [b""]
        self._tensors: list[int] = []
        self._codes: list[int] = []
        self._operators: list[int] = []

    def tensor(self, shape: list[int], values: Array | None = None) -> int:
        build = self._builder
        buffer = 0
        if values is not None:
            self._buffers.append(values.tobytes())
            buffer = len(self._buffers) - 1
        sides = build.CreateNumpyVector(np.array(shape, np.int32))
        name = build.CreateString(f"t{len(self._tensors)}")
        kinds = {"float32": tflite.TensorType.FLOAT32, "int32": tflite.TensorType.INT32}
        tflite.TensorStart(build)
        tflite.TensorAddShape(build, sides)
        tflite.TensorAddType(build, kinds[str(values.dtype) if values is not None else "float32"])
        tflite.TensorAddBuffer(build, buffer)
        tflite.TensorAddName(build, name)
        self._tensors.append(tflite.TensorEnd(build))
        return len(self._tensors) - 1

    def operator(self, code: int, inputs: list[int], output: int, options: Any = None) -> None:
        """``options`` is (kind number, function that writes them)."""
        build = self._builder
        written = options[1](build) if options else None
        ins = build.CreateNumpyVector(np.array(inputs, np.int32))
        outs = build.CreateNumpyVector(np.array([output], np.int32))
        if code not in self._codes:
            self._codes.append(code)
        tflite.OperatorStart(build)
        tflite.OperatorAddOpcodeIndex(build, self._codes.index(code))
        tflite.OperatorAddInputs(build, ins)
        tflite.OperatorAddOutputs(build, outs)
        if options:
            tflite.OperatorAddBuiltinOptionsType(build, options[0])
            tflite.OperatorAddBuiltinOptions(build, written)
        self._operators.append(tflite.OperatorEnd(build))

    def bytes(self, source: int, target: int) -> bytes:
        build = self._builder
        codes = []
        for code in self._codes:
            tflite.OperatorCodeStart(build)
            tflite.OperatorCodeAddDeprecatedBuiltinCode(build, min(code, 127))
            tflite.OperatorCodeAddBuiltinCode(build, code)
            tflite.OperatorCodeAddVersion(build, 1)
            codes.append(tflite.OperatorCodeEnd(build))
        data = [build.CreateByteVector(buffer) if buffer else 0 for buffer in self._buffers]
        buffers = []
        for vector in data:
            tflite.BufferStart(build)
            if vector:
                tflite.BufferAddData(build, vector)
            buffers.append(tflite.BufferEnd(build))
        ins = build.CreateNumpyVector(np.array([source], np.int32))
        outs = build.CreateNumpyVector(np.array([target], np.int32))
        tensors, operators = self._vector(self._tensors), self._vector(self._operators)
        tflite.SubGraphStart(build)
        tflite.SubGraphAddTensors(build, tensors)
        tflite.SubGraphAddInputs(build, ins)
        tflite.SubGraphAddOutputs(build, outs)
        tflite.SubGraphAddOperators(build, operators)
        graph = self._vector([tflite.SubGraphEnd(build)])
        all_codes, all_buffers = self._vector(codes), self._vector(buffers)
        tflite.ModelStart(build)
        tflite.ModelAddVersion(build, 3)
        tflite.ModelAddOperatorCodes(build, all_codes)
        tflite.ModelAddSubgraphs(build, graph)
        tflite.ModelAddBuffers(build, all_buffers)
        build.Finish(tflite.ModelEnd(build), b"TFL3")
        return bytes(build.Output())

    def _vector(self, offsets: list[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())


def _conv_options(stride: int, activation: int) -> Any:
    def write(build: Any) -> int:
        tflite.Conv2DOptionsStart(build)
        tflite.Conv2DOptionsAddPadding(build, tflite.Padding.SAME)
        tflite.Conv2DOptionsAddStrideH(build, stride)
        tflite.Conv2DOptionsAddStrideW(build, stride)
        tflite.Conv2DOptionsAddFusedActivationFunction(build, activation)
        tflite.Conv2DOptionsAddDilationHFactor(build, 1)
        tflite.Conv2DOptionsAddDilationWFactor(build, 1)
        return int(tflite.Conv2DOptionsEnd(build))

    return tflite.BuiltinOptions.Conv2DOptions, write


def _resize_options(align: bool) -> Any:
    def write(build: Any) -> int:
        tflite.ResizeBilinearOptionsStart(build)
        tflite.ResizeBilinearOptionsAddAlignCorners(build, align)
        return int(tflite.ResizeBilinearOptionsEnd(build))

    return tflite.BuiltinOptions.ResizeBilinearOptions, write


def _network(last: int = Ops.LOGISTIC) -> tuple[bytes, Array, Array]:
    """Return a file: a strided convolution with ReLU6, a resize, and ``last``; its weights."""
    rng = np.random.default_rng(3)
    kernel = rng.normal(0, 2, (CHANNELS, 3, 3, 3)).astype(np.float32)
    bias = rng.normal(0, 2, CHANNELS).astype(np.float32)
    file = _File()
    source = file.tensor([1, SIDE, SIDE, 3])
    weights = file.tensor(list(kernel.shape), kernel)
    offset = file.tensor([CHANNELS], bias)
    half = (SIDE + 1) // 2
    small = file.tensor([1, half, half, CHANNELS])
    size = file.tensor([2], np.array([SIDE, SIDE], np.int32))
    large = file.tensor([1, SIDE, SIDE, CHANNELS])
    target = file.tensor([1, SIDE, SIDE, CHANNELS])
    relu6 = tflite.ActivationFunctionType.RELU6
    file.operator(Ops.CONV_2D, [source, weights, offset], small, _conv_options(2, relu6))
    file.operator(Ops.RESIZE_BILINEAR, [small, size], large, _resize_options(True))
    file.operator(last, [large], target)
    return file.bytes(source, target), kernel, bias


def _by_hand(picture: Array, kernel: Array, bias: Array) -> Array:
    """Compute the network of ``_network`` with numpy alone."""
    padded = np.pad(picture[0], ((1, 1), (1, 1), (0, 0)))
    half = (SIDE + 1) // 2
    small = np.zeros((half, half, CHANNELS))
    for y in range(half):
        for x in range(half):
            window = padded[2 * y : 2 * y + 3, 2 * x : 2 * x + 3]
            small[y, x] = np.clip((kernel * window).sum((1, 2, 3)) + bias, 0, 6)
    at = np.linspace(0, half - 1, SIDE)
    low = np.minimum(at.astype(int), half - 2)
    part = (at - low)[:, None, None]
    rows = small[low] * (1 - part) + small[low + 1] * part
    part = (at - low)[None, :, None]
    large = rows[:, low] * (1 - part) + rows[:, low + 1] * part
    return np.asarray(1 / (1 + np.exp(-large)))


def test_a_converted_file_answers_as_computed_by_hand() -> None:
    data, kernel, bias = _network()
    made = from_tflite.convert(data, "small")
    assert made == from_tflite.convert(data, "small")  # no date, no path
    session = onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(5).normal(0, 1, (1, SIDE, SIDE, 3)).astype(np.float32)
    (answer,) = session.run(None, {"input": picture})
    expected = _by_hand(picture, kernel, bias)
    assert expected.std() > 0.05
    np.testing.assert_allclose(answer[0], expected, atol=1e-5)


@pytest.mark.posix("LiteRT is in Linux's tests alone")
def test_it_answers_as_litert_does() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    from vb_worker.convert.references import TfliteReference  # noqa: PLC0415 - optional

    data, kernel, bias = _network()
    reference = TfliteReference(data)
    assert reference.shape == [1, SIDE, SIDE, 3]
    picture = np.random.default_rng(5).normal(0, 1, (1, SIDE, SIDE, 3)).astype(np.float32)
    np.testing.assert_allclose(reference(picture)[0], _by_hand(picture, kernel, bias), atol=1e-5)


def test_a_damaged_file_is_refused_or_converted() -> None:
    data, _, _ = _network()
    rng = random.Random(1)
    cut = [data[: len(data) * part // 20] for part in range(20)]
    refused = 0
    for broken in (*cut, *(damaged(data, rng) for _ in range(300))):
        try:
            from_tflite.convert(broken, "small")
        except ConversionError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 50


def test_an_operator_that_is_not_covered_is_named() -> None:
    data, _, _ = _network(last=Ops.COS)
    with pytest.raises(ConversionError, match="operator COS is not covered"):
        from_tflite.convert(data, "small")
