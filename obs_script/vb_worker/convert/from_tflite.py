"""TFLite segmentation networks to ONNX.

No maintained converter reads these files: they lack HARD_SWISH and MediaPipe's custom operator, or
need TensorFlow. This one supports the operators of published person networks and refuses any other
by name. Tensors of four dimensions are NHWC in TFLite and NCHW inside the ONNX graph; one transpose
at each end keeps the file's input and output in TFLite's layout. float16 weights become float32.
The result contains no date, path or tool name: the same input gives the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import tflite
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from vb_worker.convert.errors import ConversionError, refusing
from vb_worker.convert.onnx_writer import FLOAT, model_file

Array = NDArray[Any]

OPSET = 14  # the first with HardSwish

_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
}
_OPERATOR_NAMES = {
    number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)
}
_ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: None,
    tflite.ActivationFunctionType.RELU: "Relu",
    tflite.ActivationFunctionType.RELU6: "Clip",
}


@refusing("The TFLite file is damaged, or holds what is not covered")
def convert(data: bytes, name: str) -> bytes:
    """Return the ONNX file made from the TFLite file ``data``.

    ``name`` becomes the graph's name. Raises ConversionError for a damaged file and for an
    operator, type or option that is not supported.
    """
    return _Converter(data, name).run()


class _Converter:
    def __init__(self, data: bytes, name: str) -> None:
        self._model = tflite.Model.GetRootAsModel(data, 0)
        self._graph = self._model.Subgraphs(0)
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}
        self._constants: dict[int, Array] = {}
        self._convert_by_name: dict[str, Callable[[Any, list[int], int], None]] = {
            "DEQUANTIZE": self._dequantize,
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "Convolution2DTransposeBias": self._transposed,
            "TRANSPOSE_CONV": self._transpose_conv,
            "CONCATENATION": self._concatenation,
            "PAD": self._pad,
            "RESHAPE": self._reshape,
            "RELU": lambda _o, ins, out: self._node("Relu", [self._value(ins[0])], out),
            "RELU6": lambda _o, ins, out: self._node(
                "Clip", [self._value(ins[0]), *self._zero_to_six()], out
            ),
            "HARD_SWISH": lambda _o, ins, out: self._node("HardSwish", [self._value(ins[0])], out),
            "LOGISTIC": lambda _o, ins, out: self._node("Sigmoid", [self._value(ins[0])], out),
            "ADD": lambda o, ins, out: self._pairwise("Add", tflite.AddOptions, o, ins, out),
            "MUL": lambda o, ins, out: self._pairwise("Mul", tflite.MulOptions, o, ins, out),
            "SUB": lambda o, ins, out: self._pairwise("Sub", tflite.SubOptions, o, ins, out),
            "MEAN": self._mean,
            "AVERAGE_POOL_2D": self._average_pool,
            "RESIZE_BILINEAR": self._resize,
        }

    def run(self) -> bytes:
        (source,) = self._graph.InputsAsNumpy()
        (target,) = self._graph.OutputsAsNumpy()
        self._nodes.append(
            helper.make_node("Transpose", ["input"], [_label(source)], perm=[0, 3, 1, 2])
        )
        for index in range(self._graph.OperatorsLength()):
            operator = self._graph.Operators(index)
            name = self._operator_name(operator)
            handler = self._convert_by_name.get(name)
            if handler is None:
                raise ConversionError(f"operator {name} is not covered")
            (output,) = operator.OutputsAsNumpy()
            handler(operator, [int(i) for i in operator.InputsAsNumpy()], int(output))
        if len(self._shape(target)) == 4:
            last = helper.make_node("Transpose", [_label(target)], ["output"], perm=[0, 2, 3, 1])
        else:
            last = helper.make_node("Identity", [_label(target)], ["output"])
        self._nodes.append(last)
        return model_file(
            self._name,
            self._nodes,
            [("input", FLOAT, self._shape(source))],
            [("output", FLOAT, self._shape(target))],
            list(self._weights.values()),
            opset=OPSET,
        )

    # -- reading the TFLite file

    def _operator_name(self, operator: Any) -> str:
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        custom = code.CustomCode()
        if custom is not None:
            return str(custom.decode("ascii"))
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        return str(_OPERATOR_NAMES.get(number, number))

    def _shape(self, tensor: int) -> list[int]:
        return [int(size) for size in self._graph.Tensors(tensor).ShapeAsNumpy()]

    def _constant(self, tensor: int) -> Array:
        """Return a constant tensor of the file (float16 widened to float32)."""
        if tensor not in self._constants:
            info = self._graph.Tensors(tensor)
            buffer = self._model.Buffers(info.Buffer())
            if not buffer.DataLength():
                raise ConversionError(f"tensor {tensor} should be constant and is not")
            if info.Type() not in _DTYPES:
                raise ConversionError(f"tensor {tensor} has an element type that is not covered")
            values = np.frombuffer(buffer.DataAsNumpy().tobytes(), _DTYPES[info.Type()])
            values = values.reshape(self._shape(tensor))
            self._constants[tensor] = (
                values.astype(np.float32) if values.dtype == np.float16 else values
            )
        return self._constants[tensor]

    def _options(self, operator: Any, kind: Any) -> Any:
        options = kind()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    # -- writing the ONNX graph

    def _value(self, tensor: int) -> str:
        """Return the name of a computed tensor."""
        if tensor in self._constants or self._is_stored(tensor):
            raise ConversionError(f"constant tensor {tensor} is used where a computed one must be")
        return _label(tensor)

    def _is_stored(self, tensor: int) -> bool:
        return bool(self._model.Buffers(self._graph.Tensors(tensor).Buffer()).DataLength())

    def _weight(self, tensor: int, suffix: str, values: Array) -> str:
        name = f"{_label(tensor)}_{suffix}"
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def _node(self, kind: str, inputs: list[str], output: int, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [_label(output)], **attributes))

    def _activated(
        self, activation: int, kind: str, inputs: list[str], output: int, **attributes: Any
    ) -> None:
        """Add a node and, after it, the activation that is fused into TFLite's operator."""
        if activation not in _ACTIVATIONS:
            raise ConversionError(f"activation {activation} of {kind} is not covered")
        extra = _ACTIVATIONS[activation]
        if extra is None:
            self._node(kind, inputs, output, **attributes)
            return
        between = f"{_label(output)}_linear"
        self._nodes.append(helper.make_node(kind, inputs, [between], **attributes))
        limits = self._zero_to_six() if extra == "Clip" else []
        self._nodes.append(helper.make_node(extra, [between, *limits], [_label(output)]))

    def _zero_to_six(self) -> list[str]:
        for name, value in (("zero", 0.0), ("six", 6.0)):
            if name not in self._weights:
                self._weights[name] = numpy_helper.from_array(np.array(value, np.float32), name)
        return ["zero", "six"]

    def _operand(self, tensor: int) -> str:
        """Return the name of a tensor, computed or constant, for an elementwise operator."""
        if tensor not in self._constants and not self._is_stored(tensor):
            return _label(tensor)
        values = self._constant(tensor)
        if values.ndim == 4:
            values = values.transpose(0, 3, 1, 2)
        elif values.ndim == 1 and values.size > 1:
            values = values.reshape(1, -1, 1, 1)  # one value per channel
        elif values.size != 1:
            raise ConversionError(f"constant tensor {tensor} has a shape that is not covered")
        return self._weight(tensor, "values", values)

    # -- one method per operator

    def _dequantize(self, _operator: Any, inputs: list[int], output: int) -> None:
        # Only used for float16 weights: pass on the widened values, without a node.
        self._constants[output] = self._constant(inputs[0])

    def _convolution(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.Conv2DOptions)
        x, w, b = inputs
        kernel = self._constant(w)  # O kh kw I
        self._activated(
            options.FusedActivationFunction(),
            "Conv",
            [
                self._value(x),
                self._weight(w, "kernel", kernel.transpose(0, 3, 1, 2)),
                self._weight(b, "bias", self._constant(b)),
            ],
            output,
            kernel_shape=list(kernel.shape[1:3]),
            **self._window(options, x, output, kernel.shape[1:3]),
        )

    def _depthwise(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.DepthwiseConv2DOptions)
        x, w, b = inputs
        kernel = self._constant(w)  # 1 kh kw C
        if options.DepthMultiplier() != 1:
            raise ConversionError("depth multiplier other than 1 is not covered")
        self._activated(
            options.FusedActivationFunction(),
            "Conv",
            [
                self._value(x),
                self._weight(w, "kernel", kernel.transpose(3, 0, 1, 2)),
                self._weight(b, "bias", self._constant(b)),
            ],
            output,
            kernel_shape=list(kernel.shape[1:3]),
            group=int(kernel.shape[3]),
            **self._window(options, x, output, kernel.shape[1:3]),
        )

    def _window(self, options: Any, x: int, output: int, kernel: tuple[int, ...]) -> dict[str, Any]:
        """Return ONNX's strides, dilations and explicit pads for TFLite's window options."""
        strides = [options.StrideH(), options.StrideW()]
        dilations = [options.DilationHFactor(), options.DilationWFactor()]
        begin, end = [0, 0], [0, 0]
        if options.Padding() == tflite.Padding.SAME:
            for axis in (0, 1):
                size, out = self._shape(x)[axis + 1], self._shape(output)[axis + 1]
                reach = (kernel[axis] - 1) * dilations[axis] + 1
                total = max((out - 1) * strides[axis] + reach - size, 0)
                begin[axis], end[axis] = total // 2, total - total // 2
        return {"strides": strides, "dilations": dilations, "pads": begin + end}

    def _transposed(self, operator: Any, inputs: list[int], output: int) -> None:
        # MediaPipe's custom operator: options are padding (1 = SAME), stride_w, stride_h.
        padding, stride_w, stride_h = struct.unpack("<3i", operator.CustomOptionsAsNumpy())
        x, w, b = inputs
        kernel = self._constant(w)  # O kh kw I
        if padding != 1 or tuple(kernel.shape[1:3]) != (stride_h, stride_w):
            raise ConversionError("Convolution2DTransposeBias with overlap or padding")
        self._node(
            "ConvTranspose",
            [
                self._value(x),
                self._weight(w, "kernel", kernel.transpose(3, 0, 1, 2)),
                self._weight(b, "bias", self._constant(b)),
            ],
            output,
            kernel_shape=list(kernel.shape[1:3]),
            strides=[stride_h, stride_w],
        )

    def _transpose_conv(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.TransposeConvOptions)
        _, w, x = inputs[:3]
        kernel = self._constant(w)  # O kh kw I
        strides = [options.StrideH(), options.StrideW()]
        begin, end = [0, 0], [0, 0]
        for axis in (0, 1):
            size, out = self._shape(x)[axis + 1], self._shape(output)[axis + 1]
            # The full result is cropped to the output's size, evenly for SAME padding.
            extra = (size - 1) * strides[axis] + kernel.shape[axis + 1] - out
            if extra < 0:
                raise ConversionError("TRANSPOSE_CONV with an output larger than its reach")
            begin[axis], end[axis] = extra // 2, extra - extra // 2
        names = [self._value(x), self._weight(w, "kernel", kernel.transpose(3, 0, 1, 2))]
        if len(inputs) > 3:
            names.append(self._weight(inputs[3], "bias", self._constant(inputs[3])))
        self._node(
            "ConvTranspose", names, output,
            kernel_shape=list(kernel.shape[1:3]), strides=strides, pads=begin + end,
        )  # fmt: skip

    def _concatenation(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.ConcatenationOptions)
        axis = options.Axis() % 4
        if len(self._shape(output)) != 4:
            raise ConversionError("CONCATENATION of other than four dimensions is not covered")
        self._activated(
            options.FusedActivationFunction(),
            "Concat",
            [self._value(tensor) for tensor in inputs],
            output,
            axis={0: 0, 1: 2, 2: 3, 3: 1}[axis],
        )

    def _pad(self, _operator: Any, inputs: list[int], output: int) -> None:
        pads = self._constant(inputs[1])[[0, 3, 1, 2]]
        flat = np.concatenate([pads[:, 0], pads[:, 1]]).astype(np.int64)
        self._node("Pad", [self._value(inputs[0]), self._weight(output, "pads", flat)], output)

    def _reshape(self, _operator: Any, inputs: list[int], output: int) -> None:
        before, after = self._shape(inputs[0]), self._shape(output)
        if len(before) == 4 and before[3] != 1:
            raise ConversionError("RESHAPE of more than one channel is not covered")
        if len(after) == 4 and after[3] == 1:
            after = [after[0], 1, after[1], after[2]]
        elif len(after) == 4:
            raise ConversionError("RESHAPE into more than one channel is not covered")
        shape = self._weight(output, "shape", np.array(after, np.int64))
        self._node("Reshape", [self._value(inputs[0]), shape], output)

    def _pairwise(
        self, kind: str, options: Any, operator: Any, inputs: list[int], output: int
    ) -> None:
        activation = self._options(operator, options).FusedActivationFunction()
        self._activated(activation, kind, [self._operand(i) for i in inputs], output)

    def _mean(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.ReducerOptions)
        if sorted(self._constant(inputs[1]).ravel().tolist()) != [1, 2] or not options.KeepDims():
            raise ConversionError("MEAN over other axes than height and width")
        self._node("GlobalAveragePool", [self._value(inputs[0])], output)

    def _average_pool(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.Pool2DOptions)
        if [options.FilterHeight(), options.FilterWidth()] != self._shape(inputs[0])[1:3]:
            raise ConversionError("AVERAGE_POOL_2D over less than the whole picture")
        self._activated(
            options.FusedActivationFunction(),
            "GlobalAveragePool",
            [self._value(inputs[0])],
            output,
        )

    def _resize(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.ResizeBilinearOptions)
        if options.AlignCorners():
            mode = "align_corners"
        else:
            mode = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
        shape = self._shape(output)
        size = np.array([shape[0], shape[3], shape[1], shape[2]], np.int64)
        self._node(
            "Resize",
            [self._value(inputs[0]), "", "", self._weight(output, "size", size)],
            output,
            mode="linear",
            coordinate_transformation_mode=mode,
        )


def _label(tensor: int) -> str:
    return f"t{int(tensor)}"
