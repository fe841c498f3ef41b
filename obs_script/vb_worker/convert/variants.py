"""Variants of an ONNX network: half precision, int8, a fixed size, raw bytes as its input.

Half precision and quantisation are done by onnxruntime's tools (which need onnx).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vb_worker.convert.errors import ConversionError, refusing
from vb_worker.convert.onnx_writer import drop_unused
from vb_worker.models.manifest import InputSpec

Array = NDArray[Any]
RAW = "pixels"


@refusing("The network cannot be halved")
def half(data: bytes) -> bytes:
    """Return the network in float16; its inputs and outputs keep their types."""
    from onnxruntime.transformers import float16  # noqa: PLC0415 - slow to import

    model = onnx.load_from_string(data)
    if all(weight.data_type != TensorProto.FLOAT for weight in model.graph.initializer):
        raise ConversionError("The network has no weights of 32 bits that could be halved.")
    made = float16.convert_float_to_float16(model, keep_io_types=True)
    return bytes(made.SerializeToString())


@refusing("The network cannot be quantised")
def int8(data: bytes, feeds: Sequence[dict[str, Array]]) -> bytes:
    """Return the network quantised to int8; ``feeds``: representative inputs, for calibration."""
    from onnxruntime import quantization  # noqa: PLC0415 - slow to import
    from onnxruntime.quantization import shape_inference  # noqa: PLC0415 - the same

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left: Iterator[dict[str, Array]] = iter(feeds)

        def get_next(self) -> dict[str, Array] | None:
            return next(self._left, None)

    logging.getLogger().setLevel(logging.ERROR)  # its warnings advise its own command line
    with tempfile.TemporaryDirectory() as folder:
        source, plain, target = (Path(folder) / name for name in ("a.onnx", "b.onnx", "c.onnx"))
        source.write_bytes(data)
        shape_inference.quant_pre_process(str(source), str(plain), skip_symbolic_shape=True)
        quantization.quantize_static(
            str(plain),
            str(target),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            # Other operators stay float: a sigmoid in 256 steps would lose the soft edge.
            op_types_to_quantize=["Conv", "ConvTranspose", "Gemm", "MatMul"],
        )
        return target.read_bytes()


@refusing("The network does not go with that size")
def fixed_size(data: bytes, spec: InputSpec) -> bytes:
    """Return the network with the picture's input set to the size in ``spec``."""
    model = onnx.load_from_string(data)
    value = _input(model, spec)
    wanted = _shape(spec)
    dims = value.type.tensor_type.shape.dim
    if len(dims) != len(wanted):
        raise ConversionError(f"The input has {len(dims)} dimensions, not {len(wanted)}.")
    before = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in dims]
    if any(old not in (0, side) for old, side in zip(before, wanted)):
        _scale_resizes(model, spec, before)
    for dim, side in zip(dims, wanted):
        dim.dim_value = side
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    made = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    return bytes(made.SerializeToString())


def _scale_resizes(model: onnx.ModelProto, spec: InputSpec, before: Sequence[int]) -> None:
    """Scale the sizes that Resize nodes hold, in a network made for the size ``before``."""
    old = before[spec.layout.index("H")], before[spec.layout.index("W")]
    stored = {weight.name: weight for weight in model.graph.initializer}
    resizes = [node for node in model.graph.node if node.op_type == "Resize"]
    for number, node in enumerate(resizes):
        sizes = node.input[3] if len(node.input) == 4 else ""
        if not sizes:
            continue  # scales, which fit any size
        if sizes not in stored or not all(old):
            raise ConversionError(f"The network takes one size only ({old[1]}x{old[0]}).")
        values = numpy_helper.to_array(stored[sizes]).copy()
        for axis, (side, wanted) in zip((2, 3), zip(old, (spec.height, spec.width))):
            scaled, rest = divmod(int(values[axis]) * wanted, side)
            if rest:
                raise ConversionError(
                    f"The network takes sides in other steps: {old[1]}x{old[0]} becomes "
                    f"{spec.width}x{spec.height} nowhere evenly."
                )
            values[axis] = scaled
        # It may be shared with a node of another size; empty scales are as good as none.
        name = f"vb_sizes_{number}"
        model.graph.initializer.append(numpy_helper.from_array(values, name))
        del node.input[1:]
        node.input.extend(["", "", name])
    drop_unused(model)


@refusing("The normalisation cannot be made part of the network")
def folded(data: bytes, spec: InputSpec) -> tuple[bytes, InputSpec]:
    """Return the network with the normalisation folded in (it takes 0..255), and its new input."""
    model = onnx.load_from_string(data)
    value = _input(model, spec)
    after = f"{value.name}_scaled"
    _feed_from(model, value.name, after)
    factor, offset = _affine(spec)
    nodes = [
        helper.make_node("Mul", [value.name, "vb_factor"], ["vb_product"]),
        helper.make_node("Add", ["vb_product", "vb_offset"], [after]),
    ]
    for name, values in (("vb_factor", factor), ("vb_offset", offset)):
        shaped = values.reshape(_channel_shape(spec)).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(shaped, name))
    _prepend(model, nodes)
    plain = replace(spec, scale=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    return _finished(model), plain


@refusing("The network cannot be made to take bytes")
def raw_input(
    data: bytes, spec: InputSpec, size: tuple[int, int] | None = None
) -> tuple[bytes, InputSpec]:
    """Return the network that takes RGBA bytes (1 x H x W x 4), and its new input.

    Colour order, scale, mean and std are one convolution of 1 x 1, exact at the borders too.
    ``size`` (width, height): the size of its pictures, which the graph then resizes.
    """
    model = onnx.load_from_string(data)
    value = _input(model, spec)
    width, height = size or (spec.width, spec.height)
    factor, offset = _affine(spec)
    kernel = np.zeros((3, 4, 1, 1), np.float32)
    for channel in range(3):
        source = channel if spec.colour == "RGB" else 2 - channel
        kernel[channel, source] = factor[channel]
    constants: dict[str, Array] = {"vb_kernel": kernel, "vb_bias": offset.astype(np.float32)}
    nodes = [
        helper.make_node("Cast", [RAW], ["vb_float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["vb_float"], ["vb_planes"], perm=[0, 3, 1, 2]),
    ]
    planes = "vb_planes"
    if (width, height) != (spec.width, spec.height):
        constants["vb_size"] = np.array([1, 4, spec.height, spec.width], np.int64)
        # Antialiased when shrinking, like the worker's resizing.
        nodes.append(
            helper.make_node(
                "Resize", [planes, "", "", "vb_size"], ["vb_resized"], mode="linear", antialias=1
            )
        )
        planes = "vb_resized"
        _need_opset(model, 18)
    after = f"{value.name}_scaled"
    made = helper.make_node("Conv", [planes, "vb_kernel", "vb_bias"], ["vb_scaled"])
    nodes.append(made)
    nodes += _in_layout(model, value.name, after, spec)
    for name, values in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    _prepend(model, nodes)
    picture = helper.make_tensor_value_info(RAW, TensorProto.UINT8, [1, height, width, 4])
    position = list(model.graph.input).index(value)
    rest = [tensor for tensor in model.graph.input if tensor.name != value.name]
    rest.insert(position, picture)
    del model.graph.input[:]
    model.graph.input.extend(rest)
    told = replace(
        spec, width=width, height=height, layout="NHWC", colour="RGBA", dtype="uint8",
        scale=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0),
        width_range=None, height_range=None, name=RAW if spec.name else "",
    )  # fmt: skip
    return _finished(model), told


def _in_layout(
    model: onnx.ModelProto, name: str, after: str, spec: InputSpec
) -> list[onnx.NodeProto]:
    """Return the nodes from NCHW planes to the network's input, and connect it to them."""
    users = [node for node in model.graph.node if name in node.input]
    first = users[0] if len(users) == 1 else None
    if spec.layout == "NHWC" and first is not None and first.op_type == "Transpose":
        perm = next(
            (list(attribute.ints) for attribute in first.attribute if attribute.name == "perm"), []
        )
        if perm == [0, 3, 1, 2]:
            # It would transpose back to NCHW at once: remove both transposes.
            target = first.output[0]
            model.graph.node.remove(first)
            _feed_from(model, target, "vb_scaled")
            return []
    _feed_from(model, name, after)
    if spec.layout == "NHWC":
        turn = helper.make_node("Transpose", ["vb_scaled"], [after], perm=[0, 2, 3, 1])
        return [turn]
    if spec.layout == "NCHW":
        return [helper.make_node("Identity", ["vb_scaled"], [after])]
    raise ConversionError("A network without a batch dimension cannot take raw bytes.")


def _affine(spec: InputSpec) -> tuple[Array, Array]:
    """Return factor and offset per colour: value * factor + offset."""
    std = np.array(spec.std)
    return 1.0 / (spec.scale * std), -np.array(spec.mean) / std


def _channel_shape(spec: InputSpec) -> list[int]:
    shape = [1] * len(spec.layout)
    shape[spec.layout.index("C")] = 3
    return shape


def _shape(spec: InputSpec) -> list[int]:
    sides = {"N": 1, "H": spec.height, "W": spec.width, "C": 4 if spec.colour == "RGBA" else 3}
    return [sides[letter] for letter in spec.layout]


def _input(model: onnx.ModelProto, spec: InputSpec) -> Any:
    stored = {weight.name for weight in model.graph.initializer}
    inputs = [tensor for tensor in model.graph.input if tensor.name not in stored]
    if spec.name:
        inputs = [tensor for tensor in inputs if tensor.name == spec.name]
    if not inputs:
        raise ConversionError("The network has no input for a picture.")
    if inputs[0].type.tensor_type.elem_type != TensorProto.FLOAT:
        raise ConversionError("The network's input is not of 32-bit numbers already.")
    return inputs[0]


def _feed_from(model: onnx.ModelProto, name: str, instead: str) -> None:
    for node in model.graph.node:
        for index, tensor in enumerate(node.input):
            if tensor == name:
                node.input[index] = instead


def _prepend(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *rest])


def _need_opset(model: onnx.ModelProto, least: int) -> None:
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx") and entry.version < least:
            upgraded = onnx.version_converter.convert_version(model, least)
            model.CopyFrom(upgraded)
            return


def _finished(model: onnx.ModelProto) -> bytes:
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
